/* SPDX-License-Identifier: MIT */
/*
 * What the files of dev/ that deal with time need of each other: time.c (system time), calibrate.c (the TSC's
 * frequency), deadline.c (the one interrupt at a time), and a file for each device.
 */
#ifndef ASM_CLOCK_H
#define ASM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define PM_TIMER_HZ 3579545u /* ACPI 6.4, 4.8.3.3 */

#ifndef UNIT_TEST
static inline uint64_t read_tsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}
#else
uint64_t read_tsc(void);
#endif

/* --- What counts at a known frequency (at boot only) */

struct counter {
    const char *name;
    uint32_t hz;            /* 0: the machine does not have it */
    uint32_t mask;          /* of the bits that count; they last 40 ms at least */
    uint32_t (*read)(void); /* upwards */
};

struct counter pm_timer_counter(void);
struct counter hpet_counter(void);
struct counter pit_counter(void);

/* Ticks of the TSC a second, a multiple of 1000. Panics if nothing tells. */
uint64_t calibrate_tsc(void);

/* --- What interrupts once, after a while */

struct deadline_timer {
    const char *name;              /* on the command line, too: timer= */
    uint64_t hz;                   /* 0: it cannot be used */
    uint32_t min_ticks, max_ticks; /* that start() takes */
    void (*start)(uint32_t ticks); /* replaces what has been started before */
    void (*stop)(void);            /* one interrupt may still come */
};

/* Each sets its device up, without an interrupt for now. */
struct deadline_timer tsc_deadline_timer(uint64_t tsc_hz);
struct deadline_timer apic_timer(uint64_t tsc_hz);
struct deadline_timer hpet_timer(void);
struct deadline_timer pit_timer(void);

/* Its count runs while the TSC is calibrated, so that apic_timer() need not wait. */
void start_apic_count(void);

/* Chooses one that really interrupts. Panics if there is none. Needs system_time(). */
void init_deadline(uint64_t tsc_hz);

/* --- The real-time clock: seconds since 1970 (UTC). 0: there is none. */
uint32_t read_rtc(void);

#endif
