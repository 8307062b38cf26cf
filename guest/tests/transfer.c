/* SPDX-License-Identifier: MIT */
/* GNTTABOP_transfer: frames that are given away, with what they hold; to the domain itself and to another one. */
#include "exclusion.h"
#include "victims.h"

#include <guest/audit.h>
#include <public/domctl.h>
#include <public/grant_table.h>
#include <public/memory.h>

#define TABLE_VA FREE_VA
#define VIEW_VA  (FREE_VA + PAGE_SIZE)
#define REF      40u
#define BEYOND   0x10000000u /* no entry has that number */
#define DONE     (GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed)

static volatile grant_entry_v1_t *const entry = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));

/* The first frame of a domain's table, from now on at TABLE_VA. */
static bool begin_table(domid_t of)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = of, .nr_frames = 1, .frame_list = &frame, .status = 77};
    mmu_update_t req;

    if (!CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0) || !CHECK_RC(s.status, 0))
        return false;
    req.ptr = pte_maddr(mm_l1_entry((void *)TABLE_VA));
    req.val = make_pte(frame, PTE_KERNEL_RW);
    return CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, (uint32_t)of), 0);
}

static void end_table(void)
{
    *(uint64_t *)entry = 0;
    CHECK_RC(unmap_at(TABLE_VA), 0);
}

static void accept(domid_t from, uint16_t flags)
{
    entry->domid = from;
    entry->frame = 0;
    entry->flags = flags;
}

static int transfer(uint32_t mfn, domid_t to, grant_ref_t ref)
{
    gnttab_transfer_t op = {.mfn = mfn, .domid = to, .ref = ref, .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, &op, 1), 0);
    return op.status;
}

static int own_pages(void)
{
    domid_t self = DOMID_SELF;

    return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

/* A page to which nothing refers but that the domain owns it. */
static uint32_t take_out(void *page)
{
    uint32_t mfn = virt_to_mfn(page);

    CHECK_RC(update_va(page, 0, UVMF_INVLPG), 0);
    return mfn;
}

static void put_back(void *page)
{
    CHECK_RC(update_va(page, make_pte(virt_to_mfn(page), PTE_KERNEL_RW), UVMF_INVLPG), 0);
}

/* The page has lost its frame. It gets another one. */
static void refill(void *page)
{
    xen_pfn_t frame = virt_to_pfn(page);
    struct xen_memory_reservation r = {&frame, 1, 0, 0, DOMID_SELF};

    if (CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 1)) {
        set_p2m(virt_to_pfn(page), frame);
        put_back(page);
    }
}

/* The caller may be the receiver, too. What the TLB remembers of the frame is gone even if it was only read. */
TEST(transfer_to_oneself)
{
    uint32_t *page, mfn;
    int pages;

    if (!begin_table(DOMID_SELF))
        return;
    page = alloc_page();
    page[5] = 0x7A45;
    mfn = virt_to_mfn(page);
    pages = own_pages();
    CHECK_RC(page_make_readonly(page), 0);
    for (unsigned int i = 0; i < 3; i++) { /* the first ones make the hypervisor's windows */
        context("time %u", i);
        accept(own_domid(), GTF_accept_transfer);
        CHECK_RC(update_va(page, make_pte(mfn, PTE_KERNEL_RO), UVMF_TLB_FLUSH), 0);
        CHECK_EQ(*(volatile uint32_t *)&page[5], 0x7A45);
        CHECK_RC(update_va(page, 0, 0), 0);
        CHECK_RC(transfer(mfn, own_domid(), REF), GNTST_okay);
        CHECK(!probe_read(page, NULL, NULL));
        CHECK_EQ(entry->flags, DONE);
        CHECK_EQ(entry->domid, own_domid());
        CHECK_EQ(entry->frame, mfn);
    }
    CHECK_EQ(own_pages(), pages);
    put_back(page);
    CHECK_EQ(page[5], 0x7A45);
    free_page(page);
    end_table();
}

/* Frames that are not the caller's, or that somebody refers to. Nothing changes. This comes before everything else. */
TEST(transfer_bad_page)
{
    uint32_t *mapped, *table, shared;
    struct {
        const char *what;
        uint32_t mfn;
    } all[] = {{"a device's", MMIO_FRAME},
               {"nobody's", HUGE_FRAME},
               {"no frame's number", 0xFFFFFFFF},
               {"the hypervisor's", foreign_frame()},
               {"mapped", 0},
               {"a table", 0},
               {"the boot L3", virt_to_mfn(mm_base())},
               {"shared_info", (uint32_t)(start_info->shared_info >> PAGE_SHIFT)},
               {"the table of grants", 0}};
    int pages = own_pages();

    if (!begin_table(DOMID_SELF))
        return;
    shared = pte_mfn(*mm_l1_entry((void *)TABLE_VA));
    mapped = alloc_page();
    table = alloc_page();
    all[4].mfn = virt_to_mfn(mapped);
    all[5].mfn = take_out(table);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, all[5].mfn, 0), 0);
    all[8].mfn = shared;
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        if (!all[i].mfn)
            continue; /* no such frame was found */
        context("%s", all[i].what);
        accept(own_domid(), GTF_accept_transfer);
        CHECK_RC(transfer(all[i].mfn, own_domid(), REF), GNTST_bad_page);
        CHECK_RC(transfer(all[i].mfn, 12345, REF), GNTST_bad_page);
        CHECK_RC(transfer(all[i].mfn, own_domid(), BEYOND), GNTST_bad_page);
        CHECK_EQ(entry->flags, GTF_accept_transfer);
        CHECK_EQ(entry->frame, 0);
    }
    context("%s", "");
    CHECK_EQ(own_pages(), pages);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, all[5].mfn, 0), 0);
    put_back(table);
    free_page(table);
    free_page(mapped);
    end_table();
}

/* Nobody takes it: as on Xen, the caller has lost the frame. */
TEST(transfer_not_accepted)
{
    static const struct {
        const char *what;
        domid_t to, from;
        uint16_t flags;
        grant_ref_t ref;
        int16_t status;
    } all[] = {{"no such domain", 12345, 0, GTF_accept_transfer, REF, GNTST_bad_domain},
               {"DOMID_SELF is no number", DOMID_SELF, 0, GTF_accept_transfer, REF, GNTST_bad_domain},
               {"DOMID_IO", DOMID_IO, 0, GTF_accept_transfer, REF, GNTST_bad_domain},
               {"no such entry", 0, 0, GTF_accept_transfer, BEYOND, GNTST_general_error},
               {"an empty entry", 0, 0, GTF_invalid, REF, GNTST_general_error},
               {"an entry for mapping", 0, 0, GTF_permit_access, REF, GNTST_general_error},
               {"committed", 0, 0, GTF_accept_transfer | GTF_transfer_committed, REF, GNTST_general_error},
               {"completed", 0, 0, DONE, REF, GNTST_general_error},
               {"for another domain", 0, 7, GTF_accept_transfer, REF, GNTST_general_error}};
    int pages = own_pages();
    uint32_t mfn;
    void *page;

    NEED_DOM0(); /* the numbers above are for it */
    if (!begin_table(DOMID_SELF))
        return;
    page = alloc_page();
    for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
        context("%s", all[i].what);
        accept(all[i].from, all[i].flags);
        mfn = take_out(page);
        CHECK_RC(transfer(mfn, all[i].to, all[i].ref), all[i].status);
        CHECK_EQ(entry->flags, all[i].flags);
        CHECK_EQ(entry->frame, 0);
        CHECK_EQ(own_pages(), pages - 1);
        CHECK(update_va(page, make_pte(mfn, PTE_KERNEL_RO), 0) < 0); /* it is nobody's */
        refill(page);
    }
    CHECK_EQ(own_pages(), pages);
    free_page(page);
    end_table();
}

/* Each operation has a status of its own, and the next one goes on. */
TEST(transfer_arrays)
{
    gnttab_transfer_t ops[3] = {{.mfn = HUGE_FRAME, .status = 77}, {.ref = REF, .status = 77}, {.status = 77}};
    gnttab_transfer_t *edge = (void *)EDGE(sizeof(*edge));
    uint32_t *page;
    void *p;

    if (!begin_table(DOMID_SELF))
        return;
    page = alloc_page();
    accept(own_domid(), GTF_accept_transfer);
    ops[0].domid = ops[1].domid = ops[2].domid = own_domid();
    ops[1].mfn = take_out(page);
    ops[2].mfn = MMIO_FRAME;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, ops, 0), 0);
    CHECK_RC(ops[0].status, 77);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, ops, 0x80000000), -EINVAL);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, ops, 3), 0);
    CHECK_RC(ops[0].status, GNTST_bad_page);
    CHECK_RC(ops[1].status, GNTST_okay);
    CHECK_RC(ops[2].status, GNTST_bad_page);
    put_back(page);
    free_page(page);
    *edge = (gnttab_transfer_t){.mfn = HUGE_FRAME, .status = 77}; /* the second one is not readable */
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, edge, 2), -EFAULT);
    CHECK_RC(edge->status, GNTST_bad_page);
    for
        EACH_BAD_POINTER(p, sizeof(ops[0]))
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_transfer, p, 1), -EFAULT);
    end_table();
}

static bool domain_of(const struct victim *v, struct xen_domctl *op)
{
    return CHECK_RC(victim_domctl(XEN_DOMCTL_getdomaininfo, v->id, op), 0);
}

/* The other domain, whose table is open here, takes a frame. */
static void give_secret(uint32_t *page)
{
    struct xen_domctl before = {0}, after = {0}, limit = {0};
    uint32_t mfn;

    memset(page, 0x5E, PAGE_SIZE);
    mfn = take_out(page);
    accept(0, GTF_accept_transfer);
    if (!domain_of(&other, &before))
        return;
    limit.u.max_mem.max_memkb = (before.u.getdomaininfo.tot_pages + 1) * (PAGE_SIZE / 1024);
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_mem, other.id, &limit), 0);
    CHECK_RC(transfer(mfn, other.id, REF), GNTST_okay);
    CHECK_EQ(entry->flags, DONE);
    CHECK_EQ(entry->frame, mfn);
    if (domain_of(&other, &after))
        CHECK_EQ(after.u.getdomaininfo.tot_pages, before.u.getdomaininfo.tot_pages + 1);
    CHECK(update_va(page, make_pte(mfn, PTE_KERNEL_RO), 0) < 0); /* it is no longer ours */
    if (CHECK_RC(other_map_frame(VIEW_VA, mfn, other.id), 0)) {
        CHECK_EQ(*(volatile uint32_t *)VIEW_VA, 0x5E5E5E5E);
        CHECK_RC(unmap_at(VIEW_VA), 0);
    }
    refill(page);

    /* It now has all that it may have. */
    mfn = take_out(page);
    accept(0, GTF_accept_transfer);
    CHECK_RC(transfer(mfn, other.id, REF), GNTST_general_error);
    CHECK_EQ(entry->flags, GTF_accept_transfer);
    refill(page);
    limit.u.max_mem.max_memkb *= 2;
    CHECK_RC(victim_domctl(XEN_DOMCTL_max_mem, other.id, &limit), 0);
}

/* A third domain tries the same, with an entry that is open for domain 0. */
static void third_tries(void)
{
    gnttab_transfer_t ops[] = {{.mfn = third.mfn[VICTIM_SPARE], .domid = other.id, .ref = REF, .status = 77},
                               {.mfn = other.mfn[SECRET_FRAME], .domid = third.id, .ref = REF, .status = 77},
                               {.mfn = virt_to_mfn(mm_base()), .domid = third.id, .ref = REF, .status = 77},
                               {.mfn = third.mfn[VICTIM_SPARE + 1], .domid = other.id, .ref = REF, .status = 77}};
    static const int16_t status[] = {GNTST_general_error, GNTST_bad_page, GNTST_bad_page, GNTST_bad_page};
    uint32_t va = OTHER_ARGUMENT(&third, ops);
    const gnttab_transfer_t *seen;

    other_call(&third, "unmap its own", 0, __HYPERVISOR_update_va_mapping, VICTIM_VA(VICTIM_SPARE), 0, 0, UVMF_INVLPG);
    other_call(&third, "transfer", 0, __HYPERVISOR_grant_table_op, GNTTABOP_transfer, va, ARRAY_SIZE(ops), 0);
    other_carry_out(&third);
    seen = other_memory(&third, va);
    for (unsigned int i = 0; seen && i < ARRAY_SIZE(ops); i++) {
        int16_t s = seen[i].status;

        context("operation %u", i);
        CHECK_RC(s, status[i]);
    }
    context("%s", "");
    victim_unmap();
    CHECK_EQ(entry->flags, GTF_accept_transfer);
}

TEST(rule_transfers_are_for_one_domain)
{
    static struct int82_audit audit;
    uint32_t *page;

    if (!other_begin(&third) || !other_begin(&other) || !begin_table(other.id))
        return;
    page = alloc_page();
    give_secret(page);
    third_tries();
    end_table();
    if (is_int82()) {
        CHECK_RC(audit_read(&audit), 0);
        CHECK_EQ(audit.mismatches, 0);
    }
    other_end(&other);
    other_end(&third);
    free_page(page);
}

#define TABLES (VICTIM_DATA - VICTIM_TREE_L3)

/* The receiver is suspended at that point of a pin. Its memory is its own until the pin is done, so the transfer waits
 * for that. False: the pin had no such point. */
static bool transfer_at(uint32_t at)
{
    static struct int82_audit before;
    struct xen_domctl had = {0}, has = {0};
    uint32_t *page, mfn, points;
    struct victim_list *list;

    context("point %u", at);
    check_audit();
    before = audited;
    if (!create_victim() || !begin_table(victim.id))
        return false;
    page = alloc_page();
    memset(page, 0x5E, PAGE_SIZE);
    mfn = take_out(page);
    accept(0, GTF_accept_transfer);
    CHECK(domain_of(&victim, &had));
    pins_tree();
    preempt_vcpu(INT82_PREEMPT_AT, at, victim.id << 16);
    victim_start(&victim);
    points = preempt(INT82_PREEMPT_NEVER, 0);
    CHECK_EQ(half_done(&victim.mfn[VICTIM_TREE_L3], TABLES), points >= at);
    CHECK_RC(transfer(mfn, victim.id, REF), GNTST_okay);
    CHECK(!half_done(&victim.mfn[VICTIM_TREE_L3], TABLES));
    CHECK_EQ(entry->flags, DONE);
    CHECK_EQ(entry->frame, mfn);
    CHECK(update_va(page, make_pte(mfn, PTE_KERNEL_RO), 0) < 0); /* it is no longer ours */
    check_audit();
    CHECK(domain_of(&victim, &has));
    CHECK_EQ(has.u.getdomaininfo.tot_pages, had.u.getdomaininfo.tot_pages + 1);
    CHECK(victim_wait(&victim, 1000));
    list = victim_map(&victim, VICTIM_LIST);
    CHECK(list && !list->result && !list->calls[0].result);
    victim_unmap();
    end_table();
    refill(page);
    free_page(page);
    CHECK_RC(victim_destroy(&victim), 0);
    check_gone(&before);
    return points >= at;
}

TEST(transfer_to_a_suspended_domain)
{
    uint32_t at = 1;

    NEED_FAULTS();
    if (!create_victim())
        return;
    CHECK_RC(victim_destroy(&victim), 0);
    while (transfer_at(at) && at < 300)
        at++;
    CHECK(at > 1 && at < 300);
}
