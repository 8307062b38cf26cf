/* SPDX-License-Identifier: MIT */
/*
 * The rule of exclusion: one operation on a domain's memory at a time. docs/concurrency.md has all of it.
 *
 * A vCPU has a stack of its own in the hypervisor, so an operation that takes long is switched away from in its middle
 * (preempt_point()) and goes on later. From then until it goes on the vCPU is its domain's memory_holder, and no vCPU
 * of that domain runs: when the turn of one comes, the holder runs in its place. Who works on another domain's memory
 * says so (begin_operation()), and waits for that domain's holder first. So whatever an operation finds out about the
 * memory of its domain stays true until it ends, and nobody meets a table that is half validated.
 *
 * With one CPU this is all the locking there is, and costs nothing where nobody is switched away from. With more CPUs
 * begin_operation(), end_operation() and the gate become the places of a lock of each domain.
 */
#ifndef XEN_OPERATION_H
#define XEN_OPERATION_H

#include <xen/sched.h>

/* The call is to be made again. The guest never sees it: whoever returns it has called restart_call(). */
#define ERESTART 85

/* Current is going to work on d's memory: its types, tables and frames. Its own domain's it may without asking. To be
 * called while current works on no other domain's. 0; -ERESTART: current is wanted elsewhere, and does not wait any
 * longer; -ESRCH: d has come to its end. */
__may_switch int begin_foreign_operation(struct domain *d);
static inline __may_switch int begin_operation(struct domain *d)
{
    return likely(d == this_cpu.domain) ? 0 : begin_foreign_operation(d);
}
/* It is done, and current back at its own domain. */
__may_switch void end_foreign_operation(void);
static inline __may_switch void end_operation(void)
{
    if (unlikely(current->operation.domain != this_cpu.domain))
        end_foreign_operation();
}
/* Between two parts of such work that leave nothing half done. As pause_point(), or d has come to its end. */
__may_switch bool pause_operation(struct domain *d);

/* Amid an operation: lets interrupts in, and others run, but nobody that could meet the operation's domain. Windows and
 * whatever else was looked up are gone afterwards; references stay. */
__may_switch void preempt_point(void);

/* Between two steps of a call, when nothing is half done: the same, and anybody may run. True: current is wanted on its
 * way out, or is not to run any more for now, and the call makes way for it: restart_call(). */
__may_switch bool pause_point(void);

/* A loop of short steps comes to one of these points after so many. */
#define STEPS_PER_POINT 64
static inline bool point_due(uint32_t step)
{
    return step % STEPS_PER_POINT == STEPS_PER_POINT - 1;
}

/* Somebody waits for current to make way: a step ends here that could also be longer. */
static inline bool others_wait(void)
{
    return this_cpu.work & (WORK_YIELD | WORK_PAUSED);
}

/* Waits until *holder is NULL; whoever it names runs meanwhile. 0 or -ERESTART, as above. */
__may_switch int wait_for_holder(struct vcpu **holder);

/* Brings v, which is initialised, is not current and has been paused, to its way out, where v->frame has its registers.
 * One that waits in SCHEDOP_block or poll will wait there instead. 0 or -ERESTART. */
__may_switch int stop_at_exit(struct vcpu *v);

/* The call in progress, which has this number, is to be made again, as if the guest had passed these values for its
 * first arguments. -ERESTART, to be returned. */
long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2);
/* On the way out: makes it so. */
void apply_restart(struct cpu_user_regs *regs);

/* Between two calls of a multicall, with work waiting: whether the one at `next` may be made. If not, the multicall
 * goes on there when the guest does. */
__may_switch bool multicall_go_on(multicall_entry_t *next, multicall_entry_t *end);
/* The second half of that, after pause_point() alone. */
void multicall_leave(multicall_entry_t *next, multicall_entry_t *end);

/* For the scheduler: who has to run before v can go on; v itself if nobody. */
struct vcpu *stand_in(struct vcpu *v);

#endif
