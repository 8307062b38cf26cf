/* SPDX-License-Identifier: MIT */
/* Does nothing, without using the CPU: for `seconds=N`, or for ever. As domain 0 it keeps the machine up for others.
 * With `audit` it asks the hypervisor at the end whether its books are right. With `preempt` the build with counters
 * lets other vCPUs run at each point where an operation can be suspended. */
#include <guest/audit.h>
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <public/int82.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/vcpu.h>

static volatile bool over;

static void end(evtchn_port_t port __attribute__((unused)))
{
    over = true;
}

static uint32_t seconds(void)
{
    char text[16];
    uint32_t n = 0;

    if (guest_option("seconds", text, sizeof(text)))
        for (const char *p = text; *p >= '0' && *p <= '9'; p++)
            n = n * 10 + (*p - '0');
    return n;
}

static void preempt_operations(uint32_t mode)
{
    static xen_platform_op_t op;

    op.cmd = INT82_OP_preempt;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82_fault = (struct int82_fault){.what = mode};
    if (HYPERVISOR_dom0_op(&op))
        guest_panic("this build does not preempt on demand");
}

void guest_main(void)
{
    char text[200];
    uint32_t wait = seconds();
    bool preempt = guest_option("preempt", text, sizeof(text));
    int timer = event_bind_virq(VIRQ_TIMER, 0);
    /* The time of the hypervisor's last stamp: at most one second old. */
    uint64_t until = vcpu0_info.time.system_time + wait * 1000000000ull;

    if (timer < 0 || HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL))
        guest_panic("no timer");
    event_clear(timer);
    event_set_handler(timer, end);
    event_unmask(timer);
    if (wait)
        HYPERVISOR_set_timer_op((uint32_t)until, (uint32_t)(until >> 32));
    if (preempt)
        preempt_operations(INT82_PREEMPT_ALWAYS);
    for (events_disable(); !over; events_disable()) /* no event between the look and the call, which enables */
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    events_enable();
    if (preempt)
        preempt_operations(INT82_PREEMPT_NEVER);
    if (guest_option("audit", text, sizeof(text)))
        printf("audit: %s\n", audit(text, sizeof(text)) ? text : "clean");
}
