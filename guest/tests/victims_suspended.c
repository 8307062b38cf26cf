/* SPDX-License-Identifier: MIT */
/*
 * A domain ends while domain 0 is working on it. One of domain 0's two vCPUs is suspended in what it does to the
 * victim, or in destroying it. Meanwhile the other vCPU destroys the victim, or does what it can to what still exists.
 */
#include "victims.h"

#include <public/domctl.h>
#include <public/memory.h>
#include <public/sysctl.h>

/* ---- Domain 0's other vCPU is working on the victim, suspended at some point, when the victim is destroyed: for each
 * point */

static volatile int32_t job_result;

/* A job is done once. */
static void job_pins(void)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = victim.mfn[VICTIM_TREE_L3]};

    job = NULL;
    job_result = HYPERVISOR_mmuext_op(&op, 1, NULL, (uint32_t)victim.id);
}

static void job_updates(void)
{
    mmu_update_t req[3];

    job = NULL;
    for (unsigned int i = 0; i < 3; i++)
        req[i] =
            (mmu_update_t){.ptr = table_entry(VICTIM_L3, i), .val = make_pte(victim.mfn[VICTIM_TREE_L2 + i], PTE_P)};
    job_result = HYPERVISOR_mmu_update_dom(req, 3, NULL, (victim.id + 1u) << 16 | victim.id);
}

#define MORE 150u

static xen_pfn_t more[MORE], others[MORE];

static void job_populates(void)
{
    struct xen_memory_reservation r = {.extent_start = more, .nr_extents = MORE, .domid = victim.id};

    job = NULL;
    for (unsigned int i = 0; i < MORE; i++)
        more[i] = VICTIM_FRAMES + i;
    job_result = HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
    r.extent_order = 0;
    if (job_result == MORE)
        job_result = HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
}

static void job_exchanges(void)
{
    struct xen_memory_exchange x = {
        .in = {.extent_start = more, .nr_extents = 1, .extent_order = 7, .domid = victim.id},
        .out = {.extent_start = others, .nr_extents = 128, .domid = victim.id},
    };

    job = NULL;
    job_result = HYPERVISOR_memory_op(XENMEM_exchange, &x);
}

static void job_gives_context(void)
{
    static struct vcpu_guest_context c;
    struct xen_domctl op = {.u.vcpucontext = {.vcpu = 1, .ctxt.p = &c}};

    job = NULL;
    c.flags = VGCF_IN_KERNEL;
    c.user_regs.cs = FLAT_KERNEL_CS;
    c.user_regs.ss = c.kernel_ss = FLAT_KERNEL_DS;
    c.ctrlreg[3] = victim.mfn[VICTIM_TREE_L3] << PAGE_SHIFT | victim.mfn[VICTIM_TREE_L3] >> 20;
    job_result = victim_domctl(XEN_DOMCTL_setvcpucontext, victim.id, &op);
}

/* 128 frames in a row for the exchange. */
static void prepare_exchange(void)
{
    struct xen_memory_reservation r = {.extent_start = more, .nr_extents = 1, .extent_order = 7, .domid = victim.id};

    more[0] = VICTIM_FRAMES;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 1);
}

static void no_preparation(void)
{
}

struct foreign_work {
    const char *name;
    void (*prepare)(void);
    void (*work)(void);
};

static bool destroy_while(const struct foreign_work *w, uint32_t at)
{
    static struct int82_audit before;
    uint32_t points;

    context("%s, point %u", w->name, at);
    check_audit();
    before = audited;
    if (!create_victim())
        return false;
    w->prepare();
    preempt_vcpu(INT82_PREEMPT_AT, at, 1);
    job = w->work;
    while (job)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    points = preempt(INT82_PREEMPT_NEVER, 0);
    CHECK_RC(victim_destroy(&victim), 0);
    let_it_run();
    CHECK_EQ(jobs_begun, jobs_done);
    check_gone(&before);
    return points >= at;
}

TEST(victim_destroyed_while_others_work_on_it)
{
    static const struct foreign_work all[] = {
        {"foreign pin", no_preparation, job_pins},
        {"foreign updates", no_preparation, job_updates},
        {"foreign populate and decrease", no_preparation, job_populates},
        {"foreign exchange", prepare_exchange, job_exchanges},
        {"setvcpucontext", no_preparation, job_gives_context},
    };
    uint32_t at;

    NEED_BOTH();
    if (!create_victim())
        return;
    CHECK_RC(victim_destroy(&victim), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        for (at = 1; destroy_while(&all[i], at) && at < 100; at++)
            ;
        CHECK(at > 1 && at < 100);
        printf("victims: %s: %u points\n", all[i].name, at - 1);
    }
}

/* ---- The destruction itself is suspended, and others try to use what still exists */

static volatile int32_t destroy_result;

static void job_destroys(void)
{
    struct xen_domctl op = {0};

    job = NULL;
    destroy_result = victim_domctl(XEN_DOMCTL_destroydomain, victim.id, &op);
}

/* The destruction has not begun: first it waits for the victim to get to its way out. This asks by sysctl, since domctl
 * would wait for the destruction in progress. */
static bool lives(void)
{
    static struct xen_domctl_getdomaininfo info;
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist, .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

    op.u.getdomaininfolist.first_domain = victim.id;
    op.u.getdomaininfolist.max_domains = 1;
    op.u.getdomaininfolist.buffer.p = &info;
    CHECK_RC(HYPERVISOR_sysctl(&op), 0);
    return op.u.getdomaininfolist.num_domains && info.domain == victim.id && !(info.flags & XEN_DOMINF_dying);
}

/* All of this may be refused. None of it may do harm. */
static void disturb(void)
{
    struct xen_domctl op = {0};
    struct mmuext_op pin = {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = victim.mfn[VICTIM_TREE_L1 + 2]};
    mmu_update_t map = {.ptr = pte_maddr(mm_l1_entry((void *)FREE_VA)),
                        .val = make_pte(victim.mfn[VICTIM_SPARE + 50], PTE_KERNEL_RW)};
    evtchn_alloc_unbound_t alloc = {.dom = victim.id, .remote_dom = 0};
    int rc;

    /* These do not wait for the destruction. The other calls let it continue first. */
    HYPERVISOR_mmu_update_dom(&map, 1, NULL, (uint32_t)victim.id);
    CHECK(HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &alloc) != 0);
    HYPERVISOR_mmuext_op(&pin, 1, NULL, (uint32_t)victim.id);
    rc = victim_destroy(&victim);
    CHECK(rc != 0);
    victim_domctl(XEN_DOMCTL_unpausedomain, victim.id, &op);
    victim_domctl(XEN_DOMCTL_unpausedomain, victim.id, &op);
    job_populates();
    job_gives_context();
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

TEST(victim_destruction_suspended)
{
    static struct int82_audit before;
    uint32_t at = 1, points;
    bool suspended;

    NEED_BOTH();
    check_audit();
    before = audited;
    do {
        context("point %u", at);
        if (!create_victim())
            return;
        pins_tree();
        victim_start(&victim);
        CHECK(victim_wait(&victim, 100));
        preempt_vcpu(INT82_PREEMPT_AT, at, 1);
        job = job_destroys;
        while (job || lives())
            HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
        points = preempt(INT82_PREEMPT_NEVER, 0);
        if (points >= at)
            disturb();
        let_it_run();
        CHECK_EQ(jobs_begun, jobs_done);
        CHECK_RC(destroy_result, 0);
        CHECK_RC(unmap_at(FREE_VA), 0);
        check_audit();
        CHECK_EQ(audited.free_frames, before.free_frames);
        suspended = points >= at;
        at += 1 + at / 3;
    } while (suspended && at < 2000);
    CHECK(at > 50 && at < 2000);
    context("at last");
    if (create_victim())
        CHECK_RC(victim_destroy(&victim), 0);
    check_gone(&before);
}
