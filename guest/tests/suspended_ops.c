/* SPDX-License-Identifier: MIT */
/*
 * Long operations, suspended at every point where they can be suspended. This needs the build that injects faults, and
 * a second vCPU (dom0_max_vcpus=2). That vCPU wants to work on the very tables and frames that the operation is about.
 * It gets its chance at the k-th point, for k = 1, 2, ... until the operation has no more points. In the middle of an
 * operation on the domain's memory it must not run at all (docs/concurrency.md); between the steps of a call it does
 * run. Whatever then comes of either, the books are right, and everything can be taken back. This file has operations
 * on tables; suspended_memory.c has reservations and grants.
 */
#include "suspended_ops.h"

#include <public/memory.h>

#define STACK_SIZE 4096u
#define MAX_POINTS 200u

/* ---- The other vCPU, which has no console and catches no trap */

static uint8_t stack[STACK_SIZE] __attribute__((aligned(16)));
struct vcpu_guest_context context_of_1;
void (*volatile job)(void);
volatile uint32_t jobs_begun, jobs_done;
static volatile uint32_t rounds, met_halfway;
static void (*volatile look)(void); /* called before each job: is something half done? */

extern const char suspended_ops_start[];
__asm__(".text\n"
        "suspended_ops_start:\n"
        "        call    suspended_ops_main\n"
        "        ud2\n");

static void __attribute__((used)) suspended_ops_main(void) __asm__("suspended_ops_main");
static void suspended_ops_main(void)
{
    for (;;) {
        void (*now)(void) = job;

        if (now) {
            jobs_begun++;
            if (look)
                look();
            now();
            jobs_done++;
        }
        rounds++;
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    }
}

void let_it_run(void)
{
    uint32_t end = rounds + 2;

    while ((int32_t)(rounds - end) < 0)
        HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

const char *start_vcpu_1(void)
{
    static const char *state;
    struct vcpu_guest_context *c = &context_of_1;
    int rc;

    if (state)
        return state;
    memset(c, 0, sizeof(*c));
    c->flags = VGCF_IN_KERNEL;
    c->user_regs.eip = (uint32_t)suspended_ops_start;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->user_regs.esp = c->kernel_sp = (uint32_t)stack + STACK_SIZE;
    c->kernel_ss = FLAT_KERNEL_DS;
    c->ctrlreg[3] = virt_to_mfn(mm_base()) << PAGE_SHIFT | virt_to_mfn(mm_base()) >> 20;
    rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, 1, c);
    if (rc == -ENOENT)
        return state = "there is no vCPU 1";
    if (rc || HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL))
        return state = "vCPU 1 does something else";
    HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 1, NULL);
    let_it_run();
    return state = "";
}

/* ---- Trying */

int result;

struct int82_audit audited;

void check_audit(void)
{
    CHECK_RC(audit_read(&audited), 0);
    if (audited.mismatches)
        FAIL("audit: %u mismatches, the first: kind %u, 0x%x", audited.mismatches, audited.first[0].kind,
             audited.first[0].id);
}

static uint32_t try_at(const struct operation *o, void (*intrude)(void), uint32_t mode, uint32_t at)
{
    uint32_t points, jobs;
    bool met;

    context("%s, mode %u, point %u", o->name, mode, at);
    o->prepare();
    jobs = jobs_begun;
    met_halfway = 0;
    job = intrude;
    preempt(mode, at);
    result = o->run();
    met = jobs_begun != jobs;
    points = preempt(INT82_PREEMPT_NEVER, 0);
    job = NULL;
    let_it_run(); /* it may be in the middle of its own job */
    CHECK_EQ(jobs_done, jobs_begun);
    CHECK_EQ(met_halfway, 0);
    if (mode == INT82_PREEMPT_ALWAYS ? points : o->points != BOTH && points >= at)
        CHECK(met); /* during an operation it runs only after the end, but then at once */
    check_audit();
    o->finish();
    return points;
}

void try_all(const struct operation *o, void (*const *intruders)(void), unsigned int count)
{
    uint32_t points = 0, k, tried = 0;

    for (unsigned int i = 0; i < count; i++) {
        for (k = 1; (points = try_at(o, intruders[i], INT82_PREEMPT_AT, k)) >= k && k < MAX_POINTS; k++)
            tried++;
        CHECK(k > 1 && k < MAX_POINTS);
        try_at(o, intruders[i], INT82_PREEMPT_ALWAYS, 0);
        check_audit();
    }
    printf("suspended: %s: %u points, %u intruders, %u suspensions\n", o->name, points, count, tried);
}
/* ---- A tree of tables that is not in use: an L3 with four L2s. Those of slots 0 to 2 name the same four L1s, and that
 * of slot 1 two more. The L1s map a page. Only a table's first and last use has points. */

#define SHARED_L1S 4
#define L1S        6

static struct {
    struct address_space space;
    pte_t *l2[3], *l1[L1S], *data, *spare;
} tree;

/* Is one of the tree's tables in the middle of being validated, or of being given up as a table? */
static void look_at_tree(void)
{
    static struct int82_page pages[1 + 3 + L1S];
    static xen_platform_op_t op;
    unsigned int n = 0;

    pages[n++].mfn = virt_to_mfn(tree.space.l3);
    for (unsigned int i = 0; i < 3; i++)
        pages[n++].mfn = virt_to_mfn(tree.l2[i]);
    for (unsigned int i = 0; i < L1S; i++)
        pages[n++].mfn = virt_to_mfn(tree.l1[i]);
    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_page_info;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.size = sizeof(pages);
    op.u.int82.buffer = pages;
    if (HYPERVISOR_dom0_op(&op))
        met_halfway++;
    for (unsigned int i = 0; i < n; i++)
        if (pages[i].uses && !(pages[i].type & INT82_PAGE_VALIDATED))
            met_halfway++;
}

static void read_only(void *page)
{
    CHECK_RC(page_make_readonly(page), 0);
}

static void make_tree(void)
{
    tree.data = alloc_page();
    tree.spare = alloc_page();
    for (unsigned int i = 0; i < L1S; i++) {
        tree.l1[i] = alloc_page();
        tree.l1[i][i] = make_pte(virt_to_mfn(tree.data), PTE_KERNEL_RW);
        tree.l1[i][511] = make_pte(virt_to_mfn(tree.data), PTE_KERNEL_RO);
        read_only(tree.l1[i]);
    }
    address_space_copy(&tree.space);
    CHECK_RC(page_make_writable(tree.space.l3), 0);
    for (unsigned int slot = 0; slot < 3; slot++) {
        tree.l2[slot] = alloc_page();
        for (unsigned int i = 0; i < (slot == 1 ? L1S : SHARED_L1S); i++)
            tree.l2[slot][i * 100] = make_pte(virt_to_mfn(tree.l1[i]), PTE_TABLE);
        read_only(tree.l2[slot]);
        tree.space.l3[slot] = make_pte(virt_to_mfn(tree.l2[slot]), PTE_P);
    }
    read_only(tree.space.l3);
    look = look_at_tree;
}

/* Drops the tree, whatever somebody has pinned or mapped. */
static void drop_tree(void)
{
    void *tables[1 + 3 + L1S] = {tree.space.l3, tree.l2[0], tree.l2[1], tree.l2[2]};

    for (unsigned int i = 0; i < L1S; i++)
        tables[1 + 3 + i] = tree.l1[i];
    for (unsigned int i = 0; i < ARRAY_SIZE(tables); i++)
        mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(tables[i]), 0);
    for (unsigned int i = 1; i < ARRAY_SIZE(tables); i++) {
        CHECK_RC(page_make_writable(tables[i]), 0);
        free_page(tables[i]);
    }
    look = NULL;
    address_space_free(&tree.space);
    CHECK_RC(page_make_writable(tree.data), 0);
    free_page(tree.data);
    CHECK_RC(page_make_writable(tree.spare), 0);
    free_page(tree.spare);
}

static int pin_tree(void)
{
    return mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(tree.space.l3), 0);
}

static int unpin_tree(void)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(tree.space.l3), 0);
}

static void make_pinned_tree(void)
{
    make_tree();
    CHECK_RC(pin_tree(), 0);
}

/* What vCPU 1 does to the tree. */
static void intrude_pin_l3(void)
{
    pin_tree();
}

static void intrude_unpin_l3(void)
{
    unpin_tree();
}

static void intrude_pin_tables(void)
{
    for (unsigned int i = 0; i < 3; i++)
        mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(tree.l2[i]), 0);
    for (unsigned int i = 0; i < L1S; i++)
        mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(tree.l1[i]), 0);
}

static void intrude_unpin_tables(void)
{
    for (unsigned int i = 0; i < 3; i++)
        mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(tree.l2[i]), 0);
    for (unsigned int i = 0; i < L1S; i++)
        mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(tree.l1[i]), 0);
}

/* Pages that are not tables yet, or no longer, become writable. */
static void intrude_make_writable(void)
{
    page_make_writable(tree.space.l3);
    for (unsigned int i = 0; i < 3; i++)
        page_make_writable(tree.l2[i]);
    for (unsigned int i = 0; i < L1S; i++)
        page_make_writable(tree.l1[i]);
}

/* Entries at all levels are removed, set, and changed. */
static void intrude_update(void)
{
    pte_t spare = make_pte(virt_to_mfn(tree.spare), PTE_KERNEL_RW);

    mmu_set_entry(&tree.l1[1][1], 0);
    mmu_set_entry(&tree.l1[2][3], spare);
    mmu_set_entry(&tree.l2[0][100], 0);
    mmu_set_entry(&tree.l2[1][300], make_pte(virt_to_mfn(tree.l1[0]), PTE_TABLE));
    mmu_set_entry(&tree.l2[2][511], make_pte(virt_to_mfn(tree.l1[3]), PTE_TABLE));
    mmu_set_entry(&tree.space.l3[1], 0);
    mmu_set_entry(&tree.space.l3[2], make_pte(virt_to_mfn(tree.l2[0]), PTE_P));
}

/* The frames themselves are given back. */
static void intrude_give_back(void)
{
    xen_pfn_t frames[2] = {virt_to_mfn(tree.data), virt_to_mfn(tree.l1[2])};
    struct xen_memory_exchange x = {
        .in = {.extent_start = &frames[0], .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = &frames[1], .nr_extents = 1, .domid = DOMID_SELF},
    };

    HYPERVISOR_memory_op(XENMEM_exchange, &x); /* refused: they are in use */
}

static void (*const intruders_of_tree[])(void) = {intrude_pin_l3,       intrude_unpin_l3,      intrude_pin_tables,
                                                  intrude_unpin_tables, intrude_make_writable, intrude_update,
                                                  intrude_give_back};

TEST(suspended_pin)
{
    static const struct operation o = {"pin of an L3", AMID, make_tree, pin_tree, drop_tree};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
}

TEST(suspended_unpin)
{
    static const struct operation o = {"unpin of an L3", AMID, make_pinned_tree, unpin_tree, drop_tree};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
}

static int pin_l2(void)
{
    return mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(tree.l2[1]), 0);
}

TEST(suspended_pin_l2)
{
    static const struct operation o = {"pin of an L2", AMID, make_tree, pin_l2, drop_tree};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
}

/* ---- Running on the tree */

static const pte_t *old_base;

static int run_on_tree(void)
{
    int rc;

    old_base = mm_base();
    rc = mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(tree.space.l3), 0);
    if (!rc)
        rc = mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(old_base), 0);
    return rc;
}

TEST(suspended_new_base)
{
    static const struct operation o = {"change of the base pointer", AMID, make_tree, run_on_tree, drop_tree};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
}

/* ---- Updates: an L2 with its L1s is hooked into an L3, and a batch changes L1 entries */

static void make_tree_with_hole(void)
{
    make_tree();
    CHECK_RC(page_make_writable(tree.space.l3), 0);
    tree.space.l3[1] = 0;
    read_only(tree.space.l3);
    CHECK_RC(pin_tree(), 0);
}

static int fill_hole(void)
{
    return mmu_set_entry(&tree.space.l3[1], make_pte(virt_to_mfn(tree.l2[1]), PTE_P));
}

static int make_hole(void)
{
    return mmu_set_entry(&tree.space.l3[1], 0);
}

static void intrude_same_hole(void)
{
    mmu_set_entry(&tree.space.l3[1], make_pte(virt_to_mfn(tree.l2[0]), PTE_P));
}

static void intrude_same_hole_same_table(void)
{
    fill_hole();
}

TEST(suspended_update_l3)
{
    static const struct operation o = {"update of an L3", AMID, make_tree_with_hole, fill_hole, drop_tree},
                                  away = {"emptying an L3", AMID, make_pinned_tree, make_hole, drop_tree};
    static void (*const same[])(void) = {intrude_same_hole, intrude_same_hole_same_table};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
    TRY(o, same);
    TRY(away, intruders_of_tree);
}

#define BATCH 300

static mmu_update_t batch[BATCH];

static int update_batch(void)
{
    for (unsigned int i = 0; i < BATCH; i++) {
        batch[i].ptr = pte_maddr(&tree.l1[i & 1][i]);
        batch[i].val = make_pte(virt_to_mfn(i & 2 ? tree.data : tree.spare), PTE_KERNEL_RW);
    }
    return HYPERVISOR_mmu_update(batch, BATCH);
}

static int update_batch_by_domain(void)
{
    uint32_t done = 0;

    update_batch(); /* fills it, too */
    return HYPERVISOR_mmu_update_dom(batch, BATCH, &done, DOMID_SELF | 1u << 16);
}

TEST(suspended_batch)
{
    static const struct operation o = {"batch of updates", STEPS, make_pinned_tree, update_batch, drop_tree},
                                  unused = {"batch of updates to what becomes tables", STEPS, make_tree, update_batch,
                                            drop_tree},
                                  by_domain = {"batch of updates for a domain", STEPS, make_pinned_tree,
                                               update_batch_by_domain, drop_tree};

    NEED_BOTH();
    TRY(o, intruders_of_tree);
    TRY(unused, intruders_of_tree);
    TRY(by_domain, intruders_of_tree);
}
