/* Does nothing, without using the CPU: for `seconds=N`, or for ever. As domain 0 it keeps the machine up for others;
 * with `audit` it asks the hypervisor at the end whether its books are right. */
#include <guest/audit.h>
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
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

void guest_main(void)
{
    char text[200];
    uint32_t wait = seconds();
    int timer = event_bind_virq(VIRQ_TIMER, 0);
    /* As the hypervisor stamped it last: old by a second at most. */
    uint64_t until = vcpu0_info.time.system_time + wait * 1000000000ull;

    if (timer < 0 || HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL))
        guest_panic("no timer");
    event_clear(timer);
    event_set_handler(timer, end);
    event_unmask(timer);
    if (wait)
        HYPERVISOR_set_timer_op((uint32_t)until, (uint32_t)(until >> 32));
    while (!over)
        HYPERVISOR_sched_op(SCHEDOP_block, NULL);
    if (guest_option("audit", text, sizeof(text)))
        printf("audit: %s\n", audit(text, sizeof(text)) ? text : "clean");
}
