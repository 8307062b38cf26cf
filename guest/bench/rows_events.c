/* SPDX-License-Identifier: MIT */
/* Rows of event channels: sending to a port of our own, bound as an IPI to the vCPU itself. */
#include "rows.h"

#include <guest/events.h>
#include <public/event_channel.h>

#define CALLS 256

static struct evtchn_send send;

static bool set_up(struct bench *b)
{
    int port = event_bind_ipi(0);

    if (!bench_expect(b, port > 0, "cannot bind a port: %d", port))
        return false;
    send.port = port;
    bench_pending_word = &shared_info->evtchn_pending[port / 32];
    events_clear_all();
    event_unmask(port);
    bench_calls(b, CALLS, __HYPERVISOR_event_channel_op, EVTCHNOP_send, &send, 0, 0, 0);
    return true;
}

static void tear_down(void)
{
    event_mask(send.port);
    event_close(send.port);
    events_clear_all();
}

/* The port is pending already: nothing changes. */
void send_already_pending(struct bench *b)
{
    if (!set_up(b))
        return;
    while (bench_repeat(b)) {
        event_send(send.port);
        bench_expect(b, event_pending(send.port), "the port is not pending");
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, event_pending(send.port), "the port is not pending any more");
    }
    tear_down();
}

/* The port is not pending: the bits are set, but nothing more, since upcalls are masked. The loop clears the bits. */
void send_fresh_masked(struct bench *b)
{
    if (!set_up(b))
        return;
    b->loop = &loop_send;
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, !event_pending(send.port), "the loop did not clear the port");
        event_send(send.port);
        bench_expect(b, event_pending(send.port) && vcpu0_info.evtchn_upcall_pending, "the port is not pending");
        events_clear_all();
    }
    tear_down();
}

/* The whole path: the call returns into the event entry, whose iret goes to the instruction after the call. */
void send_with_upcall(struct bench *b)
{
    if (!set_up(b))
        return;
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, entry_event, FLAT_KERNEL_CS, failsafe_entry);
    while (bench_repeat(b)) {
        events_clear_all();
        events_enable();
        bench_entry_count = 0;
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, bench_entry_count == b->count, "%u upcalls for %u events", bench_entry_count, b->count);
        bench_expect(b, events_disable(), "the upcall left the mask set");
        bench_expect(b, !event_pending(send.port), "the port is pending");
    }
    HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, event_entry, FLAT_KERNEL_CS, failsafe_entry);
    tear_down();
}
