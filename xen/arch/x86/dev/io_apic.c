/* SPDX-License-Identifier: MIT */
/* The I/O APICs: asm/io_apic.h. */
#include <asm/apic.h>
#include <asm/device_map.h>
#include <asm/io_apic.h>
#include <xen/lib.h>

/* Registers are reached by an index and a window. */
#define INDEX  0
#define WINDOW 4 /* in words: 0x10 */
#define SPAN   0x20

#define REG_VERSION    0x01
#define REG_ENTRY(pin) (0x10 + 2 * (pin)) /* low word; the high one follows */
#define MAX_PINS       240

/* A redirection entry's low word, beside the vector. The high word's top byte is the destination. */
#define ENTRY_DELIVERY  0x00700u
#define ENTRY_SMI       0x00200u
#define ENTRY_NMI       0x00400u
#define ENTRY_LOW       0x02000u
#define ENTRY_LEVEL     0x08000u
#define ENTRY_MASKED    0x10000u
#define MAX_DESTINATION 0xFEu

static struct io_apic {
    volatile uint32_t *regs;
    uint32_t address, gsi_base, pins;
} io_apics[MAX_IO_APICS];
static unsigned int nr_io_apics;

static struct pin {
    volatile uint32_t *regs;
    uint8_t number; /* of its I/O APIC's */
    uint32_t entry; /* the low word as it is, */
} pins[MAX_GSIS];

#ifndef UNIT_TEST
static uint32_t read_reg(volatile uint32_t *regs, uint32_t reg)
{
    regs[INDEX] = reg;
    return regs[WINDOW];
}

static void write_reg(volatile uint32_t *regs, uint32_t reg, uint32_t value)
{
    regs[INDEX] = reg;
    regs[WINDOW] = value;
}
#endif

static inline void write_entry(const struct pin *p)
{
    write_reg(p->regs, REG_ENTRY(p->number), p->entry);
}

/* --- The chip */

static void mask_pin(unsigned int gsi)
{
    pins[gsi].entry |= ENTRY_MASKED;
    write_entry(&pins[gsi]);
}

static void unmask_pin(unsigned int gsi)
{
    struct pin *p = &pins[gsi];

    if (!assign_vector(gsi))
        return; /* hundreds of devices */
    p->entry = (p->entry & ~(ENTRY_MASKED | 0xFF)) | irq_vector(gsi);
    write_entry(p);
}

const struct irq_chip chip_io_apic = {mask_pin, unmask_pin};

static void start_pin(unsigned int gsi, struct line_mode mode)
{
    pins[gsi].entry = ENTRY_MASKED | (mode.level ? ENTRY_LEVEL : 0) | (mode.low ? ENTRY_LOW : 0);
    write_entry(&pins[gsi]);
    add_irq(gsi, &chip_io_apic, mode.level);
}

void set_pin_mode(unsigned int gsi, struct line_mode mode)
{
    if (irq_chip_of(gsi) == &chip_io_apic)
        start_pin(gsi, mode);
}

/* --- At boot */

static const char *__init find(const struct madt *m, uint32_t i)
{
    struct io_apic *a = &io_apics[i];
    uint32_t version;

    *a = (struct io_apic){.address = m->io_apic[i].address, .gsi_base = m->io_apic[i].gsi_base};
    a->regs = map_device(a->address, SPAN);
    if (!a->regs)
        return "an I/O APIC cannot be mapped";
    version = read_reg(a->regs, REG_VERSION);
    if (version == 0xFFFFFFFF || !version)
        return "there is no I/O APIC where one is said to be";
    a->pins = (version >> 16 & 0xFF) + 1;
    if (a->pins > MAX_PINS || a->gsi_base + a->pins > MAX_GSIS)
        return "an I/O APIC has too many pins";
    for (uint32_t other = 0; other < i; other++)
        if (a->gsi_base < io_apics[other].gsi_base + io_apics[other].pins &&
            io_apics[other].gsi_base < a->gsi_base + a->pins)
            return "the interrupts of two I/O APICs overlap";
    return NULL;
}

/* What raises SMIs stays firmware's, whatever the MADT says of it: nobody else gets it. */
static bool __init is_firmwares(const struct io_apic *a, uint32_t pin)
{
    return (read_reg(a->regs, REG_ENTRY(pin)) & ENTRY_DELIVERY) == ENTRY_SMI;
}

/* Firmware may have left pins on, or in the middle of a level-triggered interrupt: an edge-triggered entry forgets
 * that. */
static void __init mask_pins(const struct io_apic *a)
{
    for (uint32_t pin = 0; pin < a->pins; pin++)
        if (!is_firmwares(a, pin)) {
            write_reg(a->regs, REG_ENTRY(pin), ENTRY_MASKED);
            write_reg(a->regs, REG_ENTRY(pin) + 1, apic_id() << 24);
        }
}

/* The ISA's lines tell by edges, high, and those of PCI by a level, low, unless something else is said. */
static void __init take_pins(const struct io_apic *a)
{
    for (uint32_t pin = 0; pin < a->pins; pin++) {
        uint32_t gsi = a->gsi_base + pin;
        bool pci = gsi >= ISA_LINES;

        nr_gsis = MAX(nr_gsis, gsi + 1);
        if (is_firmwares(a, pin))
            continue;
        pins[gsi] = (struct pin){.regs = a->regs, .number = pin};
        start_pin(gsi, (struct line_mode){.level = pci, .low = pci});
    }
}

static void __init set_nmi(uint32_t gsi, struct line_mode mode)
{
    if (!pins[gsi].regs)
        return;
    remove_irq(gsi); /* nobody can have it */
    pins[gsi].entry = ENTRY_NMI | (mode.low ? ENTRY_LOW : 0);
    write_entry(&pins[gsi]);
}

const char *__init init_io_apics(const struct madt *m)
{
    const char *why = NULL;

    if (!m->nr_io_apics)
        return "it has no I/O APIC";
    if (apic_id() > MAX_DESTINATION)
        return "the processor's id is higher than they can name";
    for (nr_io_apics = 0; nr_io_apics < m->nr_io_apics && !why; nr_io_apics++) {
        why = find(m, nr_io_apics);
        if (!why)
            mask_pins(&io_apics[nr_io_apics]);
    }
    if (why) {
        nr_io_apics = 0;
        return why;
    }
    for (uint32_t i = 0; i < nr_io_apics; i++)
        take_pins(&io_apics[i]);
    for (uint32_t line = 0; line < ISA_LINES; line++)
        if (m->isa[line].given)
            set_pin_mode(m->isa[line].gsi, m->isa[line].mode);
    for (uint32_t i = 0; i < m->nr_nmis; i++)
        set_nmi(m->nmi[i].gsi, m->nmi[i].mode);
    return NULL;
}

/* --- For domain 0 */

int io_apic_at(uint32_t address)
{
    for (unsigned int i = 0; i < nr_io_apics; i++)
        if (io_apics[i].address == address)
            return i;
    return -1;
}

uint32_t io_apic_read(unsigned int index, uint8_t reg)
{
    return read_reg(io_apics[index].regs, reg);
}

int io_apic_pin(unsigned int index, uint8_t reg)
{
    const struct io_apic *a = &io_apics[index];

    return reg >= REG_ENTRY(0) && reg < REG_ENTRY(a->pins) ? (int)(a->gsi_base + (reg - REG_ENTRY(0)) / 2) : -1;
}
