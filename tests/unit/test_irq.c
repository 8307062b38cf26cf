/* SPDX-License-Identifier: MIT */
/*
 * Interrupts by number (xen/arch/x86/dev/irq.c) on models of the controllers: two 8259s, I/O APICs and a local APIC,
 * made after their data sheets. A line that is raised goes through the model's masks, request and service bits, so a
 * missing or a wrong end of interrupt shows as one that never comes again.
 *
 * Proves: nothing is let in at boot, whatever firmware left; edges and levels come once, and levels again while they
 * stay; what nobody handles is masked; vectors are distinct, and never those that guests enter by; a request that the
 * processor has overlooked is found; spurious ones are told from others.
 */
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
        *p = (struct pic){.init = 3};
        return;
    }
    if ((value & 0x18) == 0x08) {
        p->polled = value & 4;
        if (value & 2)
            p->reads_isr = value & 1;
        return;
    }
    CHECK(value == 0x20, "command %02x", value);
    CHECK(p->isr, "nothing is in service");
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

/* --- Tests */

static void quiet_at_boot(void)
{
    init_irqs();
    CHECK(nr_gsis == 2 * PINS && kept == 2 && !let_8259_in);
    for (uint32_t gsi = 0; gsi < nr_gsis; gsi++) {
        CHECK((models[gsi / PINS].low[gsi % PINS] & (ENTRY_MASKED | REMOTE_IRR)) == ENTRY_MASKED, "pin %u", gsi);
        set_line(gsi, true);
    }
    for (uint32_t line = 0; line < 16; line++)
        raise(line);
    CHECK(highest(irr) < 0 && wants(&pic[0]) < 0, "something is let in");
}

static void edges(void)
{
    init_irqs();
    CHECK(isa_irq(0) == 2 && isa_irq(4) == 4 && !irq_is_level(2) && irq_is_level(9) && irq_is_level(20));
    CHECK(set_irq_handler(2, count) && !set_irq_handler(2, mask_and_count), "two handlers");
    unmask_irq(2);
    for (uint32_t i = 1; i <= 3; i++) {
        set_line(2, true);
        set_line(2, false);
        run();
        CHECK(came[2] == i && idle(), "%u", came[2]);
    }
    CHECK(set_irq_handler(2, NULL));
    set_line(2, true);
    run();
    CHECK(came[2] == 3, "a handler that is gone");
}

static void levels(void)
{
    init_irqs();
    CHECK(set_irq_handler(30, mask_and_count) && set_irq_handler(31, mask_and_count));
    unmask_irq(30);
    unmask_irq(31);
    set_line(30, true);
    run();
    CHECK(came[30] == 1 && idle(), "%u", came[30]);
    set_line(31, true);
    run();
    CHECK(came[31] == 1 && came[30] == 1, "another one, while the first is masked");
    unmask_irq(30); /* still on */
    run();
    CHECK(came[30] == 2 && idle(), "%u", came[30]);
    set_line(30, false);
    unmask_irq(30);
    run();
    CHECK(came[30] == 2, "%u", came[30]);
    set_line(30, true);
    run();
    CHECK(came[30] == 3, "%u", came[30]);
}

static void nobody_handles(void)
{
    init_irqs();
    unmask_irq(20);
    set_line(20, true); /* level: it would never stop */
    run();
    CHECK(idle() && models[0].low[20] & ENTRY_MASKED);
}

static void modes(void)
{
    init_irqs();
    CHECK(models[1].low[0] & ENTRY_LOW && models[1].low[0] & ENTRY_LEVEL && !(models[0].low[4] & ENTRY_LEVEL));
    set_pin_mode(24, (struct line_mode){.level = false, .low = false});
    CHECK(!irq_is_level(24) && models[1].low[0] == ENTRY_MASKED, "%08x", models[1].low[0]);
}

static void nmi_pins(void)
{
    firmware.nr_nmis = 1;
    firmware.nmi[0].gsi = 17;
    firmware.lint[1].nmi = true;
    init_irqs();
    CHECK(nmis == 2 && (models[0].low[17] & (ENTRY_MASKED | 0x700)) == ENTRY_NMI);
    CHECK(!set_irq_handler(17, count), "somebody else gets it");
}

static void vectors(void)
{
    static bool used[NR_VECTORS];
    uint32_t n = 0;
    int irq, last = -1;

    init_irqs();
    memset(used, 0, sizeof(used));
    for (uint32_t gsi = 0; gsi < nr_gsis; gsi++)
        unmask_irq(gsi);
    while ((irq = alloc_msi_irq(&chip_io_apic)) >= 0) {
        CHECK((uint32_t)irq >= nr_gsis && irq < MAX_IRQS, "%d", irq);
        last = irq;
        n++;
    }
    CHECK(irq == -ENOSPC && n == MIN(MAX_MSIS, LAST_DEVICE_VECTOR - FIRST_DEVICE_VECTOR + 1 - 2 - nr_gsis), "%u", n);
    for (irq = 0; irq <= last; irq++) {
        uint8_t vector = irq_vector(irq);

        CHECK(vector >= FIRST_DEVICE_VECTOR && vector <= LAST_DEVICE_VECTOR && vector != SYSCALL_VECTOR &&
                  vector != HYPERCALL_VECTOR && !used[vector],
              "irq %d has %02x", irq, vector);
        used[vector] = true;
    }
}

static void chip_nothing(unsigned int irq)
{
}

static void messages(void)
{
    static const struct irq_chip chip = {chip_nothing, chip_nothing};
    int a, b;
    uint8_t vector;

    init_irqs();
    a = alloc_msi_irq(&chip);
    b = alloc_msi_irq(&chip);
    CHECK(a >= 0 && b >= 0 && a != b && set_irq_handler(a, count));
    vector = irq_vector(a);
    irr[vector] = true;
    run();
    CHECK(came[a] == 1 && idle());
    irr[vector] = true; /* on its way while it is freed */
    free_msi_irq(a);
    run();
    CHECK(came[a] == 1 && idle());
    CHECK(alloc_msi_irq(&chip) == a && !irq_handler_of(a), "free again");
    have_apic = false;
    CHECK(alloc_msi_irq(&chip) == -ENODEV);
}

static void unknown_vectors(void)
{
    init_irqs();
    interrupt(0xE7); /* in no service register: an EOI would end another one's */
    isr[0xE7] = true;
    interrupt(0xE7);
    CHECK(idle());
    isr[LOCAL_TIMER_VECTOR] = true;
    interrupt(LOCAL_TIMER_VECTOR);
    CHECK(timer_interrupts == 1 && idle());
}

static bool lines_used(void)
{
    return irqs[0].chip == &chip_8259 && nr_gsis == 16;
}

static void refused_io_apics(void)
{
    firmware.io_apic[1].gsi_base = PINS - 1;
    init_irqs();
    CHECK(lines_used(), "overlapping numbers");
    machine();
    models[1].version = 0xFFFFFFFF;
    init_irqs();
    CHECK(lines_used() && models[0].low[3] & ENTRY_MASKED, "one is not there");
    machine();
    models[1].version = 0xEF << 16 | 0x20;
    init_irqs();
    CHECK(lines_used(), "too many pins");
    machine();
    madt_is_wrong = "as the test wants";
    init_irqs();
    CHECK(lines_used(), "a wrong table");
}

static void lines_of_the_8259(void)
{
    with_8259();
    CHECK(nr_gsis == 16 && isa_irq(0) == 0 && let_8259_in && lines_used());
    for (unsigned int line = 0; line < 16; line++) {
        if (line == CASCADE)
            continue;
        CHECK(set_irq_handler(line, count));
        raise(line);
        run();
        CHECK(!came[line], "masked");
        unmask_irq(line);
        run();
        CHECK(came[line] == 1 && idle(), "line %u came %u times", line, came[line]);
        raise(line);
        run();
        CHECK(came[line] == 2 && idle(), "line %u came %u times", line, came[line]);
    }
}

static void levels_of_the_8259(void)
{
    elcr = 1 << 11;
    with_8259();
    CHECK(irq_is_level(11) && !irq_is_level(10) && set_irq_handler(11, mask_and_count));
    unmask_irq(11);
    raise(11);
    run();
    CHECK(came[11] == 1 && idle());
    unmask_irq(11);
    run();
    CHECK(came[11] == 2 && idle());
    drop(11);
    unmask_irq(11);
    run();
    CHECK(came[11] == 2);
    machine();
    elcr = 0xFFFF; /* there is no such register */
    with_8259();
    CHECK(!irq_is_level(11));
}

static void spurious_lines(void)
{
    with_8259();
    CHECK(set_irq_handler(7, count) && set_irq_handler(15, count));
    unmask_irq(7);
    unmask_irq(15);
    spurious_8259(0);
    CHECK(!came[7] && idle());
    spurious_8259(1);
    CHECK(!came[15] && idle());
    raise(15);
    run();
    CHECK(came[15] == 1 && idle());
}

static void look_once(void)
{
    now = look.expires;
    look.function(look.data);
}

static void overlooked_requests(void)
{
    with_8259();
    watch_irqs();
    CHECK(look.active && set_irq_handler(10, count) && set_irq_handler(3, count));
    unmask_irq(10);
    unmask_irq(3);
    look_once();
    raise(10); /* and the processor does nothing */
    look_once();
    CHECK(!came[10], "it may just have come");
    look_once();
    CHECK(came[10] == 1 && idle(), "%u", came[10]);
    raise(3);
    look_once();
    look_once();
    CHECK(came[3] == 1 && idle());
    mask_irq(3);
    raise(3);
    for (unsigned int i = 0; i < 4; i++)
        look_once();
    CHECK(came[3] == 1 && came[10] == 1 && idle(), "a masked one");
    machine();
    look.active = false;
    init_irqs();
    watch_irqs();
    CHECK(!look.active, "the 8259s are not used");
}

static void no_controllers(void)
{
    have_8259s = have_apic = false;
    init_irqs();
    CHECK(!set_irq_handler(isa_irq(4), count) && !irq_handler_of(4));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"irq_quiet_at_boot", quiet_at_boot},
        {"irq_edges", edges},
        {"irq_levels", levels},
        {"irq_nobody_handles", nobody_handles},
        {"irq_modes", modes},
        {"irq_nmi_pins", nmi_pins},
        {"irq_vectors", vectors},
        {"irq_messages", messages},
        {"irq_unknown_vectors", unknown_vectors},
        {"irq_refused_io_apics", refused_io_apics},
        {"irq_lines_of_the_8259", lines_of_the_8259},
        {"irq_levels_of_the_8259", levels_of_the_8259},
        {"irq_spurious_lines", spurious_lines},
        {"irq_overlooked_requests", overlooked_requests},
        {"irq_no_controllers", no_controllers},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
