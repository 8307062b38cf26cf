/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's timer, by its own count or by the TSC. Source: Intel SDM 3, 11.5.4. It goes on in the power states
 * that `hlt` leads to, and deeper ones are not used.
 */
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/processor.h>
#include <xen/lib.h>

#define CPUID_TSC_DEADLINE (1u << 24) /* 1 ECX */
#define MSR_TSC_DEADLINE   0x6E0
#define DIVIDE_BY_1        0xB
#define MIN_SPAN           50 /* of a second: 20 ms */
#define SPAN_POLLS         1000000
#define LASTS              2 /* seconds, at least, without being set again */

static uint64_t __initdata count_began; /* TSC */

void __init start_apic_count(void)
{
    if (!apic_is_on())
        return;
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_TIMER_COUNT, UINT32_MAX);
    count_began = read_tsc();
}

/* Calibration has lasted long enough, unless nothing could be measured; if it has waited for clocks that stand, it has
 * lasted too long. 0: it does not count. */
static uint64_t __init count_hz(uint64_t tsc_hz)
{
    uint32_t span = div64(tsc_hz, MIN_SPAN, NULL), left;
    uint64_t ticks = 0;

    if ((read_tsc() - count_began) >> 32 || !apic_read(APIC_TIMER_NOW))
        start_apic_count();
    for (unsigned int i = 0; i < SPAN_POLLS && ticks < span; i++)
        ticks = read_tsc() - count_began;
    left = apic_read(APIC_TIMER_NOW);
    ticks = read_tsc() - count_began;
    if (!left || left == UINT32_MAX || ticks >> 32)
        return 0;
    return div64((uint64_t)(UINT32_MAX - left) * div64(tsc_hz, 1000, NULL), ticks, NULL) * 1000;
}

/* The register's bits are 0, 1 and 3; 7 means 1. */
static uint32_t __init divide_code(unsigned int shift)
{
    uint32_t code = (shift - 1) & 7;

    return (code & 4) << 1 | (code & 3);
}

static void start_count(uint32_t ticks)
{
    apic_write(APIC_TIMER_COUNT, ticks);
}

static void stop_count(void)
{
    apic_write(APIC_TIMER_COUNT, 0);
}

struct deadline_timer __init apic_timer(uint64_t tsc_hz)
{
    uint64_t hz = 0;
    unsigned int shift = 0;

    if (apic_is_on() && apic_read(APIC_LVT_TIMER) & APIC_LVT_TSC_DEADLINE)
        start_apic_count(); /* that has been tried, and has stopped it */
    if (apic_is_on())
        hz = count_hz(tsc_hz);
    if (!hz)
        return (struct deadline_timer){.name = "apic"};
    while (hz >> shift > UINT32_MAX / LASTS && shift < 7)
        shift++;
    apic_write(APIC_TIMER_COUNT, 0);
    apic_write(APIC_TIMER_DIVIDE, divide_code(shift));
    apic_write(APIC_LVT_TIMER, LOCAL_TIMER_VECTOR);
    return (struct deadline_timer){"apic", hz >> shift, 1, UINT32_MAX, start_count, stop_count};
}

/* One that is over already interrupts at once. */
static void start_deadline(uint32_t ticks)
{
    write_msr(MSR_TSC_DEADLINE, read_tsc() + ticks);
}

static void stop_deadline(void)
{
    write_msr(MSR_TSC_DEADLINE, 0);
}

struct deadline_timer __init tsc_deadline_timer(uint64_t tsc_hz)
{
    if (!apic_is_on() || !(read_cpuid(1, 0).ecx & CPUID_TSC_DEADLINE) || wrmsr_safe(MSR_TSC_DEADLINE, 0))
        return (struct deadline_timer){.name = "tsc-deadline"};
    apic_write(APIC_LVT_TIMER, APIC_LVT_TSC_DEADLINE | LOCAL_TIMER_VECTOR);
    /* The store to the LVT may still be on its way when the MSR is written, which then has no effect (SDM 3, 11.5.4.1).
     */
    __asm__ volatile("mfence; lfence" ::: "memory");
    return (struct deadline_timer){"tsc-deadline", tsc_hz, 1, UINT32_MAX, start_deadline, stop_deadline};
}
