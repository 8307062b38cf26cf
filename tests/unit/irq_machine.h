/* SPDX-License-Identifier: MIT */
/*
 * The machine of test_irq.c: models of the local APIC, of two I/O APICs and of the 8259s, a processor that takes what
 * they offer, and the hypervisor's code that drives them. Included once: it has that code in itself.
 */
#ifndef IRQ_MACHINE_H
#define IRQ_MACHINE_H

#include "unit.h"

#include <string.h>

#include <asm/irq.h>
#include <asm/madt.h>

/* --- The local APIC */

#define ASM_APIC_H /* its registers are in no memory here */
#define APIC_ISR   0x100
static bool have_apic, irr[256], isr[256], let_8259_in;
static uint32_t nmis;

static bool apic_is_on(void)
{
    return have_apic;
}

static uint32_t apic_id(void)
{
    return 5;
}

static uint32_t apic_read(uint32_t reg)
{
    uint32_t word = 0, first = (reg - APIC_ISR) / 0x10 * 32;

    for (uint32_t i = 0; i < 32; i++)
        word |= (uint32_t)isr[first + i] << i;
    return word;
}

static void level_ended(uint32_t vector);

static int highest(const bool *bits)
{
    int i = 255;

    while (i >= 0 && !bits[i])
        i--;
    return i;
}

static void apic_eoi(void)
{
    int vector = highest(isr);

    CHECK(vector >= 0, "nothing is in service");
    if (vector < 0)
        return;
    isr[vector] = false;
    level_ended(vector);
}

static void apic_accept_8259(bool accept)
{
    let_8259_in = accept;
}

static void apic_let_nmi_in(unsigned int lint, struct line_mode mode)
{
    nmis |= 1u << lint;
}

static void init_apic(void)
{
}

static void apic_spurious_interrupt(void)
{
}

static void apic_error_interrupt(void)
{
}

/* --- The code, and what it uses */

#include "../../xen/arch/x86/dev/irq.c"

#include "../../xen/arch/x86/dev/i8259.c"

static uint32_t read_reg(volatile uint32_t *regs, uint32_t reg);
static void write_reg(volatile uint32_t *regs, uint32_t reg, uint32_t value);
#include "../../xen/arch/x86/dev/io_apic.c"

struct cpu this_cpu;
static struct madt firmware;
static const char *madt_is_wrong;
static uint64_t now;

uint64_t system_time(void)
{
    return now;
}

void init_timer(struct timer *t, void (*function)(void *), void *data)
{
    *t = (struct timer){.function = function, .data = data};
}

void set_timer(struct timer *t, uint64_t expires)
{
    t->expires = expires;
    t->active = true;
}

const char *read_madt(struct madt *m, uint32_t cpu)
{
    *m = firmware;
    return madt_is_wrong;
}

void printk(const char *fmt, ...)
{
}

void log_at(enum log_level level, const char *fmt, ...)
{
}

static uint32_t timer_interrupts, kept;

void timer_interrupt(void)
{
    timer_interrupts++;
}

void enable_console_input(void)
{
}

void keep_frames(mfn_t first, mfn_t last)
{
    kept += last - first + 1;
}

void keep_ports(uint32_t first, uint32_t last)
{
}

/* --- I/O APICs: 82093AA data sheet, 3.2.4 */

#define PINS 24
static struct model {
    uint32_t base; /* what its first register reads as an address */
    uint32_t low[PINS], high[PINS];
    bool line[PINS];
    uint32_t version;
} models[2];

#define REMOTE_IRR 0x4000u

volatile void *map_device(uint64_t maddr, uint32_t size)
{
    for (uint32_t i = 0; i < 2; i++)
        if (models[i].base == maddr)
            return &models[i];
    return NULL;
}

static void deliver(struct model *m, uint32_t pin)
{
    CHECK((m->low[pin] & 0x700) || m->high[pin] == 5u << 24, "to another processor: %08x", m->high[pin]);
    irr[m->low[pin] & 0xFF] = true;
    if (m->low[pin] & ENTRY_LEVEL)
        m->low[pin] |= REMOTE_IRR;
}

static void look_at_level(struct model *m, uint32_t pin)
{
    if (m->line[pin] && (m->low[pin] & (ENTRY_LEVEL | ENTRY_MASKED | REMOTE_IRR)) == ENTRY_LEVEL)
        deliver(m, pin);
}

static void set_line(uint32_t gsi, bool on)
{
    struct model *m = &models[gsi / PINS];
    bool rises = on && !m->line[gsi % PINS];

    m->line[gsi % PINS] = on;
    if (rises && !(m->low[gsi % PINS] & (ENTRY_LEVEL | ENTRY_MASKED)))
        deliver(m, gsi % PINS);
    look_at_level(m, gsi % PINS);
}

static void level_ended(uint32_t vector)
{
    for (uint32_t i = 0; i < 2 * PINS; i++) {
        struct model *m = &models[i / PINS];

        if ((m->low[i % PINS] & 0xFF) == vector && m->low[i % PINS] & ENTRY_LEVEL) {
            m->low[i % PINS] &= ~REMOTE_IRR;
            look_at_level(m, i % PINS);
        }
    }
}

static uint32_t read_reg(volatile uint32_t *regs, uint32_t reg)
{
    struct model *m = (struct model *)regs;

    if (reg == REG_VERSION)
        return m->version;
    return reg & 1 ? m->high[(reg - 0x10) / 2] : m->low[(reg - 0x10) / 2];
}

static void write_reg(volatile uint32_t *regs, uint32_t reg, uint32_t value)
{
    struct model *m = (struct model *)regs;
    uint32_t pin = (reg - 0x10) / 2;

    if (reg & 1) {
        m->high[pin] = value;
        return;
    }
    m->low[pin] = (value & ~REMOTE_IRR) | (value & ENTRY_LEVEL ? m->low[pin] & REMOTE_IRR : 0);
    look_at_level(m, pin);
}

/* --- 8259s: data sheet, "operation command words" */

static struct pic {
    uint8_t irr, isr, imr, vector, init; /* init: initialisation words that are still to come */
    bool reads_isr, polled;
} pic[2];
static bool have_8259s;
static uint16_t elcr, asserted;

static int wants(const struct pic *p)
{
    for (int line = 0; line < 8 && !(p->isr >> line & 1); line++)
        if (p->irr & ~p->imr & 1 << line)
            return line;
    return -1;
}

/* The second one asks through line 2 of the first one. */
static void cascade(void)
{
    if (wants(&pic[1]) >= 0)
        pic[0].irr |= 1 << CASCADE;
    else
        pic[0].irr &= ~(1 << CASCADE);
}

static int accept(unsigned int n)
{
    int line = wants(&pic[n]);

    if (line < 0)
        return -1;
    pic[n].isr |= 1 << line;
    if (!((elcr & asserted) >> (n * 8 + line) & 1))
        pic[n].irr &= ~(1 << line);
    cascade();
    return line;
}

static void raise(unsigned int line)
{
    asserted |= 1 << line;
    pic[line / 8].irr |= 1 << line % 8;
    cascade();
}

static void drop(unsigned int line)
{
    asserted &= ~(1 << line);
    pic[line / 8].irr &= ~(1 << line % 8);
    cascade();
}

uint8_t inb(uint16_t port)
{
    struct pic *p = &pic[port >= PIC2 && port < ELCR];

    if (port == ELCR || port == ELCR + 1)
        return elcr >> 8 * (port - ELCR);
    if (!have_8259s)
        return 0xFF;
    if (port & 1)
        return p->imr;
    if (p->polled) {
        int line = accept(p - pic);

        p->polled = false;
        return line < 0 ? 0 : 0x80 | line;
    }
    return p->reads_isr ? p->isr : p->irr;
}

static void command(struct pic *p, uint8_t value)
{
    if (value & 0x10) {
        *p = (struct pic){.isr = p->isr, .init = 3}; /* not said to be cleared */
        return;
    }
    if ((value & 0x18) == 0x08) {
        p->polled = value & 4;
        if (value & 2)
            p->reads_isr = value & 1;
        return;
    }
    CHECK(value == 0x20, "command %02x", value);
    CHECK(p->isr || !have_8259s, "nothing is in service");
    p->isr &= p->isr - 1; /* the highest priority has the lowest number */
    cascade();
}

void outb(uint16_t port, uint8_t value)
{
    struct pic *p = &pic[port >= PIC2];

    if (!(port & 1))
        command(p, value);
    else if (p->init) {
        if (p->init-- == 3)
            p->vector = value;
    } else {
        p->imr = value;
        cascade();
    }
}

/* --- The processor */

static void interrupt(uint32_t vector)
{
    struct cpu_user_regs regs = {.entry_vector = vector};

    do_irq(&regs);
}

static void spurious_8259(unsigned int n)
{
    if (n)
        pic[0].isr |= 1 << CASCADE; /* the first one has seen the second one ask */
    interrupt(pic[n].vector + 7);
}

/* Takes what waits, until nothing does. */
static void run(void)
{
    for (unsigned int i = 0; i < 100; i++) {
        int vector = highest(irr), line = wants(&pic[0]);

        if (vector >= 0 && vector >> 4 > highest(isr) >> 4) {
            irr[vector] = false;
            isr[vector] = true;
            interrupt(vector);
        } else if (line >= 0 && (!have_apic || let_8259_in)) {
            accept(0);
            line = line == CASCADE ? accept(1) + 8 : line;
            interrupt(pic[line / 8].vector + line % 8);
        } else
            return;
    }
    CHECK(false, "it never stops");
}

static uint32_t came[MAX_IRQS];

static void count(unsigned int irq)
{
    came[irq]++;
}

static void mask_and_count(unsigned int irq)
{
    came[irq]++;
    mask_irq(irq);
}

static bool idle(void)
{
    return highest(isr) < 0 && !pic[0].isr && !pic[1].isr;
}

/* --- The machine: two I/O APICs, of which firmware has left some pins on, and 8259s. */

static void machine(void)
{
    memset(irr, 0, sizeof(irr));
    memset(isr, 0, sizeof(isr));
    memset(pic, 0, sizeof(pic));
    memset(models, 0, sizeof(models));
    memset(came, 0, sizeof(came));
    memset(irqs, 0, sizeof(irqs));
    memset(pins, 0, sizeof(pins));
    for (uint32_t i = 0; i < NR_VECTORS; i++)
        vector_irq[i] = NO_IRQ;
    masked = 0xFFFF & ~(1u << CASCADE);
    nr_gsis = NR_8259_LINES;
    nr_io_apics = elcr = asserted = timer_interrupts = kept = nmis = 0;
    have_apic = have_8259s = opt_io_apic = true;
    let_8259_in = false;
    madt_is_wrong = NULL;
    memset(&firmware, 0, sizeof(firmware));
    for (uint32_t line = 0; line < ISA_LINES; line++)
        firmware.isa[line].gsi = line;
    firmware.isa[0].gsi = 2;
    firmware.isa[0].given = true;
    firmware.isa[9].mode.level = firmware.isa[9].given = true;
    firmware.nr_io_apics = 2;
    for (uint32_t i = 0; i < 2; i++) {
        models[i].base = firmware.io_apic[i].address = 0xFEC00000 + i * 0x1000;
        models[i].version = (PINS - 1) << 16 | 0x20;
        firmware.io_apic[i].gsi_base = i * PINS;
        models[i].low[3] = 0x31;
        models[i].low[5] = 0x32 | ENTRY_LEVEL | REMOTE_IRR;
    }
}

static void with_8259(void)
{
    opt_io_apic = false;
    init_irqs();
}

#endif
