/* SPDX-License-Identifier: MIT */
/*
 * Which source of the TSC's frequency is believed (xen/arch/x86/dev/calibrate.c), in a simulated machine whose true
 * frequency the test knows: each reading of a clock takes time, and each source may lie, stand, or not be there.
 *
 * Proves: the truth is found if two sources know it, whichever lies; a single source is taken, and it is said that
 * nothing confirms it; what cannot be is refused; nothing that stands is waited for long; no source: a panic.
 */
#include "unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <asm/processor.h>

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf);
#define read_cpuid fake_cpuid
#define PAUSE      1
#include "../../xen/arch/x86/dev/calibrate.c"

#define TRUE_HZ 2600000000ull
#define READING 2000 /* TSC ticks that a reading takes */

enum { PM_CLOCK, HPET_CLOCK, PIT_CLOCK, CLOCKS };

static struct clock {
    bool there;
    uint32_t hz;        /* as the table says */
    uint32_t real_hz;   /* 0: it stands */
    uint64_t stands_at; /* the TSC at which it stops; 0: never */
    uint32_t mask;
} clocks[CLOCKS];
static uint64_t tsc, readings;
static struct cpuid_leaf leaf_0, leaf_15, leaf_16,
    hypervisor[2]; /* hypervisor: at 40000000h and 40000100h, EAX of +0, +10h */
static bool hypervised;
static char said[2048];
static jmp_buf after_panic;

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
    return tsc += 20;
}

static uint32_t count_of(unsigned int n)
{
    const struct clock *c = &clocks[n];
    uint64_t until = c->stands_at && tsc > c->stands_at ? c->stands_at : tsc;

    readings++;
    tsc += READING;
    return (0xFFFFF000u + (uint32_t)(uint64_t)(until * (double)c->real_hz / TRUE_HZ)) & c->mask;
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

uint64_t div64(uint64_t n, uint32_t d, uint32_t *remainder)
{
    if (remainder)
        *remainder = n % d;
    return n / d;
}

static void say(const char *fmt, va_list ap)
{
    size_t used = strlen(said);

    vsnprintf(said + used, sizeof(said) - used, fmt, ap);
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    longjmp(after_panic, 1);
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
    tsc = readings = 0;
    *said = 0;
}

static void only(unsigned int n)
{
    for (unsigned int i = 0; i < CLOCKS; i++)
        clocks[i].there = i == n;
}

/* 0: it has panicked. */
static uint64_t calibrated(void)
{
    return setjmp(after_panic) ? 0 : calibrate_tsc();
}

static void tell_crystal(uint32_t hz)
{
    leaf_0.eax = 0x16;
    leaf_15 = (struct cpuid_leaf){.eax = 3, .ebx = 3 * (TRUE_HZ / 26000000), .ecx = hz};
    leaf_16 = (struct cpuid_leaf){.eax = TRUE_HZ / 1000000};
}

#define CHECK_TRUE_HZ()                                                                        \
    do {                                                                                       \
        uint64_t hz_ = calibrated();                                                           \
        CHECK(hz_ > TRUE_HZ - TRUE_HZ / 5000 && hz_ < TRUE_HZ + TRUE_HZ / 5000, "%llu Hz; %s", \
              (unsigned long long)hz_, said);                                                  \
        CHECK(hz_ % 1000 == 0);                                                                \
    } while (0)
#define CHECK_SAID(text)   CHECK(strstr(said, text), "\"%s\" is not in: %s", text, said)
#define CHECK_UNSAID(text) CHECK(!strstr(said, text), "\"%s\" is in: %s", text, said)

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
        clocks[n].stands_at = TRUE_HZ / 100;
        CHECK_TRUE_HZ();
        CHECK_SAID("does not count");
        CHECK(readings < 3000000, "%llu readings", (unsigned long long)readings);
    }
}

static void told_and_confirmed(void)
{
    tell_crystal(26000000);
    CHECK(calibrated() == TRUE_HZ, "%s", said); /* to the digit */
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
    CHECK(calibrated() == TRUE_HZ, "%s", said);
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
        hypervisor[i] = (struct cpuid_leaf){.eax = HYPERVISOR_LEAF + 0x100 * i + 0x10, .ebx = TRUE_HZ / 1000};
        CHECK(calibrated() == TRUE_HZ, "%s", said);
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
    {"told_and_confirmed", told_and_confirmed},
    {"crystal_lies", crystal_lies},
    {"crystal_lies_to_one", crystal_lies_to_one},
    {"crystal_without_a_frequency", crystal_without_a_frequency},
    {"no_division_by_0", no_division_by_0},
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
