/* SPDX-License-Identifier: MIT */
/* The end of a domain. What it had set up affects nobody afterwards, and what others use of it stays until they have
 * finished. */
#include "other.h"

#include <guest/audit.h>
#include <guest/domain_builder.h>
#include <public/grant_table.h>
#include <public/int82.h>
#include <public/io/console.h>
#include <public/memory.h>
#include <public/physdev.h>

static struct int82_audit before, after;

/* The books are right, and nothing has been lost since `before`. */
static void check_books(void)
{
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    if (before.domains > 1)
        return; /* other domains allocate and free memory, too */
    CHECK_EQ(after.free_frames, before.free_frames);
    CHECK_EQ(after.free_heap_pages, before.free_heap_pages);
}

static int serve(uint32_t service, uint32_t mfn, uint32_t *port)
{
    xen_platform_op_t op = {.cmd = service, .interface_version = XENPF_INTERFACE_VERSION};
    int rc;

    op.u.int82_serve = (struct int82_serve){.domid = other.id, .mfn = mfn};
    rc = HYPERVISOR_dom0_op(&op);
    *port = op.u.int82_serve.port;
    return rc;
}

/* A ring full of output. */
static void fill_console(uint32_t frame)
{
    struct xencons_interface *ring = victim_map(&other, frame);

    if (ring)
        ring->out_prod = sizeof(ring->out);
    victim_unmap();
}

/* Everything that the domain has going on ends with it, and does not affect whoever gets the same memory next. */
TEST(rule_nothing_strikes_after_the_end)
{
    struct sched_watchdog watchdog = {.timeout = 1};
    struct vcpu_register_vcpu_info info = {.offset = 128};
    struct physdev_pirq_eoi_gmfn eoi;
    struct xen_domctl state = {.u.getdomaininfo = {.domain = 0}};
    struct sched_poll wait = {.nr_ports = 0};
    evtchn_send_t send;
    uint32_t port;

    NEED_DOM0();
    if (audit_read(&before))
        SKIP("this hypervisor has no auditor");
    if (!other_begin(&other))
        return;
    CHECK_RC(serve(INT82_OP_serve_console, virt_to_mfn(&before), &port), -EINVAL); /* domain 0's */
    CHECK_RC(serve(INT82_OP_serve_console, other.mfn[VICTIM_SPARE], &send.port), 0);
    CHECK_RC(serve(INT82_OP_serve_store, other.mfn[VICTIM_SPARE + 1], &port), 0);
    CHECK_RC(serve(INT82_OP_serve_store, other.mfn[VICTIM_SPARE + 2], &port), -EEXIST);
    fill_console(VICTIM_SPARE);
    info.mfn = other.mfn[VICTIM_SPARE + 3];
    eoi.gmfn = other.mfn[VICTIM_SPARE + 4];
    other_call(&other, "watchdog", 1, __HYPERVISOR_sched_op, SCHEDOP_watchdog, OTHER_ARGUMENT(&other, watchdog), 0, 0);
    other_call(&other, "timer", 0, __HYPERVISOR_set_timer_op, 0, 0x1000, 0, 0); /* hours away */
    other_call(&other, "vcpu_info", 0, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, OTHER_ARGUMENT(&other, info),
               0);
    other_call(&other, "eoi page", 0, __HYPERVISOR_physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v1, OTHER_ARGUMENT(&other, eoi),
               0, 0);
    other_call(&other, "a line without an end", 0, __HYPERVISOR_console_io, CONSOLEIO_write, 4,
               OTHER_ARGUMENT(&other, "line"), 0);
    /* As much as it may print at once, all of it characters that are not shown. So its ring must wait. */
    other_call(&other, "zeroes", 0, __HYPERVISOR_console_io, CONSOLEIO_write, 5 * PAGE_SIZE,
               VICTIM_VA(VICTIM_SPARE + 10), 0);
    other_call(&other, "send", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_send, OTHER_ARGUMENT(&other, send), 0, 0);
    other_carry_out(&other);
    other_end(&other);
    check_books(); /* the books record whose timer each one is */
    if (!other_begin(&third))
        return;
    wait.timeout = system_time() + 1500000000ull;
    CHECK_RC(HYPERVISOR_sched_op(SCHEDOP_poll, &wait), 0);
    CHECK(system_time() >= wait.timeout);
    CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, third.id, &state), 0);
    CHECK_EQ(state.u.getdomaininfo.flags & XEN_DOMINF_shutdown, 0);
    other_end(&third);
    check_books();
}

static int create_with_number(domid_t domid)
{
    struct xen_domctl op = {.u.createdomain = {.ssidref = 0}};

    return victim_domctl(XEN_DOMCTL_createdomain, domid, &op);
}

/* A dead domain stays as long as something of it is mapped: the pages that the hypervisor shares with it, and its
 * number. */
TEST(rule_dead_domains_stay_while_used)
{
    struct xen_domctl info = {.u.getdomaininfo = {.domain = 0}}, destroy = {0};
    gnttab_setup_table_t s = {.nr_frames = 1, .status = 77};
    xen_pfn_t frames[3] = {0};

    NEED_DOM0();
    if (audit_read(&before))
        SKIP("this hypervisor has no auditor");
    for (unsigned int i = 0; i < 3; i++) {
        context("%s", (const char *const[]){"shared_info", "grant table", "frame"}[i]);
        if (!other_begin(&other))
            return;
        s.dom = other.id;
        s.frame_list = &frames[1];
        CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, other.id, &info), 0);
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
        frames[0] = info.u.getdomaininfo.shared_info_frame;
        frames[2] = other.mfn[SECRET_FRAME];
        CHECK_RC(other_map_frame(FREE_VA, frames[i], other.id), 0);
        other_end(&other);
        CHECK_RC(create_with_number(other.id), -EINVAL);
        if (other_begin(&third)) /* it would get what was freed too early */
            other_end(&third);
        CHECK_RC(audit_read(&after), 0);
        CHECK_EQ(after.mismatches, 0);
        CHECK_RC(unmap_at(FREE_VA), 0);
        CHECK_RC(create_with_number(other.id), 0);
        CHECK_RC(victim_domctl(XEN_DOMCTL_destroydomain, other.id, &destroy), 0);
    }
    check_books();
}

/* Gives a new domain a frame; its number. */
static domid_t domain_of_one_frame(xen_pfn_t *frame)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain};
    struct xen_memory_reservation r = {.extent_start = frame, .nr_extents = 1};

    CHECK_RC(domctl(&op), 0);
    r.domid = op.domain;
    op = (struct xen_domctl){.cmd = XEN_DOMCTL_max_mem, .domain = r.domid, .u.max_mem.max_memkb = 4};
    CHECK_RC(domctl(&op), 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 1);
    return r.domid;
}

static xen_pfn_t exchanged(domid_t domid, xen_pfn_t frame)
{
    xen_pfn_t another = 0;
    struct xen_memory_exchange e = {.in = {&frame, 1, 0, 0, domid}, .out = {&another, 1, 0, 0, domid}};

    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), 0);
    return another;
}

/* A domain's end finds all its frames, those in front of its first and behind its last one, too. */
TEST(rule_frames_end_with_their_domain)
{
    xen_pfn_t first = 0, second = 0, third, last;
    domid_t a, b;

    NEED_DOM0();
    if (audit_read(&before))
        SKIP("this hypervisor has no auditor");
    a = domain_of_one_frame(&first);
    b = domain_of_one_frame(&second);
    third = exchanged(b, second);
    CHECK(third > second);
    CHECK_RC(domain_destroy(a), 0);
    last = exchanged(b, third);
    CHECK(last < second);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    CHECK_EQ(exchanged(b, last), second);
    CHECK_RC(domain_destroy(b), 0);
    check_books();
}
