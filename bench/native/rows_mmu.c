/* SPDX-License-Identifier: MIT */
/* Rows that change entries of a page table: mmu_update, update_va_mapping, and the latter within multicall. */
#include "native.h"

#include <asm/page.h>
#include <public/xen.h>

#include <string.h>

#define RW         (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define REFERENCES 2u /* of a data frame that the table does not map: its owner's, and its keeper's */
#define ONE        5  /* the entry that single calls change */
#define PAGE(i)    ((uint32_t)(i) << PAGE_SHIFT)

static mmu_update_t requests[2][STRIDES][DATA_FRAMES] __attribute__((aligned(4096)));
static multicall_entry_t calls[2][DATA_FRAMES] __attribute__((aligned(4096)));
static uint32_t done;

static uint64_t wanted(unsigned int stride, unsigned int i, bool mapped)
{
    return mapped ? (uint64_t)world_data_frame(stride, i) << PAGE_SHIFT | RW : 0;
}

/* The state in which N entries from FIRST are. */
static const char *table_is(unsigned int stride, unsigned int first, unsigned int n, bool mapped)
{
    for (unsigned int i = first; i < first + n; i++) {
        uint32_t frame = world_data_frame(stride, i);

        if (world_contents(world_l1())[i] != wanted(stride, i, mapped))
            return "an entry of the page table is not what it was set to";
        if (world_references(frame) != REFERENCES + mapped)
            return "a frame's number of references is wrong";
        if (world_uses(frame) != 1u + mapped)
            return "a frame's number of writable uses is wrong";
    }
    return NULL;
}

static void set_table(struct row *r, bool mapped)
{
    struct row set = {.name = "mmu_update, to prepare a call", .batch = r->batch, .stride = r->stride};

    if (!table_is(r->stride, 0, r->batch, mapped))
        return;
    set.call.entry = (uint32_t)image_symbol("hypercall_mmu_update");
    row_arguments(&set, (uint32_t)requests[mapped][r->stride], r->batch, 0, DOMID_SELF);
    (void)row_call(&set, NULL);
}

static void unmap_all(struct row *r)
{
    set_table(r, false);
    done = 0;
}

static void map_all(struct row *r)
{
    set_table(r, true);
    done = 0;
}

static const char *check_batch(struct row *r, bool mapped)
{
    if (done != r->batch)
        return "the number of updates done is wrong";
    return table_is(r->stride, 0, r->batch, mapped);
}

static const char *all_mapped(struct row *r)
{
    return check_batch(r, true);
}

static const char *all_unmapped(struct row *r)
{
    return check_batch(r, false);
}

static void add_updates(const char *name, const char *entry, unsigned int batch, unsigned int stride, bool before,
                        bool after)
{
    struct row *r = row_add(name, batch, entry);

    row_arguments(r, (uint32_t)requests[after][stride], batch, (uint32_t)&done, DOMID_SELF);
    r->stride = stride;
    r->before = before ? map_all : unmap_all;
    r->check = after ? all_mapped : all_unmapped;
}

static void mmu_update_rows(void)
{
    static const unsigned int batches[] = {1, 8, 64, 512};
    static const char *const entries[] = {"hypercall_mmu_update", "hypercall_mmu_update_c"};
    static const char *const names[][3] = {{"mmu_map_rw", "mmu_unmap", "mmu_same"},
                                           {"mmu_map_rw_c", "mmu_unmap_c", "mmu_same_c"}};

    for (unsigned int c = 0; c < 2; c++)
        for (unsigned int i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
            add_updates(names[c][0], entries[c], batches[i], SIDE_BY_SIDE, false, true);
            add_updates(names[c][1], entries[c], batches[i], SIDE_BY_SIDE, true, false);
            add_updates(names[c][2], entries[c], batches[i], SIDE_BY_SIDE, true, true);
        }
    add_updates("mmu_map_rw_line_apart", entries[0], DATA_FRAMES, LINE_APART, false, true);
    add_updates("mmu_map_rw_page_apart", entries[0], DATA_FRAMES, PAGE_APART, false, true);
    add_updates("mmu_map_rw_line_apart_c", entries[1], DATA_FRAMES, LINE_APART, false, true);
    add_updates("mmu_map_rw_page_apart_c", entries[1], DATA_FRAMES, PAGE_APART, false, true);
}

/* --- update_va_mapping of one entry */

static void set_one(struct row *r, bool mapped)
{
    struct row set = {.name = "mmu_update, to prepare a call", .batch = 1, .stride = r->stride};

    set.call.entry = (uint32_t)image_symbol("hypercall_mmu_update");
    row_arguments(&set, (uint32_t)&requests[mapped][SIDE_BY_SIDE][ONE], 1, 0, DOMID_SELF);
    if (table_is(SIDE_BY_SIDE, ONE, 1, mapped))
        (void)row_call(&set, NULL);
}

static void unmap_one(struct row *r)
{
    set_one(r, false);
}

static void map_one(struct row *r)
{
    set_one(r, true);
}

static const char *one_mapped(struct row *r)
{
    (void)r;
    return table_is(SIDE_BY_SIDE, ONE, 1, true);
}

static const char *one_unmapped(struct row *r)
{
    (void)r;
    return table_is(SIDE_BY_SIDE, ONE, 1, false);
}

static void add_va(const char *name, const char *entry, bool before, bool after)
{
    struct row *r = row_add(name, 1, entry);
    uint64_t value = wanted(SIDE_BY_SIDE, ONE, after);

    row_arguments(r, PAGE(ONE), value, value >> 32, UVMF_NONE);
    r->before = before ? map_one : unmap_one;
    r->check = after ? one_mapped : one_unmapped;
}

static void update_va_rows(void)
{
    static const char *const entries[] = {"hypercall_update_va_mapping", "hypercall_update_va_mapping_c"};
    static const char *const names[][3] = {{"uva_map", "uva_unmap", "uva_same"},
                                           {"uva_map_c", "uva_unmap_c", "uva_same_c"}};

    for (unsigned int c = 0; c < 2; c++) {
        add_va(names[c][0], entries[c], false, true);
        add_va(names[c][1], entries[c], true, false);
        add_va(names[c][2], entries[c], true, true);
    }
}

/* --- multicall of several */

static const char *check_calls(struct row *r, bool mapped)
{
    for (unsigned int i = 0; i < r->batch; i++) {
        if (calls[mapped][i].result)
            return "a call of the multicall has another result than 0";
        calls[mapped][i].result = 99;
    }
    return table_is(SIDE_BY_SIDE, 0, r->batch, mapped);
}

static const char *calls_mapped(struct row *r)
{
    return check_calls(r, true);
}

static const char *calls_unmapped(struct row *r)
{
    return check_calls(r, false);
}

static void multicall_rows(void)
{
    static const unsigned int batches[] = {1, 8, 32};

    for (unsigned int i = 0; i < sizeof(batches) / sizeof(*batches); i++)
        for (unsigned int mapped = 0; mapped < 2; mapped++) {
            struct row *r =
                row_add(mapped ? "multicall_uva_map" : "multicall_uva_unmap", batches[i], "hypercall_multicall");

            row_arguments(r, (uint32_t)calls[mapped], batches[i], 0, 0);
            r->before = mapped ? unmap_all : map_all;
            r->check = mapped ? calls_mapped : calls_unmapped;
        }
}

void rows_mmu_make(void)
{
    for (unsigned int mapped = 0; mapped < 2; mapped++) {
        for (unsigned int s = 0; s < STRIDES; s++)
            for (unsigned int i = 0; i < DATA_FRAMES; i++)
                requests[mapped][s][i] =
                    (mmu_update_t){(uint64_t)world_l1() << PAGE_SHIFT | i * 8, wanted(s, i, mapped)};
        for (unsigned int i = 0; i < DATA_FRAMES; i++) {
            uint64_t value = wanted(SIDE_BY_SIDE, i, mapped);

            calls[mapped][i] = (multicall_entry_t){
                .op = __HYPERVISOR_update_va_mapping, .result = 99, .args = {PAGE(i), value, value >> 32, UVMF_NONE}};
        }
    }
    mmu_update_rows();
    update_va_rows();
    multicall_rows();
}

void rows_mmu_flush_arguments(void)
{
    flush_range(requests, sizeof(requests));
    flush_range(calls, sizeof(calls));
    flush_range(&done, sizeof(done));
}
