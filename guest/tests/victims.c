/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain, whatever it is doing: a small domain is suspended in each of its long operations, at each point
 * where it can be, and domain 0 destroys it there. Afterwards every frame and every page of the hypervisor's own must
 * be free again, and the books must be right. This needs the build that injects faults. In victims_suspended.c it is
 * domain 0 that is suspended.
 */
#include "victims.h"

#include <guest/audit.h>
#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/memory.h>
#include <public/sysctl.h>

struct victim victim;

bool create_victim(void)
{
    bool missing;

    if (!is_dom0()) {
        skip("only domain 0 may");
        return false;
    }
    if (victim_create(&victim, &missing))
        return true;
    if (missing)
        skip("this hypervisor creates no domains");
    return false;
}

TEST(victim_runs_and_ends)
{
    uint32_t *args;
    struct victim_list *list;
    struct mmuext_op *op;

    if (!create_victim())
        return;
    op = victim_map(&victim, VICTIM_ARGS);
    *op = (struct mmuext_op){.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = victim.mfn[VICTIM_TREE_L3]};
    victim_call(&victim, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0);
    victim_call(&victim, __HYPERVISOR_mmuext_op, VICTIM_VA(VICTIM_ARGS), 1, 0, DOMID_SELF);
    victim_start(&victim);
    CHECK(victim_wait(&victim, 1000));
    list = victim_map(&victim, VICTIM_LIST);
    CHECK_RC(list->result, 0);
    CHECK_EQ(list->calls[0].result, HYPERVISOR_xen_version(XENVER_version, NULL));
    CHECK_EQ(list->calls[1].result, 0);
    args = victim_map(&victim, VICTIM_DATA);
    CHECK(args && !*args);
    CHECK_RC(victim_destroy(&victim), 0);
    CHECK_RC(victim_destroy(&victim), -ESRCH);
}

/* ---- Suspended, and destroyed there */

/* Puts its calls into the victim's list. Each function may use the pages of arguments. */
struct scenario {
    const char *name;
    void (*prepare)(void);
};

uint64_t table_entry(uint32_t frame, uint32_t index)
{
    return (uint64_t)victim.mfn[frame] << PAGE_SHIFT | index * sizeof(pte_t);
}

static void call_mmuext(uint32_t offset, uint32_t cmd, uint32_t frame)
{
    char *args = victim_map(&victim, VICTIM_ARGS);

    if (!args)
        return;
    *(struct mmuext_op *)(args + offset) = (struct mmuext_op){.cmd = cmd, .arg1.mfn = victim.mfn[frame]};
    victim_call(&victim, __HYPERVISOR_mmuext_op, VICTIM_VA(VICTIM_ARGS) + offset, 1, 0, DOMID_SELF);
}

void pins_tree(void)
{
    call_mmuext(0, MMUEXT_PIN_L3_TABLE, VICTIM_TREE_L3);
}

static void unpins(void)
{
    call_mmuext(0, MMUEXT_PIN_L3_TABLE, VICTIM_TREE_L3);
    call_mmuext(64, MMUEXT_PIN_L2_TABLE, VICTIM_TREE_L2);
    call_mmuext(128, MMUEXT_PIN_L1_TABLE, VICTIM_TREE_L1 + 1);
    call_mmuext(192, MMUEXT_UNPIN_TABLE, VICTIM_TREE_L3);
}

static void changes_base(void)
{
    pte_t *l2 = victim_map(&victim, VICTIM_TREE_L2 + 3);

    if (l2) /* the L2 that it runs on */
        l2[0] = make_pte(victim.mfn[VICTIM_L1], PTE_TABLE);
    call_mmuext(0, MMUEXT_NEW_BASEPTR, VICTIM_TREE_L3);
    call_mmuext(64, MMUEXT_NEW_BASEPTR, VICTIM_L3);
}

static void updates(void)
{
    mmu_update_t *req = victim_map(&victim, VICTIM_ARGS);

    for (uint32_t i = 0; req && i < 256; i++)
        req[i] = (mmu_update_t){.ptr = table_entry(VICTIM_L1, VICTIM_FRAMES + i),
                                .val = make_pte(victim.mfn[VICTIM_SPARE + i % 8], PTE_KERNEL_RW)};
    victim_call(&victim, __HYPERVISOR_mmu_update, VICTIM_VA(VICTIM_ARGS), 256, 0, DOMID_SELF);
}

static void updates_l3(void)
{
    mmu_update_t *req;

    req = victim_map(&victim, VICTIM_ARGS);
    if (!req)
        return;
    req[0] = (mmu_update_t){.ptr = table_entry(VICTIM_L3, 0), .val = make_pte(victim.mfn[VICTIM_TREE_L2], PTE_P)};
    req[1] = (mmu_update_t){.ptr = table_entry(VICTIM_L3, 1), .val = make_pte(victim.mfn[VICTIM_TREE_L2 + 1], PTE_P)};
    req[2] = (mmu_update_t){.ptr = table_entry(VICTIM_L3, 0), .val = 0};
    victim_call(&victim, __HYPERVISOR_mmu_update, VICTIM_VA(VICTIM_ARGS), 3, 0, DOMID_SELF);
}

#define GIVEN 150u

/* Frames of the domain's own, which it no longer maps. */
static void unmaps_frames(void)
{
    mmu_update_t *req = victim_map(&victim, VICTIM_ARGS);

    for (uint32_t i = 0; req && i < GIVEN; i++)
        req[i] = (mmu_update_t){.ptr = table_entry(VICTIM_L1, VICTIM_SPARE + i), .val = 0};
    victim_call(&victim, __HYPERVISOR_mmu_update, VICTIM_VA(VICTIM_ARGS), GIVEN, 0, DOMID_SELF);
}

static void list_frames(void *to)
{
    for (uint32_t i = 0; to && i < GIVEN; i++)
        ((xen_pfn_t *)to)[i] = victim.mfn[VICTIM_SPARE + i];
}

static void decreases(void)
{
    struct xen_memory_reservation *r;

    unmaps_frames();
    list_frames(victim_map(&victim, VICTIM_ARGS + 1));
    r = victim_map(&victim, VICTIM_ARGS + 2);
    if (r)
        *r = (struct xen_memory_reservation){
            .extent_start = (void *)VICTIM_VA(VICTIM_ARGS + 1), .nr_extents = GIVEN, .domid = DOMID_SELF};
    victim_call(&victim, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, VICTIM_VA(VICTIM_ARGS + 2), 0, 0);
    victim_call(&victim, __HYPERVISOR_memory_op, XENMEM_populate_physmap, VICTIM_VA(VICTIM_ARGS + 2), 0, 0);
}

static void exchanges(void)
{
    struct xen_memory_exchange *x;

    unmaps_frames();
    list_frames(victim_map(&victim, VICTIM_ARGS + 1));
    list_frames((char *)victim_map(&victim, VICTIM_ARGS + 1) + 1024);
    x = victim_map(&victim, VICTIM_ARGS + 2);
    if (x)
        *x = (struct xen_memory_exchange){
            .in = {.extent_start = (void *)VICTIM_VA(VICTIM_ARGS + 1), .nr_extents = GIVEN, .domid = DOMID_SELF},
            .out = {.extent_start = (void *)(VICTIM_VA(VICTIM_ARGS + 1) + 1024),
                    .nr_extents = GIVEN,
                    .domid = DOMID_SELF},
        };
    victim_call(&victim, __HYPERVISOR_memory_op, XENMEM_exchange, VICTIM_VA(VICTIM_ARGS + 2), 0, 0);
}

static void starts_a_vcpu(void)
{
    struct vcpu_guest_context *c = victim_map(&victim, VICTIM_ARGS);

    if (c) {
        c->flags = VGCF_IN_KERNEL;
        c->user_regs.cs = FLAT_KERNEL_CS;
        c->user_regs.ss = c->kernel_ss = FLAT_KERNEL_DS;
        c->ctrlreg[3] = victim.mfn[VICTIM_TREE_L3] << PAGE_SHIFT | victim.mfn[VICTIM_TREE_L3] >> 20;
    }
    victim_call(&victim, __HYPERVISOR_vcpu_op, VCPUOP_initialise, 1, VICTIM_VA(VICTIM_ARGS), 0);
}

/* Everything that a domain may have set up when it ends: a GDT, events, timers, a watchdog, its vcpu_info and runstate
 * area elsewhere, a poll. */
static void has_everything(void)
{
    char *args = victim_map(&victim, VICTIM_ARGS);
    const uint32_t va = VICTIM_VA(VICTIM_ARGS);

    if (!args)
        return;
    *(uint32_t *)args = victim.mfn[VICTIM_SPARE];
    *(struct evtchn_alloc_unbound *)(args + 64) = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = 0};
    *(struct evtchn_bind_virq *)(args + 128) = (struct evtchn_bind_virq){.virq = VIRQ_TIMER};
    *(struct sched_watchdog *)(args + 192) = (struct sched_watchdog){.timeout = 1000};
    *(struct vcpu_register_vcpu_info *)(args + 256) =
        (struct vcpu_register_vcpu_info){.mfn = victim.mfn[VICTIM_SPARE + 1], .offset = 128};
    *(struct vcpu_register_runstate_memory_area *)(args + 320) =
        (struct vcpu_register_runstate_memory_area){.addr.v = (void *)(va + 2048)};
    *(struct sched_poll *)(args + 384) = (struct sched_poll){.timeout = ~0ull >> 2};
    victim_call(&victim, __HYPERVISOR_update_va_mapping, VICTIM_VA(VICTIM_SPARE),
                victim.mfn[VICTIM_SPARE] << PAGE_SHIFT | PTE_KERNEL_RO, 0, UVMF_INVLPG);
    victim_call(&victim, __HYPERVISOR_set_gdt, va, 512, 0, 0);
    victim_call(&victim, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, va + 64, 0, 0);
    victim_call(&victim, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, va + 128, 0, 0);
    victim_call(&victim, __HYPERVISOR_sched_op, SCHEDOP_watchdog, va + 192, 0, 0);
    victim_call(&victim, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, va + 256, 0);
    victim_call(&victim, __HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, va + 320, 0);
    victim_call(&victim, __HYPERVISOR_set_timer_op, 0, 0x10000, 0, 0);
    victim_call(&victim, __HYPERVISOR_fpu_taskswitch, 0, 0, 0, 0);
    victim_call(&victim, __HYPERVISOR_sched_op, SCHEDOP_poll, va + 384, 0, 0);
}

/* The domain is suspended at that point in one of its calls and is destroyed there. False: it had no such point. */
static bool destroy_at(const struct scenario *s, uint32_t at)
{
    static struct int82_audit before;
    uint32_t points;

    context("%s, point %u", s->name, at);
    check_audit();
    before = audited;
    if (!create_victim())
        return false;
    s->prepare();
    preempt_vcpu(INT82_PREEMPT_AT, at, victim.id << 16);
    victim_start(&victim); /* it runs at once, up to that point, or until it has done everything and waits */
    points = preempt(INT82_PREEMPT_NEVER, 0);
    CHECK(points < at || !victim_done(&victim));
    CHECK_RC(victim_destroy(&victim), 0);
    check_audit();
    CHECK_EQ(audited.free_frames, before.free_frames);
    CHECK_EQ(audited.free_heap_pages, before.free_heap_pages);
    CHECK_EQ(audited.domains, before.domains);
    return points >= at;
}

static void destroy_everywhere(const struct scenario *s)
{
    uint32_t at = 1;

    while (destroy_at(s, at) && at < 300)
        at++;
    CHECK(at < 300);
    printf("victims: %s: %u points\n", s->name, at - 1);
}

TEST(victim_destroyed_amid)
{
    static const struct scenario scenarios[] = {
        {"pin", pins_tree},
        {"unpin", unpins},
        {"change of the base pointer", changes_base},
        {"batch of updates", updates},
        {"updates of an L3", updates_l3},
        {"decrease and populate", decreases},
        {"exchange", exchanges},
        {"VCPUOP_initialise", starts_a_vcpu},
        {"all that a domain may have", has_everything},
    };

    NEED_FAULTS();
    if (!create_victim())
        return;
    CHECK_RC(victim_destroy(&victim), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(scenarios); i++)
        destroy_everywhere(&scenarios[i]);
}

/* ---- Made to stop in the middle of a long call */

#define EXTENTS 512u

/* The same four frames, which stay mapped, again and again. Two of them are tables at first. Giving these up is so much
 * work that from then on the checks for interrupts are due in the middle of an extent, each time. */
static void decreases_for_long(void)
{
    char *args = victim_map(&victim, VICTIM_ARGS);
    xen_pfn_t *list;

    if (!args)
        return;
    *(struct xen_memory_reservation *)(args + 128) =
        (struct xen_memory_reservation){.extent_start = (void *)VICTIM_VA(VICTIM_ARGS + 1),
                                        .nr_extents = EXTENTS,
                                        .extent_order = 2,
                                        .domid = DOMID_SELF};
    list = victim_map(&victim, VICTIM_ARGS + 1);
    for (uint32_t i = 0; list && i < EXTENTS; i++)
        list[i] = victim.mfn[VICTIM_TREE_L1];
    call_mmuext(0, MMUEXT_PIN_L1_TABLE, VICTIM_TREE_L1);
    call_mmuext(64, MMUEXT_PIN_L1_TABLE, VICTIM_TREE_L1 + 1);
    victim_call(&victim, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, VICTIM_VA(VICTIM_ARGS) + 128, 0, 0);
}

#define UPDATES 60u /* fewer than the requests between two checks */

/* An L2 of a few tables is hooked in and taken out. */
static void updates_for_long(void)
{
    mmu_update_t *req = victim_map(&victim, VICTIM_ARGS);

    for (uint32_t i = 0; req && i < UPDATES; i++)
        req[i] = (mmu_update_t){.ptr = table_entry(VICTIM_L3, 0),
                                .val = i & 1 ? 0 : make_pte(victim.mfn[VICTIM_TREE_L2], PTE_P)};
    victim_call(&victim, __HYPERVISOR_mmu_update, VICTIM_VA(VICTIM_ARGS), UPDATES, 0, DOMID_SELF);
}

/* Asks for the domain's registers in the middle of the last of its calls. The argument shows whether some of the call
 * is left, and how much. */
static uint32_t left_of_call(void (*prepare)(void), uint32_t call, uint32_t argument)
{
    static struct vcpu_guest_context context;
    struct victim_list *list;
    uint32_t value;

    if (!create_victim())
        return 0;
    prepare();
    preempt_vcpu(INT82_PREEMPT_AT, 5, victim.id << 16);
    victim_start(&victim);
    CHECK_EQ(preempt(INT82_PREEMPT_NEVER, 0), 5);
    CHECK(other_get_context(&victim, 0, &context));
    list = victim_map(&victim, VICTIM_LIST);
    value = list ? list->calls[call].args[argument] : 0;
    CHECK_RC(victim_destroy(&victim), 0);
    check_audit();
    return value;
}

/* An extent takes four frames in a row. After other tests the free frames may be scattered; the case fault_injection
 * wants to see that they were not. */
static bool tables_in_a_row(void)
{
    bool in_a_row = create_victim();

    for (uint32_t i = 1; in_a_row && i < 4; i++)
        in_a_row = victim.mfn[VICTIM_TREE_L1 + i] == victim.mfn[VICTIM_TREE_L1] + i;
    CHECK_RC(victim_destroy(&victim), 0);
    return in_a_row;
}

/* A call makes way at its next step, however rarely it checks for interrupts there. */
TEST(victim_makes_way)
{
    uint32_t value;

    NEED_FAULTS();
    if (tables_in_a_row()) {
        value = left_of_call(decreases_for_long, 2, 0) >> 6;
        CHECK(value > 0 && value < EXTENTS);
        printf("victims: decrease_reservation: %u of %u extents done when it made way\n", value, EXTENTS);
    }
    value = left_of_call(updates_for_long, 0, 1);
    CHECK(value & MMU_UPDATE_PREEMPTED);
    CHECK((value & ~MMU_UPDATE_PREEMPTED) < UPDATES);
}

/* ---- Resources that others hold when the domain ends */

void check_gone(const struct int82_audit *before)
{
    check_audit();
    CHECK_EQ(audited.free_frames, before->free_frames);
    CHECK_EQ(audited.free_heap_pages, before->free_heap_pages);
    CHECK_EQ(audited.domains, before->domains);
}

static bool create_counted(struct int82_audit *before)
{
    if (audit_read(before) == -ENOSYS) {
        skip("this hypervisor has no auditor");
        return false;
    }
    return create_victim();
}

/* Domain 0 has pinned the domain's tables at all levels, by the domain's number. */
TEST(victim_pinned_by_another)
{
    static struct int82_audit before;
    struct mmuext_op ops[3] = {
        {.cmd = MMUEXT_PIN_L1_TABLE}, {.cmd = MMUEXT_PIN_L2_TABLE}, {.cmd = MMUEXT_PIN_L3_TABLE}};

    if (!create_counted(&before))
        return;
    ops[0].arg1.mfn = victim.mfn[VICTIM_TREE_L1];
    ops[1].arg1.mfn = victim.mfn[VICTIM_TREE_L2];
    ops[2].arg1.mfn = victim.mfn[VICTIM_TREE_L3];
    CHECK_RC(HYPERVISOR_mmuext_op(ops, 3, NULL, (uint32_t)victim.id), 0);
    check_audit();
    CHECK_RC(victim_destroy(&victim), 0);
    check_gone(&before);
}

/* Domain 0 maps frames of the domain, writable and not, a table among them. They stay until they are no longer
 * mapped. */
TEST(victim_mapped_by_another)
{
    static struct int82_audit before;
    static const uint32_t frames[] = {VICTIM_DATA, VICTIM_SPARE, VICTIM_L1};
    uint32_t va = FREE_VA;

    if (!create_counted(&before))
        return;
    victim_unmap();
    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++, va += PAGE_SIZE) {
        mmu_update_t req = {.ptr = pte_maddr(mm_l1_entry((void *)va)),
                            .val = make_pte(victim.mfn[frames[i]], i == 0 ? PTE_KERNEL_RW : PTE_KERNEL_RO)};

        CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)victim.id), 0);
    }
    *(volatile uint32_t *)FREE_VA = 0x5EC4E7;
    check_audit();
    CHECK_RC(victim_destroy(&victim), 0);
    check_audit();
    CHECK_EQ(audited.free_frames, before.free_frames - ARRAY_SIZE(frames));
    CHECK_EQ(audited.domains, before.domains + 1);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0x5EC4E7);
    while (va > FREE_VA)
        CHECK_RC(unmap_at(va -= PAGE_SIZE), 0);
    check_audit();
    CHECK_EQ(audited.free_frames, before.free_frames);
    if (!create_victim()) /* this frees what is left of the other domain */
        return;
    CHECK_RC(victim_destroy(&victim), 0);
    check_gone(&before);
}

/* Event channels and grants from both ends: the other end is told, or finds nothing. */
TEST(victim_talks_to_another)
{
    evtchn_bind_interdomain_t bind;
    evtchn_status_t status = {.dom = DOMID_SELF};
    struct evtchn_alloc_unbound *alloc;
    static struct int82_audit before;
    int port;

    if (!create_counted(&before))
        return;
    alloc = victim_map(&victim, VICTIM_ARGS);
    *alloc = (struct evtchn_alloc_unbound){.dom = DOMID_SELF, .remote_dom = 0};
    victim_call(&victim, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, VICTIM_VA(VICTIM_ARGS), 0, 0);
    victim_start(&victim);
    CHECK(victim_wait(&victim, 100));
    alloc = victim_map(&victim, VICTIM_ARGS);
    bind = (evtchn_bind_interdomain_t){.remote_dom = victim.id, .remote_port = alloc->port};
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind), 0);
    check_audit();
    CHECK_RC(victim_destroy(&victim), 0);
    status.port = port = bind.local_port;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_unbound);
    CHECK_EQ(status.u.unbound.dom, victim.id);
    CHECK_RC(event_close(port), 0);
    check_gone(&before);
}

/* Domain 0 grants, and the domain maps. */
static uint32_t grant_frame_of_own(void)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame, .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, GNTST_okay);
    return frame;
}

#define TABLE_VA FREE_VA
#define REF      70u
#define MAPPINGS 6u

static volatile grant_entry_v1_t *const entry = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));
static void *granted;

static void maps_grants(void)
{
    gnttab_map_grant_ref_t *ops = victim_map(&victim, VICTIM_ARGS);

    for (uint32_t i = 0; ops && i < MAPPINGS; i++)
        ops[i] = (gnttab_map_grant_ref_t){.host_addr = VICTIM_HOLE_VA + i * PAGE_SIZE,
                                          .flags = i & 1 ? GNTMAP_host_map : GNTMAP_host_map | GNTMAP_device_map,
                                          .ref = REF,
                                          .dom = 0};
    entry->domid = victim.id;
    entry->frame = virt_to_mfn(granted);
    entry->flags = GTF_permit_access;
    victim_call(&victim, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, VICTIM_VA(VICTIM_ARGS), MAPPINGS, 0);
}

TEST(victim_destroyed_amid_grants)
{
    static const struct scenario s = {"grant mappings", maps_grants};

    NEED_FAULTS();
    if (!create_victim())
        return;
    CHECK_RC(victim_destroy(&victim), 0);
    granted = alloc_page();
    CHECK_RC(map_at(TABLE_VA, grant_frame_of_own(), PTE_KERNEL_RW), 0);
    destroy_everywhere(&s);
    CHECK_EQ(entry->flags, GTF_permit_access); /* in use no more */
    entry->flags = 0;
    CHECK_RC(unmap_at(TABLE_VA), 0);
    free_page(granted);
}
