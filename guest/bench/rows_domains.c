/* SPDX-License-Identifier: MIT */
/* Rows with two domains, or with two vCPUs: switching, answering, the console ring, IPIs. The other side is in
 * partner.c. */
#include "partner.h"
#include "rows.h"

#include <guest/events.h>
#include <guest/string.h>
#include <public/io/console.h>
#include <public/memory.h>
#include <public/sched.h>

#define CALLS         256
#define PARTNER_PAGES 512
#define PATIENCE      1000000 /* turns of a loop that yields */

static struct guest_domain domain;
static volatile struct partner_page *page;
static evtchn_port_t port;

/* Domain 0 may have all of the machine's memory. Then it gives pages back, which are lost for the rest of the run. */
static bool give_back(uint32_t pages)
{
    uint32_t mfn;
    struct xen_memory_reservation r = {.extent_start = &mfn, .nr_extents = 1, .domid = DOMID_SELF};
    void *p;

    if (free_page_count() < 2 * pages)
        return false;
    while (pages--) {
        p = alloc_page();
        mfn = virt_to_mfn(p);
        if (update_va(p, 0, UVMF_INVLPG) || HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) != 1)
            return false;
    }
    return true;
}

static bool take_event(evtchn_port_t from)
{
    uint32_t i;

    for (i = 0; !event_pending(from) && i < PATIENCE; i++)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    event_clear(from);
    return i < PATIENCE;
}

static int build(void)
{
    struct domain_config config = {.nr_pages = PARTNER_PAGES, .nr_vcpus = 2, .domid = 7};
    int err, local = event_alloc_unbound(DOMID_SELF, 7);
    char cmdline[40];

    if (local < 0)
        return local;
    port = local;
    snprintf(cmdline, sizeof(cmdline), "role=partner port=%u", port);
    config.cmdline = cmdline;
    if (machine_free_pages() < PARTNER_PAGES + 64 && !give_back(PARTNER_PAGES + 64))
        return -ENOMEM;
    err = domain_build(&domain, &config);
    if (err)
        return err;
    page = foreign_map(domain.domid, domain.mfns[((uint32_t)&partner_page - domain.virt_base) / PAGE_SIZE], true);
    return page ? domain_unpause(&domain) : -EFAULT;
}

static void take_down(struct bench *b)
{
    if (page)
        foreign_unmap((void *)page);
    page = NULL;
    event_close(port);
    bench_expect(b, !domain_free(&domain), "the other domain does not go");
}

/* Skips the row where the hypervisor does not let domain 0 build domains in this way. */
static bool set_up(struct bench *b)
{
    static char why[48];
    int err = build();

    if (!err && bench_expect(b, take_event(port), "the other domain does not begin"))
        return true;
    if (err) {
        snprintf(why, sizeof(why), "no second domain: error %d", err);
        bench_skip(b, why);
    }
    take_down(b);
    return false;
}

static void order(enum partner_order what)
{
    page->order = what;
    page->turns = 0;
    event_send(port);
}

/* What the other side has done in the last loop. */
static void expect_turns(struct bench *b, uint32_t before)
{
    bench_expect(b, page->turns - before == b->count, "%u turns instead of %u", page->turns - before, b->count);
}

static uint64_t nothing(struct bench_call *calls, struct bench_call *end)
{
    uint64_t begun = rdtsc();

    (void)calls;
    (void)end;
    return rdtsc() - begun;
}

/* ---- One turn is two switches: this domain yields, then the other one yields. */
void domain_switch(struct bench *b)
{
    uint32_t before;

    if (!set_up(b))
        return;
    order(PARTNER_YIELD);
    bench_calls(b, CALLS, __HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0, 0);
    while (bench_repeat(b)) {
        before = page->turns;
        bench_run(b);
        bench_expect_results(b, 0);
        if (page->turns - before < b->count)
            bench_skip(b, "this scheduler does not switch at every yield");
    }
    page->order = PARTNER_ANSWER;
    bench_expect(b, take_event(port), "the other domain does not answer");
    take_down(b);
}

/* ---- An event to the other domain, which waits for it, and its answer, for which we wait */
static uint64_t ping_pong_loop(struct bench_call *call, struct bench_call *end)
{
    uint64_t begun = rdtsc();

    for (; call < end; call++) {
        call->result = event_send(port);
        partner_wait(port);
    }
    return rdtsc() - begun;
}

void domain_ping_pong(struct bench *b)
{
    static const struct bench_loop loop = {ping_pong_loop, nothing};

    if (!set_up(b))
        return;
    page->order = PARTNER_ANSWER;
    b->loop = &loop;
    b->count = CALLS;
    while (bench_repeat(b)) {
        uint32_t before = page->turns;

        bench_run(b);
        bench_expect_results(b, 0);
        expect_turns(b, before);
    }
    take_down(b);
}

/* ---- A character into the other domain's console ring, and back out of it */
static uint64_t console_loop(struct bench_call *call, struct bench_call *end)
{
    volatile struct xencons_interface *ring = domain.ring;
    uint64_t begun = rdtsc();

    for (; call < end; call++) {
        ring->in[MASK_XENCONS_IDX(ring->in_prod, ring->in)] = call->eax;
        barrier();
        ring->in_prod++;
        event_send(domain.our_console_port);
        partner_wait(domain.our_console_port);
        call->result = ring->out[MASK_XENCONS_IDX(ring->out_cons, ring->out)];
        ring->out_cons++;
    }
    return rdtsc() - begun;
}

void console_ring_echo(struct bench *b)
{
    static const struct bench_loop loop = {console_loop, nothing};
    uint32_t i, before;

    if (!set_up(b))
        return;
    order(PARTNER_ECHO);
    bench_expect(b, take_event(port), "the other domain does not listen");
    event_clear(domain.our_console_port);
    b->loop = &loop;
    b->count = CALLS;
    for (i = 0; i < CALLS; i++)
        b->calls[i].eax = ' ' + i % 90;
    while (bench_repeat(b)) {
        before = page->turns;
        bench_run(b);
        for (i = 0; i < b->count; i++)
            bench_expect(b, b->calls[i].result == ' ' + i % 90, "character %u came back as %u", i, b->calls[i].result);
        expect_turns(b, before);
    }
    take_down(b);
}

/* ---- IPIs inside the other domain, which has two vCPUs and takes the times itself. */
static uint64_t ipi_loop(struct bench_call *calls, struct bench_call *end)
{
    page->count = end - calls;
    event_send(port);
    partner_wait(port);
    return page->ticks;
}

void ipi_round_trip(struct bench *b)
{
    static const struct bench_loop loop = {ipi_loop, nothing};
    uint32_t before;

    if (!set_up(b))
        return;
    page->order = PARTNER_IPI;
    b->loop = &loop;
    b->count = CALLS;
    while (bench_repeat(b)) {
        before = page->turns;
        bench_run(b);
        if (bench_expect(b, !page->error, "the second vCPU does not start: %d", page->error))
            expect_turns(b, before);
    }
    take_down(b);
}
