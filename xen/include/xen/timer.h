/* SPDX-License-Identifier: MIT */
/* One-shot software timers on one hardware one-shot timer, which is armed only while something waits. */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S 1000000000u

struct timer {
    uint64_t expires; /* system time, ns */
    void (*function)(void *data);
    void *data;
    struct timer *next; /* sorted by expiry */
    bool active;
};

void init_timer(struct timer *t, void (*function)(void *), void *data);
void set_timer(struct timer *t, uint64_t expires);
void stop_timer(struct timer *t);
void run_timers(void); /* interrupts off; calls what has expired */

/* Arch side (arch/x86/dev/time.c, deadline.c) */
uint64_t system_time(void);             /* ns since boot, from the TSC */
void arm_hardware_timer(uint64_t when); /* interrupt at or soon after `when`; UINT64_MAX: none */
extern uint32_t tsc_khz;
extern uint32_t tsc_to_ns_mul; /* ns = (ticks << shift) * mul >> 32, as vcpu_time_info has it */
extern int8_t tsc_to_ns_shift;

struct vcpu;
struct domain;
void update_vcpu_time(struct vcpu *v);   /* publishes the vCPU's vcpu_time_info */
void update_wallclock(struct domain *d); /* publishes shared_info's wc_* */

#endif
