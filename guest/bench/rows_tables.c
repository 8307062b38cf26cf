/* SPDX-License-Identifier: MIT */
/*
 * Rows of whole tables: changing the base pointer, pinning, and what a fork costs. The pages that they map are those of
 * rows_mmu.c's table.
 */
#include "rows.h"

#include <guest/traps.h>

#define ENTRIES    512
#define PAGE_AT(i) ((volatile uint32_t *)(MM_SCRATCH + (i)*PAGE_SIZE))

/* ---- Address spaces */
void new_base_same(struct bench *b)
{
    struct mmuext_op op = {.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(mm_base())};

    bench_calls(b, 256, __HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF, 0);
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
    }
}

/* Switches to a second, pinned address space and back. Effect: one address shows the frame of the space in use. */
void new_base_other(struct bench *b)
{
    struct mmuext_op op[2] = {{.cmd = MMUEXT_NEW_BASEPTR}, {.cmd = MMUEXT_NEW_BASEPTR}};
    struct address_space other;
    pte_t *home = mm_base(), *l2e;
    uint32_t i;

    if (!mmu_table(b))
        return;
    mmu_set_all(b, RO);
    address_space_copy(&other);
    op[0].arg1.mfn = virt_to_mfn(other.l3);
    op[1].arg1.mfn = virt_to_mfn(home);
    l2e = &other.l2_top[L2_INDEX(MM_SCRATCH)];
    bench_expect(b, !mmuext(MMUEXT_PIN_L3_TABLE, op[0].arg1.mfn, 0), "cannot pin an L3");
    bench_expect(b, !mmu_set_entry(l2e, 0), "cannot change an L2");
    for (i = 0; i < 256; i++)
        bench_call_set(b, i, __HYPERVISOR_mmuext_op, &op[i & 1], 1, 0, DOMID_SELF, 0);
    b->count = 256;
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, probe_read(PAGE_AT(0), NULL, NULL), "the first address space is not in use");
        bench_expect(b, !hypercall(__HYPERVISOR_mmuext_op, &op[0], 1, 0, DOMID_SELF, 0), "no change");
        bench_expect(b, !probe_read(PAGE_AT(0), NULL, NULL), "the second address space is not in use");
        bench_expect(b, !hypercall(__HYPERVISOR_mmuext_op, &op[1], 1, 0, DOMID_SELF, 0), "no change back");
    }
    bench_expect(b, !mmuext(MMUEXT_UNPIN_TABLE, op[0].arg1.mfn, 0), "cannot unpin an L3");
    address_space_free(&other);
}

/* ---- Pinning. Effect: a pinned table cannot be made writable, an unpinned one can. */
#define TABLES 4

/* One operation for each table: calls to measure, or to make at once. */
static void pin_calls(struct bench *b, struct mmuext_op *ops, uint32_t n, uint32_t cmd)
{
    uint32_t i;

    for (i = 0; i < n; i++) {
        ops[i].cmd = cmd;
        bench_call_set(b, i, __HYPERVISOR_mmuext_op, &ops[i], 1, 0, DOMID_SELF, 0);
    }
    b->count = n;
}

static void do_all(struct bench *b, struct mmuext_op *ops, uint32_t n, uint32_t cmd)
{
    uint32_t i;

    for (i = 0; i < n; i++)
        bench_expect(b, !mmuext(cmd, ops[i].arg1.mfn, 0), "mmuext_op %u failed on table %u", cmd, i);
}

static void expect_pinned(struct bench *b, void *page, bool pinned)
{
    int err = page_make_writable(page);

    bench_expect(b, !err == !pinned, "making it writable answered %d", err);
    if (!err)
        bench_expect(b, !page_make_readonly(page), "cannot make it read-only");
}

/* Measures pin (or unpin) of n tables, and undoes it. */
static void measure_pins(struct bench *b, struct mmuext_op *ops, void **pages, uint32_t n, uint32_t pin, bool unpin)
{
    uint32_t i;

    pin_calls(b, ops, n, unpin ? MMUEXT_UNPIN_TABLE : pin);
    while (bench_repeat(b)) {
        if (unpin)
            do_all(b, ops, n, pin);
        bench_run(b);
        bench_expect_results(b, 0);
        for (i = 0; i < n; i++)
            expect_pinned(b, pages[i], !unpin);
        if (!unpin)
            do_all(b, ops, n, MMUEXT_UNPIN_TABLE);
    }
}

void pin_l1(struct bench *b, bool full, bool unpin)
{
    struct mmuext_op ops[TABLES];
    void *pages[TABLES];
    uint32_t i, k;

    if (!mmu_table(b))
        return;
    for (i = 0; i < TABLES; i++) {
        pages[i] = alloc_page();
        for (k = 0; k < ENTRIES && full; k++)
            ((pte_t *)pages[i])[k] = mmu_entry(k, RW);
        ops[i].arg1.mfn = virt_to_mfn(pages[i]);
        bench_expect(b, !page_make_readonly(pages[i]), "cannot make it read-only");
    }
    measure_pins(b, ops, pages, TABLES, MMUEXT_PIN_L1_TABLE, unpin);
    for (i = 0; i < TABLES; i++) {
        bench_expect(b, !page_make_writable(pages[i]), "cannot make it writable again");
        free_page(pages[i]);
    }
}

/* The tree is an L3, its own L2 for slot 3, and below that this many L1 tables, which are in use already. */
#define TREE_L1S 3

void pin_l3_tree(struct bench *b, bool unpin)
{
    struct address_space spaces[TABLES];
    struct mmuext_op ops[TABLES];
    void *pages[TABLES];
    uint32_t i, k;

    for (i = 0; i < TABLES; i++) {
        address_space_copy(&spaces[i]);
        for (k = TREE_L1S; k < L2_INDEX(mm_hypervisor_start()); k++) {
            if (spaces[i].l2_top[k])
                bench_expect(b, !mmu_set_entry(&spaces[i].l2_top[k], 0), "cannot clear entry %u of an L2", k);
        }
        pages[i] = spaces[i].l3;
        ops[i].arg1.mfn = virt_to_mfn(spaces[i].l3);
    }
    measure_pins(b, ops, pages, TABLES, MMUEXT_PIN_L3_TABLE, unpin);
    for (i = 0; i < TABLES; i++)
        address_space_free(&spaces[i]);
}

/*
 * ---- What a fork costs a kernel. The parent's 256 pages become read-only, all in one batch. The child's tables (one
 * L1, two L2s and the L3) are filled in already; they become read-only and are pinned. The child runs, then the parent
 * runs again. The child ends: its tables become writable again, and so do the parent's pages. Effect: the child's
 * address space shows the same pages, read-only; afterwards the parent's pages are as before.
 */
#define FORK_PAGES 256
#define FORK_VA    0x10000000u /* where the child sees them: in slot 0 of its L3 */

struct child {
    struct address_space space;
    pte_t *l1, *l2;
};

static mmu_update_t fork_protect[FORK_PAGES], fork_restore[FORK_PAGES];
static struct mmuext_op fork_ops[5];
enum { FORK_PIN, FORK_TO_CHILD, FORK_TO_PARENT, FORK_UNPIN, FORK_FLUSH };

static void add_mmuext(struct bench *b, unsigned int op)
{
    bench_call_set(b, b->count++, __HYPERVISOR_mmuext_op, &fork_ops[op], 1, 0, DOMID_SELF, 0);
}

static void add_table_flags(struct bench *b, struct child *c, pte_t flags)
{
    void *const tables[] = {c->l1, c->l2, c->space.l2_top, c->space.l3};
    uint32_t i;

    for (i = 0; i < ARRAY_SIZE(tables); i++)
        bench_call_set(b, b->count++, __HYPERVISOR_update_va_mapping, tables[i],
                       (uint32_t)make_pte(virt_to_mfn(tables[i]), flags),
                       (uint32_t)(make_pte(virt_to_mfn(tables[i]), flags) >> 32), UVMF_INVLPG, 0);
}

/* Returns the index of the call that lets the parent run again. The calls before it are the fork, those from it on are
 * the child's end. */
static uint32_t fork_calls(struct bench *b, struct child *c)
{
    uint32_t exit;

    b->count = 0;
    bench_call_set(b, b->count++, __HYPERVISOR_mmu_update, fork_protect, FORK_PAGES, 0, DOMID_SELF, 0);
    add_mmuext(b, FORK_FLUSH);
    add_table_flags(b, c, PTE_KERNEL_RO);
    add_mmuext(b, FORK_PIN);
    add_mmuext(b, FORK_TO_CHILD);
    exit = b->count;
    add_mmuext(b, FORK_TO_PARENT);
    add_mmuext(b, FORK_UNPIN);
    add_table_flags(b, c, PTE_KERNEL_RW);
    bench_call_set(b, b->count++, __HYPERVISOR_mmu_update, fork_restore, FORK_PAGES, 0, DOMID_SELF, 0);
    return exit;
}

static void make_calls(struct bench *b, uint32_t from, uint32_t to)
{
    const struct bench_call *c;

    for (c = b->calls + from; c < b->calls + to; c++)
        bench_expect(b, !hypercall(c->eax, c->ebx, c->ecx, c->edx, c->esi, c->edi), "call %u failed",
                     (uint32_t)(c - b->calls));
}

/* Needed each time: the processor may have set Accessed in these entries, and Xen then refuses to pin the table
 * again. */
static void clean_l3(struct child *c)
{
    const pte_t *parent = mm_base();

    c->space.l3[0] = make_pte(virt_to_mfn(c->l2), PTE_P);
    c->space.l3[1] = parent[1] & (PTE_FRAME | PTE_P);
    c->space.l3[2] = parent[2] & (PTE_FRAME | PTE_P);
    c->space.l3[3] = make_pte(virt_to_mfn(c->space.l2_top), PTE_P);
}

static void fill_child(struct child *c)
{
    uint32_t i;

    address_space_copy(&c->space);
    page_make_writable(c->space.l3);
    page_make_writable(c->space.l2_top);
    c->l1 = alloc_page();
    c->l2 = alloc_page();
    for (i = 0; i < FORK_PAGES; i++)
        c->l1[i] = mmu_entry(i, RO | PTE_US);
    c->l2[L2_INDEX(FORK_VA)] = make_pte(virt_to_mfn(c->l1), PTE_TABLE);
    clean_l3(c);
}

static void expect_child(struct bench *b)
{
    volatile uint32_t *page;
    uint32_t i;

    for (i = 0; i < FORK_PAGES; i += 51) {
        page = (uint32_t *)(FORK_VA + i * PAGE_SIZE);
        if (!bench_expect(b, probe_read(page, NULL, NULL) && *page == i, "the child does not see page %u", i))
            return;
        bench_expect(b, !probe_write(page, i, NULL), "the child can write to page %u", i);
        bench_expect(b, !probe_write(PAGE_AT(i), i, NULL), "the parent's page %u is not read-only", i);
    }
}

void fork_like(struct bench *b)
{
    pte_t *table = mmu_table(b);
    struct child child;
    uint32_t i, exit;

    if (!table)
        return;
    for (i = 0; i < FORK_PAGES; i++) {
        fork_protect[i] = (mmu_update_t){pte_maddr(&table[i]), mmu_entry(i, RO)};
        fork_restore[i] = (mmu_update_t){pte_maddr(&table[i]), mmu_entry(i, RW)};
    }
    fill_child(&child);
    fork_ops[FORK_PIN] = (struct mmuext_op){.cmd = MMUEXT_PIN_L3_TABLE, .arg1.mfn = virt_to_mfn(child.space.l3)};
    fork_ops[FORK_TO_CHILD] = (struct mmuext_op){.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(child.space.l3)};
    fork_ops[FORK_TO_PARENT] = (struct mmuext_op){.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = virt_to_mfn(mm_base())};
    fork_ops[FORK_UNPIN] = (struct mmuext_op){.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = virt_to_mfn(child.space.l3)};
    fork_ops[FORK_FLUSH] = (struct mmuext_op){.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    exit = fork_calls(b, &child);
    b->turns = 1;
    while (bench_repeat(b)) {
        mmu_set_all(b, RW);
        clean_l3(&child);
        bench_run(b);
        bench_expect_results(b, 0);
        mmu_expect_entries(b, RW);
        mmu_expect_access(b, RW);
        clean_l3(&child);
        make_calls(b, 0, exit);
        expect_child(b);
        make_calls(b, exit, b->count);
        mmu_expect_entries(b, RW);
    }
    page_make_readonly(child.space.l3);
    page_make_readonly(child.space.l2_top);
    address_space_free(&child.space);
    free_page(child.l1);
    free_page(child.l2);
}
