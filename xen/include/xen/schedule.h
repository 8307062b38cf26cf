/* SPDX-License-Identifier: MIT */
/* What set-up, the exit path and some hypercalls need of the scheduler. xen/sched.h has what everybody uses. */
#ifndef XEN_SCHEDULE_H
#define XEN_SCHEDULE_H

#include <xen/sched.h>

/* init_idle() makes the running context the idle vCPU; idle_loop() waits until something can run. */
void init_idle(void);
__may_switch void idle_loop(void) __attribute__((noreturn));

void init_vcpu_scheduling(struct vcpu *v);
/* Ends its timers, before the vCPU goes away. */
void destroy_vcpu_scheduling(struct vcpu *v);

/* In current's address space, after a switch to it. */
void schedule_tail(void);

/* A vCPU's time slice is proportional to its domain's weight, within these bounds. */
#define DEFAULT_WEIGHT 256 /* 10 ms */
#define MIN_SLICE_NS   100000u
#define MAX_SLICE_NS   100000000u
void set_weight(struct domain *d, uint32_t weight);

static inline bool wants_to_run(const struct vcpu *v)
{
    return v->state == VCPU_RUNNABLE && !v->pause_count;
}

/* schedule() for a caller that has just woken somebody who goes before current: the clock is not read again. */
__may_switch void schedule_woken(void);

/* SCHEDOP_yield */
__may_switch long yield_cpu(void);

/* Wakes v if it is blocked, because something that it waits for has come. */
void vcpu_unblock(struct vcpu *v);
/* Starts or stops the ticks of v, which runs, after its period or its binding of VIRQ_TIMER has changed. */
void update_periodic_timer(struct vcpu *v);

void get_runstate(const struct vcpu *v, struct vcpu_runstate_info *info);

void init_watchdogs(struct domain *d);
void stop_watchdogs(struct domain *d);

#endif
