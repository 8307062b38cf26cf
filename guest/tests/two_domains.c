/* SPDX-License-Identifier: MIT */
/* Event channels and grants between two domains, and a third domain to which they do not belong. */
#include "other.h"

#include <guest/audit.h>
#include <public/grant_table.h>

/* ---- Event channels */

#define MAX_VCPUS_EVER 8 /* that any domain can have */

static int status_of(uint32_t port, evtchn_status_t *status)
{
    *status = (evtchn_status_t){.dom = DOMID_SELF, .port = port};
    return HYPERVISOR_event_channel_op(EVTCHNOP_status, status);
}

static int open_port(domid_t for_whom)
{
    evtchn_alloc_unbound_t alloc = {.dom = DOMID_SELF, .remote_dom = for_whom};

    return CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), 0) ? (int)alloc.port : 0;
}

static void call_bind(const struct victim *v, const char *what, int32_t result, uint32_t port)
{
    evtchn_bind_interdomain_t bind = {.remote_dom = 0, .remote_port = port};

    other_call(v, what, result, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, OTHER_ARGUMENT(v, bind), 0,
               0);
}

TEST(rule_ports_lead_where_they_are_meant_to)
{
    evtchn_status_t status, wanted = {.dom = 0};
    int for_other, for_third, for_self;
    evtchn_reset_t reset = {.dom = 0};
    evtchn_alloc_unbound_t alloc = {.dom = 0, .remote_dom = DOMID_SELF};
    evtchn_bind_virq_t virq = {.virq = VIRQ_DOM_EXC, .vcpu = 1};

    if (!other_begin(&third) || !other_begin(&other))
        return;
    for_other = open_port(other.id);
    for_third = open_port(third.id);
    for_self = open_port(DOMID_SELF);
    call_bind(&other, "bind what is meant for a third domain", -EINVAL, for_third);
    call_bind(&other, "bind what is meant for domain 0", -EINVAL, for_self);
    call_bind(&other, "bind", 0, for_other);
    call_bind(&other, "bind what is bound", -EINVAL, for_other);
    call_bind(&other, "bind what nobody has opened", -EINVAL, 1000);
    call_bind(&other, "bind port 0", -EINVAL, 0);
    wanted.port = for_other;
    other_call(&other, "status of another's port", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_status,
               OTHER_ARGUMENT(&other, wanted), 0, 0);
    other_call(&other, "reset of another's ports", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_reset,
               OTHER_ARGUMENT(&other, reset), 0, 0);
    other_call(&other, "a port of another's, opened", -EPERM, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
               OTHER_ARGUMENT(&other, alloc), 0, 0);
    other_call(&other, "the machine's interrupt at a second vCPU", -EINVAL, __HYPERVISOR_event_channel_op,
               EVTCHNOP_bind_virq, OTHER_ARGUMENT(&other, virq), 0, 0);
    other_carry_out(&other);
    CHECK_RC(status_of(for_other, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_interdomain);
    CHECK_EQ(status.u.interdomain.dom, other.id);
    CHECK_RC(status_of(for_third, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(status.u.unbound.dom, third.id);

    /* The end of a domain ends the connection, and nobody else gets its port. */
    other_end(&other);
    CHECK_RC(status_of(for_other, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(status.u.unbound.dom, other.id);
    CHECK_RC(event_send(for_other), 0);
    call_bind(&third, "bind what was meant for one that has gone", -EINVAL, for_other);
    call_bind(&third, "bind", 0, for_third);
    other_carry_out(&third);
    CHECK_RC(event_close(for_other), 0);
    CHECK_RC(event_close(for_self), 0);
    CHECK_RC(event_close(for_third), 0); /* while the other end is alive */
    other_end(&third);
}

/* The other end of a closed port leads nowhere, and not to whoever opens the port next. */
TEST(rule_ports_lead_nowhere_when_closed)
{
    evtchn_port_t port, again;
    evtchn_close_t close;
    evtchn_send_t send;

    if (!other_begin(&other))
        return;
    port = open_port(other.id);
    call_bind(&other, "bind", 0, port);
    /* The numbers of its own ports begin with 1. */
    close.port = send.port = 1;
    other_call(&other, "send", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_send, OTHER_ARGUMENT(&other, send), 0, 0);
    other_call(&other, "close", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_close, OTHER_ARGUMENT(&other, close), 0, 0);
    other_call(&other, "send through what is closed", -EINVAL, __HYPERVISOR_event_channel_op, EVTCHNOP_send,
               OTHER_ARGUMENT(&other, send), 0, 0);
    other_carry_out(&other);
    CHECK(event_pending(port));
    CHECK_RC(event_close(port), 0);
    again = open_port(other.id);
    CHECK_EQ(again, port);
    CHECK(!event_pending(again)); /* nothing is left of the port before it */
    CHECK_RC(event_close(again), 0);
    other_end(&other);
}

/* A port is bound only to a vCPU that exists. What lies after the list of vCPUs is none. */
TEST(rule_ports_have_a_vcpu)
{
    evtchn_bind_vcpu_t move;

    if (!is_int82())
        SKIP("others may have more of them");
    move.port = open_port(0);
    for (uint32_t n = MAX_VCPUS_EVER; n < MAX_VCPUS_EVER + 256; n++) {
        evtchn_bind_virq_t virq = {.virq = VIRQ_TIMER, .vcpu = n};
        evtchn_bind_ipi_t ipi = {.vcpu = n};

        context("vCPU %u", n);
        move.vcpu = n;
        if (!CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_virq, &virq), -ENOENT) ||
            !CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_ipi, &ipi), -ENOENT) ||
            !CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &move), -ENOENT))
            break;
    }
    CHECK_RC(event_close(move.port), 0);
}

static uint32_t answers;

static void count_answer(evtchn_port_t port)
{
    (void)port;
    answers++;
}

/* A port between domain 0 and a domain that has only just been made: its first. Returns domain 0's, or 0. */
static evtchn_port_t connect_first_port(const struct victim *v)
{
    evtchn_alloc_unbound_t alloc = {.dom = v->id, .remote_dom = 0};
    evtchn_bind_interdomain_t bind = {.remote_dom = v->id};

    if (!CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc), 0) || !CHECK_EQ(alloc.port, 1))
        return 0;
    bind.remote_port = alloc.port;
    return CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind), 0) ? bind.local_port : 0;
}

/* A send wakes the other domain, which runs at once and answers. The answer is here when the send returns: what there
 * is to do on the way out is asked after the switch, and not only before it. */
TEST(events_answer_to_a_send)
{
    struct sched_poll poll = {.nr_ports = 1};
    evtchn_send_t send = {.port = 1};
    evtchn_port_t port;

    if (!is_int82())
        SKIP("another scheduler may let the other domain wait");
    if (!other_begin(&other))
        return;
    port = connect_first_port(&other);
    if (port) {
        poll.ports = (evtchn_port_t *)other_argument(&other, &send.port, sizeof(send.port));
        other_call(&other, "poll", 0, __HYPERVISOR_sched_op, SCHEDOP_poll, OTHER_ARGUMENT(&other, poll), 0, 0);
        other_call(&other, "send", 0, __HYPERVISOR_event_channel_op, EVTCHNOP_send, OTHER_ARGUMENT(&other, send), 0, 0);
        victim_start(&other);
        CHECK(!victim_wait(&other, 20)); /* it waits for the event */
        events_clear_all();
        event_set_handler(port, count_answer);
        event_unmask(port);
        events_enable();
        answers = 0;
        CHECK_RC(event_send(port), 0);
        CHECK_EQ(answers, 1);
        events_disable();
        event_mask(port);
        CHECK(victim_wait(&other, 100));
        CHECK_RC(event_close(port), 0);
    }
    other_end(&other);
}

/* ---- Grants */

#define TABLE_VA FREE_VA
#define REF      80u

static volatile grant_entry_v1_t *const entries = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));

static bool begin_grants(void)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame, .status = 77};

    return CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0) && CHECK_RC(s.status, GNTST_okay) &&
           CHECK_RC(map_at(TABLE_VA, frame, PTE_KERNEL_RW), 0);
}

static void end_grants(uint32_t used)
{
    for (uint32_t i = 0; i < used; i++) {
        context("entry %u", i);
        CHECK_EQ(entries[i].flags & (GTF_reading | GTF_writing), 0);
        entries[i].flags = 0;
    }
    CHECK_RC(unmap_at(TABLE_VA), 0);
}

static void grant(uint32_t n, domid_t to, uint32_t mfn, uint16_t flags)
{
    entries[n].domid = to;
    entries[n].frame = mfn;
    entries[n].flags = GTF_permit_access | flags;
}

static uint32_t call_map(const struct victim *v, uint32_t n, uint32_t flags)
{
    gnttab_map_grant_ref_t op = {
        .host_addr = VICTIM_HOLE_VA + n * PAGE_SIZE, .flags = flags, .ref = REF + n, .status = 77};
    uint32_t va = OTHER_ARGUMENT(v, op);

    other_call(v, "map_grant_ref", 0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, va, 1, 0);
    return va;
}

static void check_map(const struct victim *v, const char *what, uint32_t va, int16_t status)
{
    const gnttab_map_grant_ref_t *op = other_memory(v, va);
    int16_t seen = op ? op->status : 77;

    victim_unmap();
    context("%s", what);
    CHECK_RC(seen, status);
}

/* Entries that grant to the granter itself or to a third domain, that are withdrawn, read-only, or name a frame that is
 * not the granter's. */
TEST(rule_grants_are_for_one_domain)
{
    gnttab_unmap_grant_ref_t beyond = {.host_addr = VICTIM_HOLE_VA, .handle = 4711, .status = 77};
    uint32_t own, thirds, withdrawn, readonly, foreign, table, pinned, unmapped;
    const gnttab_unmap_grant_ref_t *seen;
    void *page;

    if (!other_begin(&third) || !other_begin(&other) || !begin_grants())
        return;
    page = alloc_page();
    grant(0, other.id, virt_to_mfn(page), 0);
    grant(1, third.id, virt_to_mfn(page), 0);
    grant(2, other.id, virt_to_mfn(page), 0);
    entries[2].flags = 0;
    grant(3, other.id, virt_to_mfn(page), GTF_readonly);
    grant(4, other.id, third.mfn[SECRET_FRAME], 0);
    own = call_map(&other, 0, GNTMAP_host_map | GNTMAP_device_map);
    thirds = call_map(&other, 1, GNTMAP_host_map);
    withdrawn = call_map(&other, 2, GNTMAP_host_map);
    readonly = call_map(&other, 3, GNTMAP_host_map);
    foreign = call_map(&other, 4, GNTMAP_host_map | GNTMAP_readonly);
    table = call_map(&other, 0, GNTMAP_host_map | GNTMAP_contains_pte);
    ((gnttab_map_grant_ref_t *)other_memory(&other, table))->host_addr = pte_maddr(mm_l1_entry((void *)FREE_VA_END));
    unmapped = OTHER_ARGUMENT(&other, beyond);
    other_call(&other, "unmap_grant_ref", 0, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, unmapped, 1, 0);
    other_carry_out(&other);
    check_map(&other, "into domain 0's table", table, GNTST_general_error);
    seen = other_memory(&other, unmapped);
    if (seen)
        CHECK_RC(seen->status, GNTST_bad_handle);
    check_map(&other, "its own", own, GNTST_okay);
    check_map(&other, "a third domain's", thirds, GNTST_general_error);
    check_map(&other, "withdrawn", withdrawn, GNTST_general_error);
    check_map(&other, "read-only, to be written", readonly, GNTST_general_error);
    check_map(&other, "a frame that is not the granter's", foreign, GNTST_bad_page);
    CHECK_EQ(entries[0].flags, GTF_permit_access | GTF_reading | GTF_writing);

    /* While one domain uses the grant another one cannot use it, even if the entry now names that one. */
    entries[0].domid = third.id;
    pinned = call_map(&third, 0, GNTMAP_host_map);
    other_carry_out(&third);
    check_map(&third, "in use by another", pinned, GNTST_general_error);

    other_end(&other); /* the domain ends, and with it all that it had mapped */
    end_grants(5);
    other_end(&third);
    free_page(page);
}

/* A copy's source and destination must be one's own, or granted. */
TEST(rule_grants_limit_copies)
{
    struct {
        const char *what;
        gnttab_copy_t op;
        int16_t status;
        uint32_t va;
    } all[] = {
        {"from a frame that nobody grants", {.flags = 0}, GNTST_permission_denied, 0},
        {"from domain 0's frame as its own", {.source.domid = DOMID_SELF}, GNTST_bad_page, 0},
        {"into domain 0's frame as its own", {.source.domid = DOMID_SELF}, GNTST_bad_page, 0},
        {"into what may only be read",
         {.source.domid = DOMID_SELF, .flags = GNTCOPY_dest_gref},
         GNTST_general_error,
         0},
        {"from what may only be read", {.flags = GNTCOPY_source_gref}, GNTST_okay, 0},
        {"from what is granted to a third", {.flags = GNTCOPY_source_gref}, GNTST_general_error, 0},
        {"beyond the source", {.source = {.domid = DOMID_SELF, .offset = 4093}}, GNTST_bad_copy_arg, 0},
        {"beyond the destination", {.source.domid = DOMID_SELF, .dest.offset = 4093}, GNTST_bad_copy_arg, 0},
    };
    uint32_t *page, own;

    if (!other_begin(&third) || !other_begin(&other) || !begin_grants())
        return;
    page = alloc_page();
    page[0] = SECRET;
    own = other.mfn[VICTIM_DATA];
    grant(0, other.id, virt_to_mfn(page), GTF_readonly);
    grant(1, third.id, virt_to_mfn(page), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        gnttab_copy_t *op = &all[i].op;

        op->len = 4;
        op->dest.domid = DOMID_SELF;
        op->source.u.gmfn = op->dest.u.gmfn = own;
    }
    all[0].op.source.u.gmfn = all[1].op.source.u.gmfn = all[2].op.dest.u.gmfn = virt_to_mfn(page);
    all[3].op.dest.domid = 0;
    all[3].op.dest.u.ref = all[4].op.source.u.ref = REF;
    all[5].op.source.u.ref = REF + 1;
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        all[i].op.status = 77;
        all[i].va = OTHER_ARGUMENT(&other, all[i].op);
        other_call(&other, "copy", 0, __HYPERVISOR_grant_table_op, GNTTABOP_copy, all[i].va, 1, 0);
    }
    other_carry_out(&other);
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        const gnttab_copy_t *seen = other_memory(&other, all[i].va);

        context("%s", all[i].what);
        if (seen)
            CHECK_RC(seen->status, all[i].status);
    }
    CHECK_EQ(page[0], SECRET);
    victim_unmap();
    other_end(&other);
    end_grants(2);
    other_end(&third);
    free_page(page);
}

/* A granter ends while others map its frame. They keep the frame, and it is not used for anything else. */
TEST(rule_grants_outlive_their_granter)
{
    gnttab_map_grant_ref_t map = {.host_addr = FREE_VA + PAGE_SIZE, .flags = GNTMAP_host_map, .ref = REF, .status = 77};
    gnttab_unmap_grant_ref_t unmap = {.host_addr = FREE_VA + PAGE_SIZE, .status = 77};
    static struct int82_audit before, after;
    gnttab_setup_table_t s = {.nr_frames = 1, .status = 77};
    grant_entry_v1_t entry = {.flags = GTF_permit_access, .domid = 0};
    xen_pfn_t frame = 0;
    mmu_update_t req;

    NEED_DOM0();
    if (audit_read(&before))
        SKIP("this hypervisor has no auditor");
    if (!other_begin(&other))
        return;
    other_write_secret(&other);
    s.dom = map.dom = other.id;
    s.frame_list = &frame;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    req.ptr = pte_maddr(mm_l1_entry((void *)TABLE_VA));
    req.val = make_pte(frame, PTE_KERNEL_RW);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)other.id), 0);
    entry.frame = other.mfn[SECRET_FRAME];
    memcpy((void *)&entries[0], &entry, sizeof(entry));
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &map, 1), 0);
    CHECK_RC(map.status, GNTST_okay);
    CHECK_RC(unmap_at(TABLE_VA), 0);
    other_end(&other);
    if (other_begin(&third)) /* it would get what was freed too early */
        other_end(&third);
    CHECK_EQ(*(volatile uint32_t *)(FREE_VA + PAGE_SIZE), SECRET);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    unmap.handle = map.handle;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &unmap, 1), 0);
    CHECK_RC(unmap.status, GNTST_okay);
    if (other_begin(&third)) /* it frees what is left of the other domain */
        other_end(&third);
    CHECK_RC(audit_read(&after), 0);
    CHECK_EQ(after.mismatches, 0);
    if (before.domains == 1) /* other domains allocate and free memory, too */
        CHECK_EQ(after.free_frames, before.free_frames);
}
