/* SPDX-License-Identifier: MIT */
/*
 * The HPET (xen/arch/x86/dev/hpet.c, under deadline.c) on a model of it, made after the IA-PC HPET specification 1.0a:
 * a counter of 32 or 64 bits, comparators that interrupt when it equals them, by the lines of the PIT and the RTC if
 * that is asked for. Edges may get lost, and firmware may have left anything on.
 *
 * Proves: what cannot be is not used, and nothing of it is changed: a period of 0 or beyond the specification, no
 * comparator to spare, no legacy replacement, a table that leads elsewhere; one that stands is waited for only so long;
 * no wait ends early or is missed, also where the counter wraps and where an edge is lost.
 */
#include "divided.h"
#include "said.h"

#include <asm/acpi.h>
#include <asm/device_map.h>

#include "../../xen/arch/x86/dev/deadline.c"
#undef MIN_HZ
#undef NOT_INLINE
static uint32_t read_hpet(uint32_t reg);
static void write_hpet(uint32_t reg, uint32_t value);
#include "../../xen/arch/x86/dev/hpet.c"

#define ADDRESS  0xFED00000u
#define USUAL_FS 69841279u /* 14.318180 MHz */
#define NEVER    UINT64_MAX

struct cpu this_cpu;
static uint64_t now_ns, looks;

static struct {
    uint32_t period, caps, config, status;
    uint64_t counter; /* at `since` */
    uint64_t since;
    bool stands, wide; /* 64 bits */
    struct {
        uint32_t config;
        uint64_t value;
    } timer[32];
} chip;
static uint32_t writes, lost; /* so many of the next edges of comparator 0 get lost */
static uint32_t smis;         /* so many of the next values of comparator 0 are written after 3 us of an SMI */
static struct hpet_table table;
static bool have_table, have_room;
static irq_handler *handlers[16];
static bool unmasked[16];

/* --- The chip */

static uint64_t counter_at(uint64_t ns)
{
    uint64_t gone =
        chip.config & CONFIG_ENABLE && !chip.stands ? (uint64_t)((double)(ns - chip.since) * 1000000 / chip.period) : 0;

    return chip.wide ? chip.counter + gone : (uint32_t)(chip.counter + gone);
}

/* When comparator n interrupts next. */
static uint64_t next_match(unsigned int n)
{
    bool narrow = !chip.wide || chip.timer[n].config & COMPARATOR_32;
    uint64_t left = chip.timer[n].value - counter_at(now_ns);

    if (narrow)
        left = (uint32_t)left;
    if (!(chip.config & CONFIG_ENABLE) || chip.stands || !left)
        return NEVER;
    return now_ns + (uint64_t)((double)left * chip.period / 1000000) + 1;
}

static uint32_t read_hpet(uint32_t reg)
{
    looks++;
    now_ns += 100;
    CHECK(hpet, "it is not mapped");
    if (reg == HPET_CAPS)
        return chip.caps;
    if (reg == HPET_PERIOD)
        return chip.period;
    if (reg == HPET_CONFIG)
        return chip.config;
    if (reg == HPET_COUNTER)
        return counter_at(now_ns);
    CHECK(reg >= TIMER_CONFIG(0) && reg < TIMER_CONFIG(NR_COMPARATORS(chip.caps)) && !(reg & 0x1F), "reads %03x", reg);
    return chip.timer[(reg - 0x100) / 0x20 % 32].config;
}

static void write_hpet(uint32_t reg, uint32_t value)
{
    uint32_t n = (reg - 0x100) / 0x20 % 32;

    writes++;
    now_ns += 100;
    if (reg == HPET_CONFIG) {
        chip.counter = counter_at(now_ns);
        chip.since = now_ns;
        chip.config = value;
        return;
    }
    if (reg == HPET_STATUS) {
        chip.status &= ~value;
        return;
    }
    CHECK(reg >= TIMER_CONFIG(0) && reg < TIMER_CONFIG(NR_COMPARATORS(chip.caps)), "writes %03x", reg);
    if (reg == TIMER_VALUE(0) && smis) {
        now_ns += 3000;
        smis--;
    }
    if (reg & 8)
        chip.timer[n].value = value;
    else
        chip.timer[n].config = value & (chip.wide ? UINT32_MAX : ~COMPARATOR_32);
}

static void match(unsigned int n)
{
    unsigned int line = n ? ISA_RTC : ISA_TIMER;

    CHECK(!(chip.timer[n].config & (COMPARATOR_KEEP)), "comparator %u: %08x", n, chip.timer[n].config);
    CHECK(n < 2, "comparator %u interrupts", n);
    if (!n && lost) {
        lost--;
        return;
    }
    if (chip.config & CONFIG_LEGACY && handlers[line] && unmasked[line])
        handlers[line](line);
}

/* To the next interrupt, or to this moment. */
static void run_until(uint64_t when)
{
    uint64_t next = when;
    int first = -1;

    for (unsigned int n = 0; n < NR_COMPARATORS(chip.caps); n++)
        if (chip.timer[n].config & COMPARATOR_ON && next_match(n) < next) {
            next = next_match(n);
            first = n;
        }
    now_ns = MAX(next, now_ns);
    if (first >= 0)
        match(first);
}

/* --- What the code uses */

uint64_t system_time(void)
{
    return now_ns += 10;
}

void interrupt_window(void)
{
    run_until(now_ns + 1000);
}

void wait_for_interrupt(void)
{
}

uint64_t find_acpi_table(const char *signature, uint32_t least, struct acpi_header *h)
{
    CHECK(!memcmp(signature, "HPET", 4) && least == sizeof(table));
    return have_table ? 1 : 0;
}

void read_machine(void *dst, uint64_t maddr, uint32_t n)
{
    memcpy(dst, &table, n);
}

volatile void *map_device(uint64_t maddr, uint32_t size)
{
    CHECK(maddr == ADDRESS && size == HPET_SIZE, "%llx", (unsigned long long)maddr);
    return have_room ? &chip : NULL;
}

unsigned int isa_irq(unsigned int line)
{
    return line;
}

bool set_irq_handler(unsigned int irq, irq_handler *h)
{
    handlers[irq] = h;
    return true;
}

void unmask_irq(unsigned int irq)
{
    unmasked[irq] = true;
}

struct deadline_timer tsc_deadline_timer(uint64_t tsc_hz)
{
    return (struct deadline_timer){.hz = 0};
}

struct deadline_timer apic_timer(uint64_t tsc_hz)
{
    return (struct deadline_timer){.hz = 0};
}

struct deadline_timer pit_timer(void)
{
    return (struct deadline_timer){.hz = 0};
}

/* --- Tests */

/* Firmware has used it: all comparators are on, periodic, by a level or a message. */
static void machine(void)
{
    memset(&chip, 0, sizeof(chip));
    chip.period = USUAL_FS;
    chip.caps = CAPS_LEGACY | 2 << 8 | 1;
    chip.config = CONFIG_ENABLE | CONFIG_LEGACY;
    chip.counter = 0xFFFF0000;
    chip.status = 7;
    for (unsigned int n = 0; n < 32; n++)
        chip.timer[n].config = COMPARATOR_ON | COMPARATOR_KEEP;
    table = (struct hpet_table){.base = {.space = ACPI_IN_MEMORY, .address = ADDRESS}};
    have_table = have_room = true;
    memset(handlers, 0, sizeof(handlers));
    memset(unmasked, 0, sizeof(unmasked));
    hpet = NULL;
    hz = lost = smis = writes = 0;
    now_ns = NS_PER_S;
    looks = 0;
    timer_deadline = UINT64_MAX;
    this_cpu.work = 0;
    nothing_said();
}

static void refused(const char *what)
{
    CHECK(!hpet_counter().hz && !hpet_timer().hz && !hpet && !writes, "%s", what);
}

static void periods(void)
{
    static const uint32_t bad[] = {0, 1, 999999, 100000001, UINT32_MAX},
                          good[] = {1000000, 10000000, USUAL_FS, 100000000};

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        machine();
        chip.period = bad[i];
        refused("its period cannot be");
        CHECK_SAID("fs cannot be, and it is not used");
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
        struct counter c;

        machine();
        chip.period = good[i];
        c = hpet_counter();
        CHECK(c.hz == 1000000000000000ull / good[i] && c.mask == UINT32_MAX, "%u fs: %u Hz", good[i], c.hz);
        CHECK(chip.config == CONFIG_ENABLE && !chip.status, "firmware's lines are taken: %x", chip.config);
        for (unsigned int n = 0; n < NR_COMPARATORS(chip.caps); n++)
            CHECK(!(chip.timer[n].config & COMPARATOR_ON), "comparator %u is on", n);
    }
}

static void tables(void)
{
    have_table = false;
    refused("there is none");
    machine();
    table.base.space = ACPI_IN_PORTS;
    refused("in ports");
    machine();
    have_room = false;
    refused("no room, or no such address");
}

static void what_it_lacks(void)
{
    chip.caps = CAPS_LEGACY;
    (void)hpet_counter();
    writes = 0;
    CHECK(!hpet_timer().hz && !writes, "one comparator");
    machine();
    chip.caps = 2 << 8;
    (void)hpet_counter();
    writes = 0;
    CHECK(!hpet_timer().hz && !writes, "no lines");
}

static bool chosen_as_timer(void)
{
    (void)hpet_counter();
    if (PANICS(init_deadline(1000000000)))
        return false;
    this_cpu.work = 0;
    return true;
}

static uint64_t lateness(uint64_t ns, bool first_is_lost)
{
    uint64_t when = now_ns + ns;

    lost = first_is_lost;
    arm_hardware_timer(when);
    for (unsigned int i = 0; i < 1000 && !(this_cpu.work & WORK_TIMER); i++)
        run_until(now_ns + 600 * NS_PER_S);
    CHECK(this_cpu.work & WORK_TIMER, "%llu ns: it never came", (unsigned long long)ns);
    this_cpu.work = 0;
    CHECK(now_ns >= when, "%llu ns too early", (unsigned long long)(when - now_ns));
    return now_ns - when;
}

static void waits(void)
{
    static const uint64_t waits[] = {0, 1, 999, 2000, 50000, 1000000, 999999999, 4294967296, 60000000000};

    for (unsigned int wide = 0; wide < 2; wide++)
        for (uint32_t period = 10000000; period <= 100000000; period += 30000000) {
            machine();
            chip.wide = wide;
            chip.period = period;
            CHECK(chosen_as_timer(), "%s", said);
            CHECK(!(chip.timer[2].config & COMPARATOR_ON), "one that is not used is on");
            for (unsigned int i = 0; i < 6 * ARRAY_SIZE(waits); i++) { /* past the counter's end */
                uint64_t ns = waits[i % ARRAY_SIZE(waits)], late = lateness(ns, false);

                CHECK(late <= 20000 + ns / 1000, "%llu ns: %llu late", (unsigned long long)ns,
                      (unsigned long long)late);
            }
        }
}

static void lost_edge(void)
{
    CHECK(chosen_as_timer());
    for (uint64_t ns = 1; ns < 100000000; ns *= 7) {
        uint64_t late = lateness(ns, true);

        CHECK(late < 55000000, "%llu ns: %llu late", (unsigned long long)ns, (unsigned long long)late);
    }
    machine();
    (void)hpet_counter();
    lost = 1;
    CHECK(!PANICS(init_deadline(1000000000)), "it is chosen though its first edge is lost");
}

/* Then the moment is over before it is set, and the comparator would come round in minutes. */
static void smi_amid(void)
{
    CHECK(chosen_as_timer());
    for (uint32_t n = 1; n <= 3; n++) {
        uint64_t late;

        smis = n;
        late = lateness(1, false);
        CHECK(late < 50000, "%u SMIs: %llu ns late", n, (unsigned long long)late);
    }
}

static void stands(void)
{
    chip.stands = true;
    CHECK(!chosen_as_timer() && looks < 1000, "%llu looks", (unsigned long long)looks);
    CHECK_SAID("hpet does not interrupt, and is not used");
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"hpet_periods", periods}, {"hpet_tables", tables},       {"hpet_what_it_lacks", what_it_lacks},
        {"hpet_waits", waits},     {"hpet_lost_edge", lost_edge}, {"hpet_smi_amid", smi_amid},
        {"hpet_stands", stands},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
