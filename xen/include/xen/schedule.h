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

/* A vCPU's time slice is as long as its domain's weight says. Between the bounds CPU time is shared in proportion. */
#define DEFAULT_WEIGHT 256 /* 10 ms */
#define MIN_SLICE_NS   100000u
#define MAX_SLICE_NS   100000000u
void set_weight(struct domain *d, uint32_t weight);

/* For one who waits for another vCPU: lets it run. 0, or why to give up, lest both wait for each other: -EINTR when the
 * caller's domain is ending, -EAGAIN when somebody has paused the caller, and so may be waiting for it. */
int wait_for_others(void);
/* Brings v, which is paused, to where v->frame is set. If it waits in SCHEDOP_block, it will wait there instead. 0 or
 * as above. */
int stop_at_exit(struct vcpu *v);
/* The same for one that is amid an operation; leaves alone those that wait for an event. */
int finish_operation(struct vcpu *v);

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
