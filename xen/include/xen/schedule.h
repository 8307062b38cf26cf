/* The scheduler's side towards set-up, the exit path and other hypercalls. xen/sched.h has what everybody calls. */
#ifndef XEN_SCHEDULE_H
#define XEN_SCHEDULE_H

#include <xen/sched.h>

/* The context that runs becomes the idle vCPU; then it waits for something to run. */
void init_idle(void);
void idle_loop(void) __attribute__((noreturn));

void init_vcpu_scheduling(struct vcpu *v);
/* Ends its timers, before the vCPU goes away. */
void destroy_vcpu_scheduling(struct vcpu *v);

/* In current's address space, after a switch to it. */
void schedule_tail(void);

/* SCHEDOP_yield */
long yield_cpu(void);

/* Something that a blocked vCPU waits for has come. */
void vcpu_unblock(struct vcpu *v);
/* Starts or stops the ticks of v, which runs, after its period or its binding of VIRQ_TIMER has changed. */
void update_periodic_timer(struct vcpu *v);

void get_runstate(const struct vcpu *v, struct vcpu_runstate_info *info);

void init_watchdogs(struct domain *d);
void stop_watchdogs(struct domain *d);

#endif
