/* SPDX-License-Identifier: MIT */
/* Rows of one-shot timers: setting them, and the way from one's interrupt to the guest's handler. */
#include "rows.h"

#include <guest/events.h>
#include <public/sched.h>
#include <public/vcpu.h>

#define CALLS 256

/* ---- Setting them: all far in the future except for that of the loop's last call. Effect: that one expires at its
 * time. */
#define FAR  3600000000000ull /* ns */
#define SOON 20000000ull

static bool comes(evtchn_port_t port, uint64_t until)
{
    struct sched_poll poll = {.ports = &port, .nr_ports = 1, .timeout = until};

    HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
    return event_pending(port);
}

static void one_shot(struct bench *b, bool by_vcpu_op)
{
    static struct vcpu_set_singleshot_timer timer[2];
    int port = event_bind_virq(VIRQ_TIMER, 0);
    uint64_t when;
    uint32_t i;

    if (!bench_expect(b, port > 0, "cannot bind the timer: %d", port))
        return;
    if (by_vcpu_op && HYPERVISOR_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL)) {
        bench_skip(b, "no one-shot timers");
        event_close(port);
        return;
    }
    bench_calls(b, CALLS, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer[0], 0, 0);
    bench_call_set(b, CALLS - 1, __HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0, &timer[1], 0, 0);
    while (bench_repeat(b)) {
        when = system_time() + SOON;
        timer[0].timeout_abs_ns = when + FAR;
        timer[1].timeout_abs_ns = when;
        for (i = 0; i < CALLS && !by_vcpu_op; i++)
            bench_call_set(b, i, __HYPERVISOR_set_timer_op, (uint32_t)timer[i == CALLS - 1].timeout_abs_ns,
                           (uint32_t)(timer[i == CALLS - 1].timeout_abs_ns >> 32), 0, 0, 0);
        events_clear_all();
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, system_time() > when || !event_pending(port), "the timer came too early");
        bench_expect(b, comes(port, when + FAR), "the timer did not come");
        bench_expect(b, system_time() >= when, "the timer came too early");
    }
    HYPERVISOR_set_timer_op(0, 0);
    event_close(port);
    events_clear_all();
}

void set_timer_op(struct bench *b)
{
    one_shot(b, false);
}

void set_timer_oneshot(struct bench *b)
{
    one_shot(b, true);
}

/* ---- From the interrupt to the handler. Each call sets a timer and waits for it in a loop that reads the TSC; the
 * handler reads it, too. The figure is what lies between the loop's last reading and the handler's. Effect: the handler
 * runs once for each timer, and not before its time. */
#define INTERRUPTS  16
#define AHEAD       50000u    /* ns: long enough to begin waiting. Slow machines get more */
#define AHEAD_LIMIT 10000000u /* a machine that needs more than this has stopped */

static int timer_port;
static uint32_t ahead;
static bool came_early;

static uint64_t interrupts(struct bench_call *calls, struct bench_call *end)
{
    uint64_t ticks = 0;

    for (struct bench_call *c = calls; c < end; c++) {
        uint64_t when;
        uint32_t one;

        do {
            events_disable();
            events_clear_all();
            when = system_time() + ahead;
            c->result = HYPERVISOR_set_timer_op((uint32_t)when, (uint32_t)(when >> 32));
            one = bench_await_event();
            if (!one)
                ahead *= 2;
        } while (!one && ahead < AHEAD_LIMIT);
        came_early |= system_time() < when;
        ticks += one;
    }
    return ticks;
}

static uint64_t no_interrupts(struct bench_call *calls, struct bench_call *end)
{
    uint64_t ticks = 0;

    for (struct bench_call *c = calls; c < end; c++)
        ticks += bench_await_nothing();
    return ticks;
}

void timer_interrupt(struct bench *b)
{
    static const struct bench_loop loop = {interrupts, no_interrupts};

    timer_port = event_bind_virq(VIRQ_TIMER, 0);
    if (!bench_expect(b, timer_port > 0, "cannot bind the timer: %d", timer_port))
        return;
    bench_pending_word = &shared_info->evtchn_pending[timer_port / 32];
    event_unmask(timer_port);
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, entry_stamp, FLAT_KERNEL_CS, failsafe_entry);
    b->loop = &loop;
    bench_calls(b, INTERRUPTS, __HYPERVISOR_set_timer_op, 0, 0, 0, 0, 0);
    ahead = AHEAD;
    came_early = false;
    while (bench_repeat(b)) {
        bench_entry_count = 0;
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, ahead < AHEAD_LIMIT, "no timer set %u ms ahead comes in time", AHEAD_LIMIT / 1000000);
        bench_expect(b, bench_entry_count == b->count, "%u upcalls for %u timers", bench_entry_count, b->count);
        bench_expect(b, !came_early, "a timer came too early");
    }
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry);
    event_mask(timer_port);
    event_close(timer_port);
    events_clear_all();
}
