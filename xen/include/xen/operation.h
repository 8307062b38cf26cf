/* SPDX-License-Identifier: MIT */
/*
 * The rule of exclusion: one operation on a domain's memory at a time. docs/concurrency.md has all of it.
 *
 * Each vCPU has its own stack in the hypervisor. So others can run in the middle of an operation that takes long
 * (preempt_point()), and it goes on later. Meanwhile the vCPU is its domain's memory_holder, and no vCPU of that domain
 * runs: when the turn of one comes, the holder runs in its place. A vCPU that works on another domain's memory
 * announces it (begin_operation()), and waits for that domain's holder first. So whatever an operation finds out about
 * the memory of its domain stays true until it ends, and nobody sees a table that is half validated.
 *
 * With one CPU this is all the locking there is, and it costs nothing while no operation is interrupted. With more
 * CPUs, each domain would have a lock, taken in begin_operation() and at the gate.
 */
#ifndef XEN_OPERATION_H
#define XEN_OPERATION_H

#include <xen/sched.h>

/* The call has to be made again. The guest never sees this: whoever returns it has called restart_call(). */
#define ERESTART 85

/* Current is going to work on d's memory: its types, tables and frames. For its own domain's memory no call is needed.
 * Current must not work on another domain's already. 0; -ERESTART: somebody wants current on its way out, so it stops
 * waiting; -ESRCH: d has ended. */
__may_switch int begin_foreign_operation(struct domain *d);
static inline __may_switch int begin_operation(struct domain *d)
{
    return likely(d == this_cpu.domain) ? 0 : begin_foreign_operation(d);
}
/* The work is done; current is back at its own domain's memory. */
__may_switch void end_foreign_operation(void);
static inline __may_switch void end_operation(void)
{
    if (unlikely(current->operation.domain != this_cpu.domain))
        end_foreign_operation();
}
/* Between two parts of such work, when nothing is half done. True: as pause_point(), or d has ended. */
__may_switch bool pause_operation(struct domain *d);

/* In the middle of an operation: lets interrupts in, and lets others run, except those that could touch the memory of
 * the operation's domain. Windows, and whatever else was looked up, are invalid afterwards; references stay. */
__may_switch void preempt_point(void);

/* The same between two steps of a call, when nothing is half done, so anybody may run. True: current is wanted on its
 * way out, or must not run for now. The call has to end, with restart_call(). */
__may_switch bool pause_point(void);

/* A loop of short steps has one of these points after this many. */
#define STEPS_PER_POINT 64
static inline bool point_due(uint32_t step)
{
    return step % STEPS_PER_POINT == STEPS_PER_POINT - 1;
}

/* Somebody waits for current to stop: to be asked where a long step can be cut short. */
static inline bool others_wait(void)
{
    return this_cpu.work & (WORK_YIELD | WORK_PAUSED);
}

/* Waits until *holder is NULL. The vCPU that it names runs meanwhile. 0 or -ERESTART, as above. */
__may_switch int wait_for_holder(struct vcpu **holder);

/* Waits until v is on its way out, where v->frame has its registers. v is initialised and paused, and is not current.
 * If it waits in SCHEDOP_block or poll, it leaves that and waits on its way out instead. 0 or -ERESTART. */
__may_switch int stop_at_exit(struct vcpu *v);

/* The call in progress, which has this number, has to be made again, as if the guest had passed these values as its
 * first arguments. Returns -ERESTART, for the caller to return. */
long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2);
/* Carries that out, on the way out. */
void apply_restart(struct cpu_user_regs *regs);

/* Between two calls of a multicall, when work waits. True: the call at `next` may be made. False: the multicall goes on
 * there when the guest goes on. */
__may_switch bool multicall_go_on(multicall_entry_t *next, multicall_entry_t *end);
/* The second half of multicall_go_on(), for a caller of pause_point(). */
void multicall_leave(multicall_entry_t *next, multicall_entry_t *end);

/* For the scheduler: the vCPU that has to run before v can go on; v itself if there is none. */
struct vcpu *who_stands_in(struct vcpu *v);
static inline struct vcpu *stand_in(struct vcpu *v)
{
    if (likely(!v->domain->memory_holder) && likely(!v->operation.waits_for) && likely(!v->operation.wants_out))
        return v;
    return who_stands_in(v);
}

#endif
