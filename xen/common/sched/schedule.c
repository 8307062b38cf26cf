/* SPDX-License-Identifier: MIT */
/*
 * Decides which vCPU runs. Those that are ready wait in one queue, first come, first served, and each runs for a time
 * slice. One that wakes with some of its slice left goes to the front, and the one that it displaces comes next. So a
 * vCPU that mostly waits runs at once, and none gets more than a slice in a round.
 *
 * If it wakes while a vCPU of its own domain runs, it waits for SIBLING_WAIT_NS first, or until the other one blocks.
 * The reason is that kernels wake another processor while they hold the lock that this processor takes first (in Linux
 * that of the run queue), and it would only spin for the rest of its slice. It must not wait much longer, though,
 * because the running vCPU may itself spin until the other has answered.
 *
 * One that may not go on yet (because somebody else is in the middle of an operation on its domain's memory, or because
 * it waits for another vCPU: stand_in()) lends its turn to the vCPU that it waits for. That one runs in its time,
 * paused or not, until the operation is done. Then the turn goes back, before anybody can begin the next operation: see
 * repay().
 *
 * While nobody waits, the slice's timer tells only that the time stamp in vcpu_info is to be renewed. The queue is a
 * ring through the idle vCPU, which itself never waits in it: behind it is the first, before it the last.
 */
#include <asm/guest_access.h>
#include <asm/processor.h>
#include <asm/window.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/operation.h>
#include <xen/schedule.h>

struct cpu this_cpu __aligned(PAGE_SIZE);

#define PUBLISH_TIME_NS 1000000000u
#define SIBLING_WAIT_NS 200000u

static struct vcpu idle_vcpu = {.run_next = &idle_vcpu, .run_prev = &idle_vcpu};
static struct timer slice_timer;
static uint64_t running_since; /* since when current has had the CPU */
static bool displaced;         /* the next schedule() is because of a vCPU that has just woken */
static uint64_t woken_at;      /* when it woke */
static uint64_t
    displace_at; /* when current's sibling, the first in the queue, has waited for long enough; 0: there is none */
static struct vcpu_info idle_info = {.evtchn_upcall_mask = 1};

/* --- The queue */

static inline bool queue_empty(void)
{
    return idle_vcpu.run_next == &idle_vcpu;
}

static inline void insert(struct vcpu *prev, struct vcpu *v, struct vcpu *next)
{
    v->queued = true;
    v->run_next = next;
    v->run_prev = prev;
    next->run_prev = v;
    prev->run_next = v;
}

static void append(struct vcpu *v)
{
    insert(idle_vcpu.run_prev, v, &idle_vcpu);
}

static void insert_first(struct vcpu *v)
{
    insert(&idle_vcpu, v, idle_vcpu.run_next);
}

/* However long the queue is, only its neighbours are looked at. */
static void remove_from_queue(struct vcpu *v)
{
    v->run_next->run_prev = v->run_prev;
    v->run_prev->run_next = v->run_next;
    v->queued = false;
}

static void change_places(struct vcpu *first, struct vcpu *other)
{
    other->slice_left = first->slice_left;
    first->slice_left = first->domain->slice_ns;
    if (other->queued) {
        remove_from_queue(other);
        insert(other->run_prev, first, other->run_next);
    } else
        append(first);
}

/* Takes the first in the queue, or the vCPU that has to run before that one can go on. */
static struct vcpu *take_first(void)
{
    struct vcpu *v = idle_vcpu.run_next, *other;

    if (v == &idle_vcpu)
        return v;
    remove_from_queue(v);
    other = stand_in(v);
    if (unlikely(other != v)) {
        change_places(v, other);
        v->operation.lent_to = other;
        other->operation.owes = true;
    }
    return other;
}

/* A vCPU in the queue that has lent v its turn and need not wait for v any more; one of another domain, if there is
 * one. */
static struct vcpu *lender_to(const struct vcpu *v)
{
    struct vcpu *sibling = NULL, *lender;

    for (lender = idle_vcpu.run_next; lender != &idle_vcpu; lender = lender->run_next) {
        if (lender->operation.lent_to != v || stand_in(lender) == v)
            continue;
        if (lender->domain != v->domain)
            return lender;
        sibling = sibling ?: lender;
    }
    return sibling;
}

/* v's operation is done: its turn goes back to who lent it. If others ran first, a domain could make the lender wait
 * for ever: by always having some vCPU in the middle of an operation when its slice ends. */
static void repay(struct vcpu *v)
{
    struct vcpu *lender = lender_to(v);

    v->operation.owes = false;
    if (!lender)
        return;
    lender->operation.lent_to = NULL;
    if (lender->domain == v->domain) /* otherwise a domain would get more time with operations than without */
        lender->slice_left = MAX(v->slice_left, MIN_SLICE_NS);
    remove_from_queue(lender);
    insert_first(lender);
}

/* --- Time slices */

static void charge(struct vcpu *v, uint64_t now)
{
    uint64_t ran = now - running_since;

    running_since = now;
    v->slice_left = ran < v->slice_left ? v->slice_left - (uint32_t)ran : 0;
}

/* The guest extrapolates from the TSC with the very factors that system_time() uses, so that an old stamp is as good as
 * a new one. While it runs it gets one each second, for the sake of guests that compute with fewer bits, or wait for
 * the next one (NetBSD does at its start). */
static void publish_time(struct vcpu *v, uint64_t now)
{
    if (unlikely(now >= v->publish_at)) {
        v->publish_at = now + PUBLISH_TIME_NS;
        update_vcpu_time(v);
    }
}

/* For one that runs alone, nothing ends but its time stamp. */
static void start_slice(const struct vcpu *v, uint64_t now)
{
    uint64_t end = queue_empty() ? v->publish_at : now + v->slice_left;

    if (v != this_cpu.idle && (!slice_timer.active || slice_timer.expires > end))
        set_timer(&slice_timer, end);
}

/* The timer is not stopped when vCPUs are switched, to save programming the hardware twice. So it may be an earlier
 * vCPU's. */
static void slice_expired(void *unused)
{
    uint64_t now = system_time(), end;
    struct vcpu *v = current;

    if (v == this_cpu.idle)
        return;
    publish_time(v, now);
    if (queue_empty()) {
        set_timer(&slice_timer, v->publish_at);
        return;
    }
    end = running_since + v->slice_left;
    if (now >= end) {
        this_cpu.work |= WORK_SCHEDULE;
    } else if (displace_at && now >= displace_at) {
        displaced = true;
        this_cpu.work |= WORK_SCHEDULE;
    } else {
        set_timer(&slice_timer, displace_at && displace_at < end ? displace_at : end);
    }
}

/* --- Run states */

static void change_runstate(struct vcpu *v, int state, uint64_t now)
{
    struct vcpu_runstate_info *r = &v->runstate;

    if (r->state == state)
        return;
    r->time[r->state] += now - r->state_entry_time;
    r->state_entry_time = now;
    r->state = state;
}

void get_runstate(const struct vcpu *v, struct vcpu_runstate_info *info)
{
    *info = v->runstate;
    info->time[info->state] += system_time() - info->state_entry_time;
}

/* The guest's copy is at a virtual address, so it can be written only while the guest's address space is loaded. */
static __attribute__((noinline)) void copy_runstate(const struct vcpu *v)
{
    (void)copy_to_guest(v->runstate_guest, &v->runstate, sizeof(v->runstate));
}

static inline void publish_runstate(const struct vcpu *v)
{
    if (unlikely(v->runstate_guest))
        copy_runstate(v);
}

static int runstate_off_cpu(const struct vcpu *v)
{
    if (v->state == VCPU_BLOCKED)
        return RUNSTATE_blocked;
    return wants_to_run(v) ? RUNSTATE_runnable : RUNSTATE_offline;
}

/* --- Ticks, which a vCPU gets only while it runs and has bound VIRQ_TIMER */

static __attribute__((noinline)) void tick_bound(struct vcpu *v, uint64_t now)
{
    if (!v->periodic_period)
        return;
    if (now - v->periodic_last >= v->periodic_period) {
        v->periodic_last = now;
        send_guest_virq(v, VIRQ_TIMER);
    }
    set_timer(&v->periodic_timer, v->periodic_last + v->periodic_period);
}

static inline void tick(struct vcpu *v, uint64_t now)
{
    if (v->virq_to_port[VIRQ_TIMER])
        tick_bound(v, now);
}

void update_periodic_timer(struct vcpu *v)
{
    if (v->periodic_timer.active)
        stop_timer(&v->periodic_timer);
    if (v == current)
        tick(v, system_time());
}

static void periodic_expired(void *v)
{
    if (v == current)
        tick(v, system_time());
}

static void singleshot_expired(void *v)
{
    send_guest_virq(v, VIRQ_TIMER);
}

static void poll_expired(void *data)
{
    struct vcpu *v = data;

    if (v->polling)
        vcpu_unblock(v);
}

/* --- The switch */

/* A vCPU that waits for another goes to the front, because its slice is now for that one. */
static void put_back(struct vcpu *v)
{
    if (v->slice_left && stand_in(v) != v) {
        insert_first(v);
        return;
    }
    if (displaced && v->slice_left && !queue_empty()) {
        insert(idle_vcpu.run_next, v, idle_vcpu.run_next->run_next);
        return;
    }
    v->slice_left = v->domain->slice_ns;
    append(v);
}

/* An event or an NMI may have come while v did not run. */
static bool has_upcall(const struct vcpu *v)
{
    return event_deliverable(v) || v->nmi_pending;
}

/* Some of the CPU's work is really the vCPU's and goes with it. A vCPU that runs in another's turn must stop at the end
 * of its operation and not before: with WORK_SCHEDULE it would wait at each preempt_point(). */
static void switch_work(struct vcpu *prev, struct vcpu *next)
{
    prev->pending_work = this_cpu.work & (WORK_CRASH | WORK_MOVED | WORK_PAUSED);
    this_cpu.work &= WORK_TIMER;
    if (next == this_cpu.idle)
        return;
    this_cpu.work |= next->pending_work;
    next->pending_work = 0;
    if (has_upcall(next))
        this_cpu.work |= WORK_UPCALL;
    if (unlikely(next->operation.owes))
        this_cpu.work |= WORK_YIELD;
    if (!wants_to_run(next) || next->operation.wanted_out)
        this_cpu.work |= WORK_PAUSED;
}

static __may_switch void schedule_at(uint64_t now)
{
    struct vcpu *prev = current, *next;

    forget_windows();
    this_cpu.work &= ~(WORK_SCHEDULE | WORK_YIELD);
    charge(prev, now);
    if (unlikely(prev->operation.owes) && !prev->operation.suspended)
        repay(prev);
    if (prev != this_cpu.idle && wants_to_run(prev))
        put_back(prev);
    displaced = false;
    displace_at = 0;
    next = take_first();
    if (next == prev) {
        if (prev->operation.owes)
            this_cpu.work |= WORK_YIELD;
        if (prev != this_cpu.idle && !wants_to_run(prev))
            this_cpu.work |= WORK_PAUSED;
        start_slice(prev, now);
        return;
    }

    if (prev->periodic_timer.active)
        stop_timer(&prev->periodic_timer);
    change_runstate(prev, runstate_off_cpu(prev), now);
    publish_runstate(prev);
    change_runstate(next, RUNSTATE_running, now);
    switch_work(prev, next);
    publish_time(next, now);
    start_slice(next, now);
    context_switch(prev, next);
    schedule_tail();
}

void schedule(void)
{
    schedule_at(system_time());
}

void schedule_woken(void)
{
    schedule_at(woken_at);
}

/* The tick may wake the vCPU that ran before, so that one must not be current any more. The clock was read when the
 * switch began, and need not be read again. */
void schedule_tail(void)
{
    struct vcpu *v = current; /* the idle vCPU has neither */

    publish_runstate(v);
    tick(v, running_since);
}

long yield_cpu(void)
{
    if (unlikely(event_deliverable(current)))
        this_cpu.work |= WORK_UPCALL;
    if (unlikely(!queue_empty()))
        schedule();
    return 0;
}

/* --- Waking and sleeping */

static void displace_soon(uint64_t now)
{
    if (displace_at)
        return;
    displace_at = now + SIBLING_WAIT_NS;
    if (!slice_timer.active || slice_timer.expires > displace_at)
        set_timer(&slice_timer, displace_at);
}

void vcpu_wake(struct vcpu *v)
{
    uint64_t now;

    if (v == current || v->queued)
        return;
    now = system_time();
    if (!wants_to_run(v)) {
        change_runstate(v, runstate_off_cpu(v), now);
        return;
    }
    change_runstate(v, RUNSTATE_runnable, now);
    if (current == this_cpu.idle || !v->slice_left) {
        v->slice_left = v->domain->slice_ns;
        append(v);
        if (current == this_cpu.idle)
            this_cpu.work |= WORK_SCHEDULE;
        else
            start_slice(current, running_since);
        return;
    }
    insert_first(v);
    if (v->domain == current->domain) {
        displace_soon(now);
        return;
    }
    displaced = true;
    woken_at = now;
    this_cpu.work |= WORK_SCHEDULE;
}

void vcpu_sleep(struct vcpu *v)
{
    if (v == current) {
        this_cpu.work |= WORK_PAUSED | WORK_SCHEDULE; /* even amid an operation */
        return;
    }
    if (wants_to_run(v))
        return;
    if (v->queued)
        remove_from_queue(v);
    if (v->runstate.state == RUNSTATE_runnable)
        change_runstate(v, RUNSTATE_offline, system_time());
}

static void end_poll(struct vcpu *v)
{
    v->polling = false;
    v->domain->poll_mask &= ~(1u << v->vcpu_id);
    stop_timer(&v->poll_timer);
}

void vcpu_unblock(struct vcpu *v)
{
    if (v->state != VCPU_BLOCKED)
        return;
    if (v->polling)
        end_poll(v);
    v->state = VCPU_RUNNABLE;
    vcpu_wake(v);
}

void vcpu_block(void)
{
    struct vcpu *v = current;

    v->vcpu_info->evtchn_upcall_mask = 0;
    if (event_deliverable(v)) {
        this_cpu.work |= WORK_UPCALL;
        return;
    }
    v->state = VCPU_BLOCKED;
    schedule();
}

/* --- Set-up */

void set_weight(struct domain *d, uint32_t weight)
{
    uint64_t slice = div64((uint64_t)weight * 10000000, DEFAULT_WEIGHT, NULL);

    d->weight = weight;
    d->slice_ns = MIN(MAX(slice, MIN_SLICE_NS), MAX_SLICE_NS);
}

void init_vcpu_scheduling(struct vcpu *v)
{
    v->state = VCPU_OFFLINE;
    v->operation.domain = v->domain;
    v->slice_left = v->domain->slice_ns;
    v->periodic_period = 10000000; /* 100 Hz, until the guest says otherwise: Xen's default */
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = system_time();
    init_timer(&v->singleshot_timer, singleshot_expired, v);
    init_timer(&v->periodic_timer, periodic_expired, v);
    init_timer(&v->poll_timer, poll_expired, v);
}

void destroy_vcpu_scheduling(struct vcpu *v)
{
    stop_timer(&v->singleshot_timer);
    stop_timer(&v->periodic_timer);
    stop_timer(&v->poll_timer);
    if (v->queued)
        remove_from_queue(v);
}

void __init init_idle(void)
{
    struct vcpu *v = &idle_vcpu;

    v->domain = idle_domain;
    v->vcpu_info = &idle_info;
    v->info_frame = INVALID_MFN;
    init_vcpu_scheduling(v);
    v->state = VCPU_RUNNABLE;
    v->periodic_period = 0;
    v->publish_at = UINT64_MAX;
    v->runstate.state = RUNSTATE_running;
    init_timer(&slice_timer, slice_expired, NULL);
    running_since = system_time();
    this_cpu.idle = v;
    this_cpu.domain = v->domain;
    current = v;
}

void idle_loop(void)
{
    for (;;) {
        if (this_cpu.work & WORK_TIMER)
            run_timers();
        if (!queue_empty())
            schedule();
        else if (!(this_cpu.work & WORK_TIMER))
            wait_for_interrupt();
    }
}

/* --- Audit */

/* vCPUs that could run must be in the queue, once; all others must not. */
void audit_run_queue(void)
{
    struct vcpu *last = &idle_vcpu, *v;
    uint32_t in_queue = 0, queued = 0;
    struct domain *d;

    for (; last->run_next != &idle_vcpu && last->run_next->run_prev == last && in_queue <= MAX_VCPU_AREAS;
         last = last->run_next)
        in_queue++;
    for_each_domain(d) for_each_vcpu(d, v)
    {
        bool expected = v != current && wants_to_run(v);

        queued += v->queued;
        if (v->queued != expected)
            audit_mismatch(INT82_AUDIT_QUEUE, audit_vcpu_id(v), expected, v->queued);
    }
    if (queued != in_queue || idle_vcpu.run_prev != last)
        audit_mismatch(INT82_AUDIT_QUEUE, audit_vcpu_id(current), queued, in_queue);
}
