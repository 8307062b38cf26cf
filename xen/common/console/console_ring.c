/* SPDX-License-Identifier: MIT */
/*
 * The console of an ordinary domain (public/io/console.h), served by the hypervisor. The domain's indices are read once
 * and checked. The hypervisor's are kept here; the ring has only a copy for the domain.
 *
 * Output is taken no faster than console_io's limit allows, and only while the machine's console has room. Nothing is
 * dropped: the ring stays full, and a timer takes the rest a few characters at a time. Input for a full ring is lost,
 * as on a serial line.
 */
#include <public/errno.h>
#include <public/io/console.h>
#include <xen/console.h>
#include <xen/operation.h>
#include <xen/served.h>

#define CHUNK       64      /* bytes between two looks for interrupts */
#define TIMER_CHUNK 16      /* taken by the timer, which cannot be preempted */
#define TIMER_NS    8000000 /* in which the limit allows that many again */

struct console_ring {
    struct served_ring served; /* first */
    uint32_t in_prod, out_cons;
    struct timer more;
};

static struct console_ring *ring_of(struct served_ring *r)
{
    return (struct console_ring *)r;
}

/* Takes some of the output. Returns the number of bytes; 0: there are none, or none may be taken now. */
static uint32_t take_output(struct console_ring *c, uint32_t limit)
{
    struct xencons_interface *page = served_page(&c->served);
    uint32_t waiting = ACCESS_ONCE(page->out_prod) - c->out_cons, n;
    char chunk[CHUNK];

    if (waiting > sizeof(page->out)) {
        stop_serving(&c->served, "more output than the ring holds");
        return 0;
    }
    n = console_has_room() ? console_tokens(c->served.domain, MIN(waiting, limit)) : 0;
    if (!n) {
        if (waiting)
            set_timer(&c->more, system_time() + TIMER_NS);
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        chunk[i] = page->out[MASK_XENCONS_IDX(c->out_cons + i, page->out)];
    c->out_cons += n;
    barrier();
    page->out_cons = c->out_cons;
    console_guest_output(c->served.domain, chunk, n);
    return n;
}

static __may_switch bool take_all_output(struct served_ring *r)
{
    struct console_ring *c = ring_of(r);
    bool any = false, leave = false;

    while (!leave && take_output(c, CHUNK)) {
        any = true;
        leave = pause_point();
    }
    if (any)
        notify_served(r);
    return leave;
}

static void take_more_output(void *data)
{
    struct console_ring *c = data;

    if (c->served.busy || c->served.stopped || !take_output(c, TIMER_CHUNK))
        return;
    set_timer(&c->more, system_time() + TIMER_NS);
    notify_served(&c->served);
}

bool has_console_ring(const struct domain *d)
{
    return d->served[SERVICE_CONSOLE] && !d->served[SERVICE_CONSOLE]->stopped;
}

void console_ring_input(struct domain *d, char character)
{
    struct console_ring *c = ring_of(d->served[SERVICE_CONSOLE]);
    struct xencons_interface *page = served_page(&c->served);
    uint32_t unread = c->in_prod - ACCESS_ONCE(page->in_cons);

    if (unread > sizeof(page->in))
        stop_serving(&c->served, "more input read than was written");
    if (unread >= sizeof(page->in))
        return;
    page->in[MASK_XENCONS_IDX(c->in_prod, page->in)] = character;
    barrier();
    page->in_prod = ++c->in_prod;
    notify_served(&c->served);
}

/* --- Beginning and end */

/* The domain may have written before the service began: that output is taken, too. */
static int start(struct served_ring *r)
{
    const struct xencons_interface *page = served_page(r);
    struct console_ring *c = ring_of(r);

    if (!r->domain->domain_id)
        return -EINVAL; /* it has the machine's console */
    c->in_prod = page->in_prod;
    c->out_cons = page->out_cons;
    init_timer(&c->more, take_more_output, c);
    return 0;
}

static void stop(struct served_ring *r)
{
    stop_timer(&ring_of(r)->more);
}

_Static_assert(sizeof(struct console_ring) <= PAGE_SIZE, "one page");
const struct service_ops console_service = {SERVICE_CONSOLE, "console", 0, start, take_all_output, stop};
