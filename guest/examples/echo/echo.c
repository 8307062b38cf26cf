/* SPDX-License-Identifier: MIT */
/* Repeats each line that is typed for it, until one is `quit`. Domain 0 uses console_io, other domains use their
 * ring. */
#include <guest/console.h>
#include <guest/events.h>
#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/string.h>
#include <public/sched.h>

static void nothing(evtchn_port_t port __attribute__((unused)))
{
}

/* A character, or -1. */
static int typed(void)
{
    volatile struct xencons_interface *ring;
    char c;

    if (!console_is_ring())
        return HYPERVISOR_console_io(CONSOLEIO_read, 1, &c) == 1 ? c : -1;
    ring = console_ring();
    if (ring->in_cons == ring->in_prod)
        return -1;
    barrier();
    c = ring->in[MASK_XENCONS_IDX(ring->in_cons, ring->in)];
    barrier();
    ring->in_cons++;
    return c;
}

void guest_main(void)
{
    evtchn_port_t port =
        console_is_ring() ? start_info->console.domU.evtchn : (uint32_t)event_bind_virq(VIRQ_CONSOLE, 0);
    char line[80];
    uint32_t used = 0;

    event_set_handler(port, nothing);
    event_unmask(port);
    printf("echo: ready\n");
    for (;;) {
        int c = typed();

        if (c < 0) {
            HYPERVISOR_sched_op(SCHEDOP_block, NULL);
            events_disable();
        } else if (c == '\r' || c == '\n') {
            line[used] = 0;
            printf("echo: \"%s\"\n", line);
            if (!strcmp(line, "quit"))
                return;
            used = 0;
        } else if (used + 1 < sizeof(line))
            line[used++] = c;
    }
}
