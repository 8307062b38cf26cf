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
#include "irq_machine.h"

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
    set_pin_mode(17, (struct line_mode){.level = true, .low = true}); /* as domain 0 asks for */
    CHECK((models[0].low[17] & (ENTRY_MASKED | 0x700)) == ENTRY_NMI && !set_irq_handler(17, count), "it is changed");
}

/* Firmware's, as the chip says: the table of the same firmware does not take it away. */
static void smi_pins(void)
{
    for (uint32_t gsi = 6; gsi <= PINS + 7; gsi += PINS + 1)
        models[gsi / PINS].low[gsi % PINS] = ENTRY_SMI | ENTRY_LEVEL;
    firmware.isa[6].given = true;
    firmware.nr_nmis = 1;
    firmware.nmi[0].gsi = PINS + 7;
    init_irqs();
    for (uint32_t gsi = 6; gsi <= PINS + 7; gsi += PINS + 1) {
        uint32_t low = models[gsi / PINS].low[gsi % PINS];

        CHECK(low == (ENTRY_SMI | ENTRY_LEVEL), "%u: %08x", gsi, low);
        CHECK(!set_irq_handler(gsi, count), "%u: somebody else gets it", gsi);
        set_pin_mode(gsi, (struct line_mode){.level = false, .low = false});
        CHECK(models[gsi / PINS].low[gsi % PINS] == low && !set_irq_handler(gsi, count), "%u by its mode", gsi);
    }
    CHECK(set_irq_handler(7, count) && set_irq_handler(PINS + 6, count), "the others");
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
    CHECK(irq == -ENOSPC && n == MIN(MAX_MSIS, LAST_DEVICE_VECTOR - FIRST_DEVICE_VECTOR + 1 - nr_gsis), "%u", n);
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
    interrupt(SPURIOUS_VECTOR); /* the APIC's own is in no register, either; a message to this vector is */
    isr[SPURIOUS_VECTOR] = true;
    interrupt(SPURIOUS_VECTOR);
    CHECK(idle(), "%02x", highest(isr));
    have_apic = false;
    for (uint32_t vector = FIRST_IRQ_VECTOR + NR_8259_LINES; vector < LOCAL_TIMER_VECTOR; vector++)
        interrupt(vector); /* the APIC is another's, and is not touched */
    have_apic = true;
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
    static const uint32_t no_version[] = {0, 0xFFFFFFFF, 0xEF << 16 | 0x20, 0xF0 << 16 | 0x20, 0xFF << 16 | 0x20};

    firmware.io_apic[1].gsi_base = PINS - 1;
    init_irqs();
    CHECK(lines_used(), "overlapping numbers");
    for (unsigned int i = 0; i < ARRAY_SIZE(no_version); i++) {
        machine();
        models[1].version = no_version[i];
        init_irqs();
        CHECK(lines_used() && models[0].low[3] & ENTRY_MASKED, "version %08x", no_version[i]);
    }
    machine();
    madt_is_wrong = "as the test wants";
    init_irqs();
    CHECK(lines_used(), "a wrong table");
    machine();
    have_apic = false;
    init_irqs();
    CHECK(lines_used() && kept == 2, "nobody else gets what is not used");
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

static void in_service_at_the_8259(void)
{
    pic[0].isr = 0x05;
    pic[1].isr = 0x81;
    with_8259();
    CHECK(idle(), "%02x %02x are in service", pic[0].isr, pic[1].isr);
    CHECK(set_irq_handler(3, count) && set_irq_handler(10, count));
    unmask_irq(3);
    unmask_irq(10);
    raise(3);
    raise(10);
    run();
    CHECK(came[3] == 1 && came[10] == 1 && idle());
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
        {"irq_smi_pins", smi_pins},
        {"irq_vectors", vectors},
        {"irq_messages", messages},
        {"irq_unknown_vectors", unknown_vectors},
        {"irq_refused_io_apics", refused_io_apics},
        {"irq_lines_of_the_8259", lines_of_the_8259},
        {"irq_in_service_at_the_8259", in_service_at_the_8259},
        {"irq_levels_of_the_8259", levels_of_the_8259},
        {"irq_spurious_lines", spurious_lines},
        {"irq_overlooked_requests", overlooked_requests},
        {"irq_no_controllers", no_controllers},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
