/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer (xen/arch/x86/dev/apic_timer.c) on a model of it with any frequency, beside a TSC of any.
 *
 * Proves: its frequency is found to 1 in 1000 whatever both are and however long calibration lasted; its range is two
 * seconds at least; one that stands is not used, and not waited for; by the TSC, an interrupt is asked for at the right
 * moment and only when the entry says so.
 */
#include "divided.h"
#include "fake_msr.h"
#include "said.h"

#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/processor.h>

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf);
#define read_cpuid fake_cpuid
#include "../../xen/arch/x86/dev/apic_timer.c"

enum apic_mode apic_mode;
static uint64_t tsc_hz, apic_hz, tsc, started, deadline, looks;
static uint32_t count, divider, lvt;
static bool by_tsc; /* the processor can */

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    return (struct cpuid_leaf){.ecx = by_tsc ? CPUID_TSC_DEADLINE : 0};
}

uint64_t read_tsc(void)
{
    looks++;
    return tsc += tsc_hz / 10000000;
}

/* SDM 3, 11.5.4: bits 0, 1 and 3 */
static uint32_t divisor(void)
{
    uint32_t code = (divider & 3) | (divider >> 1 & 4);

    CHECK(!(divider & ~0xBu), "%x", divider);
    return code == 7 ? 1 : 2u << code;
}

static uint32_t left(void)
{
    double gone = (double)(tsc - started) / tsc_hz * apic_hz / divisor();

    return gone >= count ? 0 : count - (uint32_t)gone;
}

uint32_t read_apic_page(uint32_t reg)
{
    CHECK(reg == APIC_TIMER_NOW || reg == APIC_LVT_TIMER, "reads %03x", reg);
    return reg == APIC_LVT_TIMER ? lvt : left();
}

void write_apic_page(uint32_t reg, uint32_t value)
{
    switch (reg) {
    case APIC_LVT_TIMER:
        if ((lvt ^ value) & APIC_LVT_TSC_DEADLINE)
            deadline = count = 0;
        lvt = value;
        break;
    case APIC_TIMER_DIVIDE:
        divider = value;
        break;
    case APIC_TIMER_COUNT:
        count = lvt & APIC_LVT_TSC_DEADLINE ? 0 : value;
        started = tsc;
        break;
    default:
        CHECK(false, "writes %03x", reg);
    }
}

void write_msr(uint32_t index, uint64_t value)
{
    CHECK(index == MSR_TSC_DEADLINE);
    if (lvt & APIC_LVT_TSC_DEADLINE)
        deadline = value;
}

uint64_t read_msr(uint32_t index)
{
    CHECK(false, "MSR %x", index);
    return 0;
}

int wrmsr_safe(uint32_t index, uint64_t value)
{
    write_msr(index, value);
    return by_tsc ? 0 : -EFAULT;
}

int rdmsr_safe(uint32_t index, uint64_t *value)
{
    return -EFAULT;
}

/* --- Tests */

static void machine(void)
{
    apic_mode = XAPIC;
    tsc_hz = 2600000000;
    apic_hz = 100000000;
    tsc = 1ull << 40;
    count = divider = lvt = deadline = looks = 0;
    by_tsc = true;
}

static struct deadline_timer found(uint64_t calibration_ms)
{
    start_apic_count();
    tsc += tsc_hz / 1000 * calibration_ms;
    looks = 0;
    return apic_timer(tsc_hz);
}

static void any_frequency(void)
{
    static const uint64_t tscs[] = {50000000, 100000000, 2600000000, 4294967296, 10000000000, 19900000000},
                          apics[] = {8000000, 25000000, 133333333, 1000000000, 4000000000, 9000000000};

    for (unsigned int t = 0; t < ARRAY_SIZE(tscs); t++)
        for (unsigned int a = 0; a < ARRAY_SIZE(apics); a++)
            for (uint64_t ms = 0; ms <= 7000; ms = ms * 3 + 20) {
                struct deadline_timer timer;
                uint64_t hz;

                machine();
                tsc_hz = tscs[t];
                apic_hz = apics[a];
                timer = found(ms);
                hz = timer.hz * divisor();
                CHECK(hz > apic_hz - apic_hz / 1000 && hz < apic_hz + apic_hz / 1000, "TSC %llu, %llu: found %llu",
                      (unsigned long long)tsc_hz, (unsigned long long)apic_hz, (unsigned long long)hz);
                CHECK(timer.max_ticks / timer.hz >= LASTS, "it lasts %llu s",
                      (unsigned long long)(timer.max_ticks / timer.hz));
                CHECK(!count && lvt == LOCAL_TIMER_VECTOR, "it is on already");
                timer.start(12345);
                CHECK(count == 12345);
                timer.stop();
                CHECK(!count);
            }
}

static void stands(void)
{
    apic_hz = 0;
    CHECK(!found(60).hz && looks < 2 * SPAN_POLLS);
    tsc_hz = 0;
    CHECK(!found(60).hz && looks < 2 * SPAN_POLLS, "the TSC does, too");
    machine();
    apic_mode = NO_APIC;
    CHECK(!found(60).hz && !tsc_deadline_timer(tsc_hz).hz, "there is none");
}

static void by_the_tsc(void)
{
    struct deadline_timer timer = tsc_deadline_timer(tsc_hz);

    CHECK(timer.hz == tsc_hz && lvt == (APIC_LVT_TSC_DEADLINE | LOCAL_TIMER_VECTOR) && !deadline);
    timer.start(1000);
    CHECK(deadline == tsc + 1000, "%lld", (long long)(deadline - tsc));
    timer.start(UINT32_MAX);
    CHECK(deadline == tsc + UINT32_MAX);
    timer.stop();
    CHECK(!deadline);
    machine();
    by_tsc = false;
    CHECK(!tsc_deadline_timer(tsc_hz).hz && !lvt, "the processor cannot");
}

/* It has been tried, and does not interrupt: then the count is used, which it has stopped. */
static void by_the_tsc_in_vain(void)
{
    struct deadline_timer timer;

    start_apic_count();
    (void)tsc_deadline_timer(tsc_hz);
    timer = apic_timer(tsc_hz);
    CHECK(timer.hz > apic_hz - apic_hz / 1000 && timer.hz < apic_hz + apic_hz / 1000, "%llu",
          (unsigned long long)timer.hz);
    CHECK(lvt == LOCAL_TIMER_VECTOR, "%08x", lvt);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"apic_timer_any_frequency", any_frequency},
        {"apic_timer_stands", stands},
        {"apic_timer_by_the_tsc", by_the_tsc},
        {"apic_timer_by_the_tsc_in_vain", by_the_tsc_in_vain},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
