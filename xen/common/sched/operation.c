/* SPDX-License-Identifier: MIT */
/*
 * Operations that are interrupted in their middle so that others can run, and who waits for whom. See xen/operation.h
 * and docs/concurrency.md.
 *
 * A vCPU off the CPU is in one of two places: on its way out to the guest, with all its registers in v->frame; or
 * inside the hypervisor, in schedule(). In schedule() it is in the middle of an operation on a domain's memory
 * (operation.suspended), or between two steps of a call, where it holds nothing but references. A pause takes effect in
 * either place. A vCPU that needs that memory, or needs the other vCPU on its way out, lets it run up to there in its
 * own time, paused or not.
 */
#include <asm/guest_access.h>
#include <asm/processor.h>
#include <asm/window.h>
#include <xen/domain.h>
#include <xen/faults.h>
#include <xen/operation.h>
#include <xen/schedule.h>
#include <xen/trace.h>

/* Nobody waits in a circle: a vCPU in the middle of an operation waits for nobody; one that is wanted out gives up its
 * own wait; all others wait for one of these two, or for the holder of domctl, who waits for nothing else. */
struct vcpu *who_stands_in(struct vcpu *v)
{
    for (;;) {
        const struct vcpu_operation *o = &v->operation;
        struct vcpu *next = NULL;

        if (o->suspended)
            return v;
        if (v->domain->memory_holder)
            return v->domain->memory_holder;
        if (o->wanted_out)
            return v;
        if (o->waits_for)
            next = *o->waits_for;
        else if (o->wants_out && !o->wants_out->frame)
            next = o->wants_out;
        if (!next)
            return v;
        v = next;
    }
}

/* Current must not make another step for now. */
static bool must_leave(const struct vcpu *v)
{
    return v->operation.wanted_out || !wants_to_run(v) || v->crash_pending;
}

static __may_switch void suspend(void)
{
    struct vcpu *v = current;
    struct domain *d = v->operation.domain;

    BUG_ON(d->memory_holder);
    v->operation.suspended = true;
    d->memory_holder = v;
    schedule();
    d->memory_holder = NULL;
    v->operation.suspended = false;
}

/* Runs the timers for which interrupts have come. True: others are to run now; always so if a test forces it. */
static bool others_are_due(bool forced)
{
    if (this_cpu.work & WORK_TIMER)
        run_timers();
    return this_cpu.work & WORK_SCHEDULE || forced;
}

static __attribute__((noinline)) __may_switch void preempt(bool forced)
{
    if (others_are_due(forced))
        suspend();
}

void preempt_point(void)
{
    bool forced = fault_preemption();

    interrupt_window();
    this_cpu.effort_left = EFFORT_MAX;
    forget_windows();
    if (unlikely(this_cpu.work & (WORK_TIMER | WORK_SCHEDULE)) || forced)
        preempt(forced);
}

static __attribute__((noinline)) __may_switch bool pause(bool forced)
{
    if (must_leave(current))
        return true; /* at once: otherwise a sibling may run first and begin an operation, for which the waiter would
                        have to wait as well */
    if (others_are_due(forced) || this_cpu.work & WORK_YIELD)
        schedule();
    return must_leave(current);
}

bool pause_point(void)
{
    bool forced = fault_preemption();

    interrupt_window();
    this_cpu.effort_left = EFFORT_MAX;
    forget_windows();
    if (likely(!(this_cpu.work & (WORK_TIMER | WORK_SCHEDULE | WORK_PAUSED | WORK_YIELD))) && !forced)
        return false;
    return pause(forced);
}

/* --- Waiting */

int wait_for_holder(struct vcpu **holder)
{
    struct vcpu *v = current;

    while (*holder) {
        v->operation.waits_for = holder;
        schedule();
        v->operation.waits_for = NULL;
        if (must_leave(v))
            return -ERESTART;
    }
    return 0;
}

int stop_at_exit(struct vcpu *v)
{
    struct vcpu *me = current;

    while (!v->frame) {
        v->operation.wanted_out = true;
        me->operation.wants_out = v;
        schedule();
        me->operation.wants_out = NULL;
        if (must_leave(me))
            return -ERESTART;
    }
    return 0;
}

/* --- Other domains' memory */

int begin_foreign_operation(struct domain *d)
{
    int rc = wait_for_holder(&d->memory_holder);

    if (rc)
        return rc;
    if (d->is_dying)
        return -ESRCH;
    current->operation.domain = d;
    return 0;
}

/* While current worked on another domain's memory, somebody may have begun to work on that of current's own. */
void end_foreign_operation(void)
{
    struct vcpu *v = current;

    v->operation.domain = v->domain;
    while (unlikely(v->domain->memory_holder))
        schedule();
}

bool pause_operation(struct domain *d)
{
    end_operation();
    return pause_point() || begin_operation(d);
}

/* --- Calls that are made again */

long restart_call(uint32_t number, unsigned int args, uint32_t arg0, uint32_t arg1, uint32_t arg2)
{
    this_cpu.restart = (struct restart){.number = number, .args = args, .arg = {arg0, arg1, arg2}};
    this_cpu.work |= WORK_RESTART;
    return -ERESTART;
}

/* Back to the `int $0x82`, which has two bytes. */
void apply_restart(struct cpu_user_regs *regs)
{
    const struct restart *r = &this_cpu.restart;
    uint32_t *const args[RESTART_ARGS] = {&regs->ebx, &regs->ecx, &regs->edx};

    regs->eip -= 2;
    regs->eax = r->number;
    for (unsigned int i = 0; i < r->args; i++)
        *args[i] = r->arg[i];
    trace_again();
}

/* The call that is to be made again is the one before `next`, so the multicall goes on with that one. */
static multicall_entry_t *restart_entry(multicall_entry_t *next)
{
    const struct restart *r = &this_cpu.restart;

    this_cpu.work &= ~WORK_RESTART;
    next--;
    (void)copy_to_guest(next->args, r->arg, r->args * sizeof(r->arg[0]));
    return next;
}

void multicall_leave(multicall_entry_t *next, multicall_entry_t *end)
{
    if (next < end && !current->crash_pending)
        (void)restart_call(__HYPERVISOR_multicall, 2, (uint32_t)next, end - next, 0);
}

bool multicall_go_on(multicall_entry_t *next, multicall_entry_t *end)
{
    if (unlikely(this_cpu.work & WORK_RESTART))
        next = restart_entry(next);
    else if (!current->crash_pending && !pause_point())
        return true;
    multicall_leave(next, end);
    return false;
}
