/* SPDX-License-Identifier: MIT */
/*
 * Rows of grants. The only domain grants frames to itself. That costs as much as granting to another, because the
 * hypervisor still looks at both sides.
 */
#include "rows.h"

#include <guest/string.h>
#include <public/grant_table.h>

#define GRANTS    256
#define FIRST_REF 20u
#define TABLE_VA  (MM_SCRATCH + 0x200000) /* the grant table's first frame, then what grants map */
#define MAP_VA(i) (TABLE_VA + (1 + (i)) * PAGE_SIZE)

static volatile grant_entry_v1_t *const table = (grant_entry_v1_t *)TABLE_VA;
static uint32_t *pages[GRANTS];
static gnttab_map_grant_ref_t maps[GRANTS];
static gnttab_unmap_grant_ref_t unmaps[GRANTS];

static bool open_table(struct bench *b)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = 1, .status = -1, .frame_list = &frame};
    void *l1 = alloc_page();

    if (HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1) || setup.status) {
        free_page(l1);
        bench_skip(b, "no grant table");
        return false;
    }
    return bench_expect(b, !mm_map_l1((void *)TABLE_VA, l1), "no room for the table") &&
           bench_expect(b, !update_va((void *)TABLE_VA, make_pte(frame, PTE_KERNEL_RW), UVMF_INVLPG),
                        "cannot map the table");
}

static bool set_up(struct bench *b)
{
    uint32_t i;

    if (!pages[0]) {
        if (!open_table(b))
            return false;
        for (i = 0; i < GRANTS; i++) {
            pages[i] = alloc_page();
            table[FIRST_REF + i].domid = 0;
            table[FIRST_REF + i].frame = virt_to_mfn(pages[i]);
            barrier();
            table[FIRST_REF + i].flags = GTF_permit_access;
        }
    }
    for (i = 0; i < GRANTS; i++)
        pages[i][0] = i;
    return true;
}

static void prepare(void)
{
    uint32_t i;

    for (i = 0; i < GRANTS; i++)
        maps[i] = (gnttab_map_grant_ref_t){
            .host_addr = MAP_VA(i), .flags = GNTMAP_host_map, .ref = FIRST_REF + i, .dom = 0, .status = -99};
}

static void prepare_unmaps(void)
{
    uint32_t i;

    for (i = 0; i < GRANTS; i++)
        unmaps[i] = (gnttab_unmap_grant_ref_t){.host_addr = MAP_VA(i), .handle = maps[i].handle, .status = -99};
}

/* After mapping, both addresses show the same page, and the grant entry says that it is in use. */
static void expect_mapped(struct bench *b)
{
    volatile uint32_t *seen;
    uint32_t i;

    for (i = 0; i < GRANTS; i++) {
        seen = (uint32_t *)MAP_VA(i);
        if (!bench_expect(b, !maps[i].status, "map %u: status %d", i, maps[i].status) ||
            !bench_expect(b, *seen == i, "mapping %u shows %u", i, *seen))
            return;
        seen[1] = ~i;
        bench_expect(b, pages[i][1] == ~i, "page %u was not written through its mapping", i);
        bench_expect(b, table[FIRST_REF + i].flags == (GTF_permit_access | GTF_reading | GTF_writing),
                     "entry %u has flags 0x%x", i, table[FIRST_REF + i].flags);
    }
}

static void expect_unmapped(struct bench *b)
{
    const volatile pte_t *entry = mm_l1_entry((void *)MAP_VA(0));
    uint32_t i;

    for (i = 0; i < GRANTS; i++) {
        bench_expect(b, !unmaps[i].status, "unmap %u: status %d", i, unmaps[i].status);
        bench_expect(b, table[FIRST_REF + i].flags == GTF_permit_access, "entry %u has flags 0x%x", i,
                     table[FIRST_REF + i].flags);
        bench_expect(b, !entry[i], "mapping %u is still there", i);
    }
}

static void grant_calls(struct bench *b, uint32_t cmd)
{
    uint32_t i;

    b->count = GRANTS / b->batch;
    for (i = 0; i < b->count; i++)
        bench_call_set(b, i, __HYPERVISOR_grant_table_op, cmd,
                       cmd == GNTTABOP_map_grant_ref ? (void *)&maps[i * b->batch] : (void *)&unmaps[i * b->batch],
                       b->batch, 0, 0);
}

/* Maps all grants and unmaps them again. Measures one of the two. */
void grant_map(struct bench *b, bool unmap)
{
    if (!set_up(b))
        return;
    grant_calls(b, unmap ? GNTTABOP_unmap_grant_ref : GNTTABOP_map_grant_ref);
    while (bench_repeat(b)) {
        prepare();
        if (unmap)
            bench_expect(b, !HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, maps, GRANTS), "cannot map");
        else {
            bench_run(b);
            bench_expect_results(b, 0);
        }
        expect_mapped(b);
        prepare_unmaps();
        if (unmap) {
            bench_run(b);
            bench_expect_results(b, 0);
        } else
            bench_expect(b, !HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, GRANTS), "cannot unmap");
        expect_unmapped(b);
    }
}

/* Copies that many bytes from a granted frame into a page of the caller's. */
void grant_copy(struct bench *b, uint32_t bytes)
{
    static gnttab_copy_t op;
    uint8_t *to;

    if (!set_up(b))
        return;
    to = alloc_page();
    op = (gnttab_copy_t){.len = bytes, .flags = GNTCOPY_source_gref};
    op.source.u.ref = FIRST_REF;
    op.source.domid = 0;
    op.dest.u.gmfn = virt_to_mfn(to);
    op.dest.domid = DOMID_SELF;
    bench_calls(b, 64, __HYPERVISOR_grant_table_op, GNTTABOP_copy, &op, 1, 0, 0);
    while (bench_repeat(b)) {
        memset(to, 0x11, PAGE_SIZE);
        memset(pages[0], 0x22, PAGE_SIZE);
        op.status = -99;
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, !op.status, "status %d", op.status);
        bench_expect(b, to[0] == 0x22 && to[bytes - 1] == 0x22, "not all was copied");
        bench_expect(b, bytes == PAGE_SIZE || to[bytes] == 0x11, "too much was copied");
        bench_expect(b, table[FIRST_REF].flags == GTF_permit_access, "flags 0x%x", table[FIRST_REF].flags);
    }
    free_page(to);
}
