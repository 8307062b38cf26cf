/* SPDX-License-Identifier: MIT */
/*
 * Rows of memory management. They work on an L1 table of their own at MM_SCRATCH. Each of its 512 entries maps its own
 * frame or nothing. The first word of a frame is its index.
 */
#include "rows.h"

#include <guest/string.h>
#include <guest/traps.h>

#define ENTRIES 512

static pte_t *table;              /* in the linear map: read-only */
static uint32_t *frames[ENTRIES]; /* in the linear map: writable */

static volatile uint32_t *scratch(uint32_t i)
{
    return (uint32_t *)(MM_SCRATCH + i * PAGE_SIZE);
}

/* The frame that page i has with these flags. */
static uint32_t frame_of(uint32_t i, pte_t flags)
{
    return flags & OTHER_FRAME ? i ^ 1 : i;
}

static pte_t entry(uint32_t i, pte_t flags)
{
    return flags ? make_pte(virt_to_mfn(frames[frame_of(i, flags)]), flags & ~OTHER_FRAME) : 0;
}

static bool set_up(struct bench *b)
{
    uint32_t i;

    if (table)
        return true;
    for (i = 0; i < ENTRIES; i++) {
        frames[i] = alloc_page();
        *frames[i] = i;
    }
    table = alloc_page();
    if (!bench_expect(b, !mm_map_l1((void *)MM_SCRATCH, table), "cannot put up the scratch table"))
        table = NULL;
    return table;
}

/* For other rows: MM_SCRATCH then begins with a readable page. */
bool mmu_scratch(struct bench *b)
{
    return set_up(b) && bench_expect(b, !update_va(scratch(0), entry(0, RO), UVMF_INVLPG), "cannot map a page");
}

/* Puts all entries into one state, checks this, and lets the TLB load them. */
static void set_all(struct bench *b, pte_t flags)
{
    static mmu_update_t req[ENTRIES];
    uint32_t i;

    for (i = 0; i < ENTRIES; i++)
        req[i] = (mmu_update_t){pte_maddr(&table[i]), entry(i, flags)};
    bench_expect(b, !HYPERVISOR_mmu_update(req, ENTRIES), "cannot set the entries up");
    bench_expect(b, !mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), "cannot flush");
    for (i = 0; i < ENTRIES && flags; i++)
        bench_expect(b, *scratch(i) == frame_of(i, flags), "page %u is not where it was mapped", i);
}

/* All entries are as they should be; the processor may have set Accessed and Dirty. */
static void expect_entries(struct bench *b, pte_t flags)
{
    uint32_t i;

    for (i = 0; i < ENTRIES; i++) {
        if (!bench_expect(b, (table[i] | PTE_A | PTE_D) == (entry(i, flags) | PTE_A | PTE_D),
                          "entry %u is %llx, not %llx", i, table[i], entry(i, flags)) ||
            !bench_expect(b, flags || !table[i], "entry %u is %llx, not empty", i, table[i]))
            return;
    }
}

/* The processor sees the state, too, and not a stale TLB entry. Checks only some pages, because each fault takes
 * time. */
static void expect_access(struct bench *b, pte_t flags)
{
    static const uint16_t sample[] = {0, 1, 2, 63, 64, 255, 300, 510, 511};
    struct caught_trap trap;
    uint32_t k, i, value = 0;
    bool ok;

    for (k = 0; k < ARRAY_SIZE(sample); k++) {
        i = sample[k];
        ok = probe_read(scratch(i), &value, &trap);
        bench_expect(b, ok == !!(flags & PTE_P), "reading page %u %s", i, ok ? "went well" : "failed");
        bench_expect(b, !ok || value == frame_of(i, flags), "page %u shows frame %u", i, value);
        ok = probe_write(scratch(i), frame_of(i, flags), &trap);
        bench_expect(b, ok == !!(flags & PTE_RW), "writing page %u %s", i, ok ? "went well" : "failed");
    }
}

/* For the rows of other files */
pte_t *mmu_table(struct bench *b)
{
    return set_up(b) ? table : NULL;
}

pte_t mmu_entry(uint32_t i, pte_t flags)
{
    return entry(i, flags);
}

void mmu_set_all(struct bench *b, pte_t flags)
{
    set_all(b, flags);
}

void mmu_expect_entries(struct bench *b, pte_t flags)
{
    expect_entries(b, flags);
}

void mmu_expect_access(struct bench *b, pte_t flags)
{
    expect_access(b, flags);
}

void mmu_command(struct bench *b, uint32_t command, pte_t before, pte_t after)
{
    static mmu_update_t req[ENTRIES];
    uint32_t i;

    if (!set_up(b))
        return;
    for (i = 0; i < ENTRIES; i++)
        req[i] = (mmu_update_t){pte_maddr(&table[i]) | command, entry(i, after)};
    b->count = ENTRIES / b->batch;
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_mmu_update, &req[i * b->batch], b->batch, 0, DOMID_SELF, 0);
    while (bench_repeat(b)) {
        set_all(b, before);
        bench_run(b);
        bench_expect_results(b, 0);
        expect_entries(b, after);
        /* Flushing after a change is up to the guest: Xen flushes only for its own safety. */
        bench_expect(b, !mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), "cannot flush");
        expect_access(b, after);
    }
}

void mmu(struct bench *b, pte_t before, pte_t after)
{
    mmu_command(b, MMU_NORMAL_PT_UPDATE, before, after);
}

void uva(struct bench *b, pte_t before, pte_t after, uint32_t flags)
{
    uint32_t i;

    if (!set_up(b))
        return;
    b->count = ENTRIES;
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_update_va_mapping, scratch(i), (uint32_t)entry(i, after),
                       (uint32_t)(entry(i, after) >> 32), flags, 0);
    while (bench_repeat(b)) {
        set_all(b, before);
        bench_run(b);
        bench_expect_results(b, 0);
        expect_entries(b, after);
        if (flags & UVMF_FLUSHTYPE_MASK)
            expect_access(b, after);
    }
}

void multicall_uva(struct bench *b, pte_t before, pte_t after)
{
    static multicall_entry_t entries[ENTRIES];
    uint32_t i;

    if (!set_up(b))
        return;
    b->count = ENTRIES / b->batch;
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_multicall, &entries[i * b->batch], b->batch, 0, 0, 0);
    while (bench_repeat(b)) {
        set_all(b, before);
        for (i = 0; i < ENTRIES; i++)
            entries[i] = (multicall_entry_t){
                __HYPERVISOR_update_va_mapping,
                ~0u,
                {(uint32_t)scratch(i), (uint32_t)entry(i, after), (uint32_t)(entry(i, after) >> 32), UVMF_NONE}};
        bench_run(b);
        bench_expect_results(b, 0);
        for (i = 0; i < ENTRIES; i++)
            bench_expect(b, !entries[i].result, "entry %u answered %d", i, (int)entries[i].result);
        expect_entries(b, after);
    }
}

/* ---- Four ways to do the same: rows.def names them. A turn is b->batch pages, and there are as many turns as fill the
 * table. */
static mmu_update_t batching_req[ENTRIES];
static multicall_entry_t batching_multi[ENTRIES];
static struct mmuext_op batching_flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

static void batching_args(uint32_t i, uint32_t batch, pte_t flags)
{
    bool last = i % batch == batch - 1;

    batching_req[i] = (mmu_update_t){pte_maddr(&table[i]) | MMU_NORMAL_PT_UPDATE, entry(i, flags)};
    batching_multi[i] = (multicall_entry_t){__HYPERVISOR_update_va_mapping,
                                            ~0u,
                                            {(uint32_t)scratch(i), (uint32_t)entry(i, flags),
                                             (uint32_t)(entry(i, flags) >> 32), last ? UVMF_TLB_FLUSH : UVMF_NONE}};
}

static void batching_turn(struct bench *b, enum batching how, uint32_t from)
{
    uint32_t calls = how == UVA_FLUSH || how == MMU_SINGLE ? b->batch : 1, entries = b->batch / calls, i;

    for (i = from; i < from + calls; i++) {
        if (how == UVA_FLUSH)
            bench_call_set(b, b->count++, __HYPERVISOR_update_va_mapping, scratch(i), (uint32_t)entry(i, RW),
                           (uint32_t)(entry(i, RW) >> 32), UVMF_INVLPG, 0);
        else if (how == MULTICALL)
            bench_call_set(b, b->count++, __HYPERVISOR_multicall, &batching_multi[i], entries, 0, 0, 0);
        else
            bench_call_set(b, b->count++, __HYPERVISOR_mmu_update, &batching_req[i], entries, 0, DOMID_SELF, 0);
    }
    if (how == MMU_SINGLE || how == MMU_BATCH)
        bench_call_set(b, b->count++, __HYPERVISOR_mmuext_op, &batching_flush, 1, 0, DOMID_SELF, 0);
}

void batching(struct bench *b, enum batching how)
{
    uint32_t i;

    if (!set_up(b))
        return;
    b->turns = ENTRIES / b->batch;
    for (i = 0; i < ENTRIES; i += b->batch)
        batching_turn(b, how, i);
    while (bench_repeat(b)) {
        set_all(b, NONE);
        for (i = 0; i < ENTRIES; i++)
            batching_args(i, b->batch, RW);
        bench_run(b);
        bench_expect_results(b, 0);
        for (i = 0; i < ENTRIES && how == MULTICALL; i++)
            bench_expect(b, !batching_multi[i].result, "entry %u answered %d", i, (int)batching_multi[i].result);
        expect_entries(b, RW);
        expect_access(b, RW);
    }
}

/* ---- Flushes. Effect: a translation was used, then changed, and the change is seen. */
static void flush(struct bench *b, struct mmuext_op *op)
{
    if (!set_up(b))
        return;
    op->arg1.linear_addr = (uint32_t)scratch(0);
    bench_calls(b, 256, __HYPERVISOR_mmuext_op, op, 1, 0, DOMID_SELF, 0);
    while (bench_repeat(b)) {
        set_all(b, RO);
        bench_expect(b, !update_va(scratch(0), entry(1, RO), UVMF_NONE), "cannot map another frame");
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, *scratch(0) == 1, "the old translation is still in use");
    }
}

void mmuext_flush(struct bench *b)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

    flush(b, &op);
}

void mmuext_invlpg(struct bench *b)
{
    struct mmuext_op op = {.cmd = MMUEXT_INVLPG_LOCAL};

    flush(b, &op);
}

/* The figure also contains what the flush costs afterwards: the reads of `batch` pages whose translations are gone. */
void flush_refill(struct bench *b)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};

    if (!bench_has_caches(b) || !set_up(b))
        return;
    b->loop = &loop_refill;
    bench_refill_pages = b->batch;
    bench_refill_from = scratch(0);
    bench_calls(b, 64, __HYPERVISOR_mmuext_op, &op, 1, 0, DOMID_SELF, 0);
    while (bench_repeat(b)) {
        set_all(b, RO);
        bench_run(b);
        bench_expect_results(b, 0);
        expect_access(b, RO);
    }
}
