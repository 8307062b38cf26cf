/* SPDX-License-Identifier: MIT */
/*
 * Which source of the TSC's frequency is believed (xen/arch/x86/dev/calibrate.c), in a simulated machine whose true
 * frequency the test knows: each reading of a clock takes time, and each source may lie, stand, or not be there.
 *
 * Proves: the truth is found if two sources know it, whichever lies; a single source is taken, and it is said that
 * nothing confirms it; what cannot be is refused; nothing that stands is waited for long; no source: a panic.
 */
#include "divided.h"
#include "said.h"

#include <asm/processor.h>

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf);
#define read_cpuid fake_cpuid
#define PAUSE      1
#include "../../xen/arch/x86/dev/calibrate.c"

#define USUAL_HZ 2600000000ull
#define READING  1300000 /* of a second: so long a reading takes */

enum { PM_CLOCK, HPET_CLOCK, PIT_CLOCK, CLOCKS };

static struct clock {
    bool there;
    uint32_t hz;        /* as the table says */
    uint32_t real_hz;   /* 0: it stands */
    uint64_t stands_at; /* the TSC at which it stops; 0: never */
    uint32_t mask;
} clocks[CLOCKS];
static uint64_t true_hz, readings, elapsed; /* elapsed: ticks of a TSC that is well */
static enum { WELL, STANDS, BACKWARDS } tsc_is;

/* Before this reading (from 1) an SMI takes so many ticks, and adds to the TSC. */
static struct {
    uint64_t before, ticks, adds;
} smi;
static uint64_t added;
static struct cpuid_leaf leaf_0, leaf_15, leaf_16,
    hypervisor[2]; /* hypervisor: at 40000000h and 40000100h, EAX of +0, +10h */
static bool hypervised;

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    switch (leaf) {
    case 0:
        return leaf_0;
    case 1:
        return (struct cpuid_leaf){.ecx = hypervised ? CPUID_HYPERVISOR : 0};
    case 0x15:
        return leaf_15;
    case 0x16:
        return leaf_16;
    }
    /* EAX: the highest leaf; EBX: the frequency, which the next answer has in EAX */
    for (unsigned int i = 0; i < 2; i++)
        if (leaf >> 8 == (HYPERVISOR_LEAF >> 8) + i)
            return (struct cpuid_leaf){.eax = leaf & 0xFF ? hypervisor[i].ebx : hypervisor[i].eax};
    return (struct cpuid_leaf){0};
}

uint64_t read_tsc(void)
{
    elapsed += 20;
    return tsc_is == WELL ? elapsed + added : tsc_is == STANDS ? 12345 : (1ull << 60) - elapsed;
}

static uint32_t count_of(unsigned int n)
{
    const struct clock *c = &clocks[n];
    uint64_t until;

    if (++readings == smi.before) { /* so the count is newer than the TSC that was read before */
        elapsed += smi.ticks;
        added += smi.adds;
    }
    until = c->stands_at && elapsed > c->stands_at ? c->stands_at : elapsed;
    elapsed += true_hz / READING;
    return (0xFFFFF000u + (uint32_t)(uint64_t)(until * (double)c->real_hz / true_hz)) & c->mask;
}

static uint32_t read_pm(void)
{
    return count_of(PM_CLOCK);
}

static uint32_t read_hpet(void)
{
    return count_of(HPET_CLOCK);
}

static uint32_t read_pit(void)
{
    return count_of(PIT_CLOCK);
}

static struct counter counter(unsigned int n, const char *name, uint32_t (*read)(void))
{
    return (struct counter){name, clocks[n].there ? clocks[n].hz : 0, clocks[n].mask, read};
}

struct counter pm_timer_counter(void)
{
    return counter(PM_CLOCK, "PM timer", read_pm);
}

struct counter hpet_counter(void)
{
    return counter(HPET_CLOCK, "HPET", read_hpet);
}

struct counter pit_counter(void)
{
    return counter(PIT_CLOCK, "PIT", read_pit);
}

/* --- Tests */

/* An old PC: three counters, nothing told. */
static void fresh_machine(void)
{
    clocks[PM_CLOCK] = (struct clock){true, PM_TIMER_HZ, PM_TIMER_HZ, 0, 0xFFFFFF};
    clocks[HPET_CLOCK] = (struct clock){true, 14318180, 14318180, 0, UINT32_MAX};
    clocks[PIT_CLOCK] = (struct clock){true, 1193182, 1193182, 0, 0xFFFF};
    leaf_0 = leaf_15 = leaf_16 = hypervisor[0] = hypervisor[1] = (struct cpuid_leaf){0};
    hypervised = false;
    memset(&smi, 0, sizeof(smi));
    elapsed = readings = added = 0;
    true_hz = USUAL_HZ;
    tsc_is = WELL;
    nothing_said();
}

static void only(unsigned int n)
{
    for (unsigned int i = 0; i < CLOCKS; i++)
        clocks[i].there = i == n;
}

/* 0: it has panicked. */
static uint64_t calibrated(void)
{
    return setjmp(way_out) ? 0 : calibrate_tsc();
}

static void tell_crystal(uint32_t hz)
{
    leaf_0.eax = 0x16;
    leaf_15 = (struct cpuid_leaf){.eax = 3, .ebx = 3 * (true_hz / 26000000), .ecx = hz};
    leaf_16 = (struct cpuid_leaf){.eax = true_hz / 1000000};
}

#define CHECK_TRUE_HZ()                                                                        \
    do {                                                                                       \
        uint64_t hz_ = calibrated();                                                           \
        CHECK(hz_ > true_hz - true_hz / 5000 && hz_ < true_hz + true_hz / 5000, "%llu Hz; %s", \
              (unsigned long long)hz_, said);                                                  \
        CHECK(hz_ % 1000 == 0);                                                                \
    } while (0)

static void each_alone(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++) {
        fresh_machine();
        only(n);
        CHECK_TRUE_HZ();
        CHECK_SAID("nothing confirms");
    }
}

static void all_counters(void)
{
    CHECK_TRUE_HZ();
    CHECK_SAID("by PM timer\n");
    CHECK_UNSAID("nothing confirms");
}

static void one_counter_lies(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++) {
        fresh_machine();
        clocks[n].real_hz += clocks[n].hz / 50;
        CHECK_TRUE_HZ();
        CHECK_SAID("which is taken");
    }
}

static void one_stands(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++) {
        fresh_machine();
        clocks[n].real_hz = 0;
        CHECK_TRUE_HZ();
        CHECK_SAID("does not count");
        CHECK(readings < 1000000, "%llu readings", (unsigned long long)readings);
    }
}

static void one_stops(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++) {
        fresh_machine();
        clocks[n].stands_at = true_hz / 100;
        CHECK_TRUE_HZ();
        CHECK_SAID("does not count");
        CHECK(readings < 3000000, "%llu readings", (unsigned long long)readings);
    }
}

/* From the slowest to the fastest, each counter alone. */
static void any_frequency(void)
{
    static const uint64_t frequencies[] = {50000000,   100000000,   133333333,  1000000000,
                                           4294967296, 10000000000, 19900000000};

    for (unsigned int f = 0; f < ARRAY_SIZE(frequencies); f++)
        for (unsigned int n = 0; n < CLOCKS; n++) {
            fresh_machine();
            true_hz = frequencies[f];
            only(n);
            CHECK_TRUE_HZ();
        }
}

static void smi_at(unsigned int clock, uint64_t reading)
{
    fresh_machine();
    only(clock);
    smi.before = reading;
    smi.ticks = true_hz / 100;
    CHECK_TRUE_HZ();
}

/* 10 ms of it spoil no more than one span of three: amid one, and at each reading of its ends. */
static void smi_at_any_reading(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++) {
        uint64_t all;

        fresh_machine();
        only(n);
        CHECK_TRUE_HZ();
        all = readings;
        for (uint64_t at = 1; at <= all; at += 4999)
            smi_at(n, at);
        for (unsigned int end = 0; end <= SPANS; end++)
            for (uint64_t at = all * end / SPANS - MIN(all * end / SPANS, 10) + 1; at < all * end / SPANS + 10; at++)
                smi_at(n, at);
    }
}

/* It says nothing in one span, and is asked in another one. */
static void taken_away_for_seconds(void)
{
    only(HPET_CLOCK);
    smi.before = 100;
    smi.ticks = 10 * true_hz;
    CHECK_TRUE_HZ();
    CHECK_UNSAID("does not count");
}

static void tsc_stands(void)
{
    tell_crystal(26000000);
    tsc_is = STANDS;
    CHECK(!calibrated());
    CHECK_SAID("TSC) does not count");
}

static void tsc_goes_backwards(void)
{
    tsc_is = BACKWARDS;
    CHECK(!calibrated());
    CHECK_SAID("cannot be compared");
    CHECK(readings < 1000000, "%llu readings", (unsigned long long)readings);
}

/* Once, as when firmware writes it. */
static void tsc_set_back(void)
{
    for (uint64_t at = 1; at < 30000; at += 997) {
        fresh_machine();
        only(HPET_CLOCK);
        added = 1ull << 60;
        smi.before = at;
        smi.adds = -(1ull << 59);
        CHECK_TRUE_HZ();
    }
}

static void told_and_confirmed(void)
{
    tell_crystal(26000000);
    CHECK(calibrated() == true_hz, "%s", said); /* to the digit */
    CHECK_SAID("by CPUID 15h\n");
}

static void crystal_lies(void)
{
    tell_crystal(24000000);
    CHECK_TRUE_HZ();
    CHECK_SAID("CPUID 15h says 2400000 kHz");
}

/* With one counter only: the measured one, and what stands on the box agrees with it. */
static void crystal_lies_to_one(void)
{
    tell_crystal(24000000);
    leaf_16.eax = 0;
    only(HPET_CLOCK);
    CHECK_TRUE_HZ();
    CHECK_SAID("by HPET, which nothing confirms");
}

static void crystal_without_a_frequency(void)
{
    tell_crystal(0);
    CHECK_TRUE_HZ();
    CHECK_SAID("by PM timer");
}

static void no_division_by_0(void)
{
    tell_crystal(26000000);
    leaf_15.eax = 0;
    CHECK_TRUE_HZ();
}

static void no_numbers(void)
{
    tell_crystal(26000000);
    leaf_15.ebx = leaf_16.eax = 0;
    CHECK_TRUE_HZ();
    CHECK_UNSAID("CPUID");
}

/* An emulator that counts at its own speed, and tells what is known of some processor: both words are the same one's.
 */
static void told_twice(void)
{
    tell_crystal(13000000);
    leaf_16.eax = true_hz / 2000000;
    CHECK_TRUE_HZ();
    CHECK_SAID("CPUID 15h says 1300000 kHz");
    fresh_machine();
    tell_crystal(26000000);
    only(CLOCKS);
    CHECK(calibrated() == true_hz, "nothing is measured");
    CHECK_SAID("by CPUID 15h, which nothing confirms");
}

/* Leaves beyond the highest are something else's. */
static void leaves_that_are_not_there(void)
{
    tell_crystal(26000000);
    leaf_0.eax = 0x14;
    leaf_15.ecx = 1;
    CHECK_TRUE_HZ();
    CHECK_UNSAID("CPUID");
}

static void base_only(void)
{
    only(CLOCKS);
    leaf_0.eax = 0x16;
    leaf_16.eax = 0xABCD0A28;
    CHECK(calibrated() == true_hz, "%s", said);
    CHECK_SAID("by CPUID 16h, which nothing confirms");
}

/* What is measured is better than what stands on the box. */
static void base_is_rounded(void)
{
    only(PM_CLOCK);
    leaf_0.eax = 0x16;
    leaf_16.eax = 2580;
    CHECK_TRUE_HZ();
    CHECK_SAID("by PM timer\n");
}

static void hypervisors_leaf(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        fresh_machine();
        only(CLOCKS);
        hypervised = true;
        hypervisor[i] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0x100 * i + 0x10, .ebx = true_hz / 1000};
        CHECK(calibrated() == true_hz, "%s", said);
    }
}

static void no_hypervisor(void)
{
    hypervisor[0] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0x10, .ebx = 1234567};
    CHECK_TRUE_HZ();
    CHECK_UNSAID("40000010h");
}

static void hypervisors_leaf_is_beyond(void)
{
    hypervised = true;
    hypervisor[0] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0xF, .ebx = 1234567};
    CHECK_TRUE_HZ();
    CHECK_UNSAID("40000010h");
}

static void implausible(void)
{
    hypervised = true;
    hypervisor[0] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0x10, .ebx = UINT32_MAX};
    CHECK_TRUE_HZ();
    CHECK_SAID("cannot be");
}

/* Even alone it is refused. */
static void implausible_alone(void)
{
    implausible();
    fresh_machine();
    only(CLOCKS);
    hypervised = true;
    hypervisor[0] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0x10, .ebx = 5};
    CHECK(!calibrated(), "%s", said);
}

static void nothing(void)
{
    only(CLOCKS);
    CHECK(!calibrated());
    CHECK_SAID("tried CPUID 15h, 16h and 40000010h, ACPI's PM timer, HPET, PIT (8254)");
}

static void everything_stands(void)
{
    for (unsigned int n = 0; n < CLOCKS; n++)
        clocks[n].real_hz = 0;
    CHECK(!calibrated());
    CHECK_SAID("not known");
    CHECK(readings < 40000, "%llu readings", (unsigned long long)readings);
}

static const struct unit_test tests[] = {
    {"each_alone", each_alone},
    {"all_counters", all_counters},
    {"one_counter_lies", one_counter_lies},
    {"one_stands", one_stands},
    {"one_stops", one_stops},
    {"any_frequency", any_frequency},
    {"smi_at_any_reading", smi_at_any_reading},
    {"taken_away_for_seconds", taken_away_for_seconds},
    {"tsc_stands", tsc_stands},
    {"tsc_goes_backwards", tsc_goes_backwards},
    {"tsc_set_back", tsc_set_back},
    {"told_and_confirmed", told_and_confirmed},
    {"crystal_lies", crystal_lies},
    {"crystal_lies_to_one", crystal_lies_to_one},
    {"crystal_without_a_frequency", crystal_without_a_frequency},
    {"no_division_by_0", no_division_by_0},
    {"no_numbers", no_numbers},
    {"told_twice", told_twice},
    {"leaves_that_are_not_there", leaves_that_are_not_there},
    {"base_only", base_only},
    {"base_is_rounded", base_is_rounded},
    {"hypervisors_leaf", hypervisors_leaf},
    {"no_hypervisor", no_hypervisor},
    {"hypervisors_leaf_is_beyond", hypervisors_leaf_is_beyond},
    {"implausible", implausible},
    {"implausible_alone", implausible_alone},
    {"nothing", nothing},
    {"everything_stands", everything_stands},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, fresh_machine);
}
