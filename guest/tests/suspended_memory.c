/* SPDX-License-Identifier: MIT */
/* Reservations, and arrays of grants, suspended at every point where they can be suspended: see suspended_ops.c. */
#include "suspended_ops.h"

#include <public/grant_table.h>
#include <public/memory.h>

/* ---- Reservations. Their frames are not in the guest's own list */

#define FRAMES      200u
#define NOWHERE_PFN 0x100000

static xen_pfn_t frames[FRAMES], got[FRAMES];
static uint32_t nr_frames;

static int32_t reserve(uint32_t cmd, xen_pfn_t *list, uint32_t n)
{
    struct xen_memory_reservation r = {.extent_start = list, .nr_extents = n, .domid = DOMID_SELF};

    return HYPERVISOR_memory_op(cmd, &r);
}

static void no_frames(void)
{
    nr_frames = 0;
    for (unsigned int i = 0; i < FRAMES; i++)
        frames[i] = NOWHERE_PFN + i;
}

static void some_frames(void)
{
    no_frames();
    CHECK_RC(reserve(XENMEM_populate_physmap, frames, FRAMES), FRAMES);
    nr_frames = FRAMES;
}

static int populate(void)
{
    nr_frames = reserve(XENMEM_populate_physmap, frames, FRAMES);
    return nr_frames;
}

static int decrease(void)
{
    return reserve(XENMEM_decrease_reservation, frames, FRAMES);
}

static void give_back(void)
{
    unmap_at(FREE_VA);
    for (unsigned int i = 0; i < nr_frames; i++)
        reserve(XENMEM_decrease_reservation, &frames[i], 1); /* the other vCPU may have been faster */
}

static void populated(void)
{
    CHECK_RC(result, FRAMES);
    give_back();
}

static void decreased(void)
{
    nr_frames = FRAMES;
    give_back();
}

static int exchange(void)
{
    struct xen_memory_exchange x = {
        .in = {.extent_start = frames, .nr_extents = FRAMES, .domid = DOMID_SELF},
        .out = {.extent_start = got, .nr_extents = FRAMES, .domid = DOMID_SELF},
    };
    int rc;

    for (unsigned int i = 0; i < FRAMES; i++)
        got[i] = NOWHERE_PFN + i;
    rc = HYPERVISOR_memory_op(XENMEM_exchange, &x);
    for (unsigned int i = 0; i < x.nr_exchanged; i++)
        frames[i] = got[i];
    return rc;
}

static void intrude_map(void)
{
    for (unsigned int i = 0; i < FRAMES; i += 16)
        map_at(FREE_VA, frames[i], PTE_KERNEL_RW);
}

static void intrude_decrease(void)
{
    reserve(XENMEM_decrease_reservation, frames + FRAMES / 2, FRAMES / 4);
}

static void intrude_populate(void)
{
    xen_pfn_t list[4] = {NOWHERE_PFN, NOWHERE_PFN + 1, NOWHERE_PFN + 2, NOWHERE_PFN + 3};

    if (reserve(XENMEM_populate_physmap, list, 4) == 4)
        reserve(XENMEM_decrease_reservation, list, 4);
}

static void intrude_pin_frame(void)
{
    mmuext(MMUEXT_PIN_L1_TABLE, frames[FRAMES - 1], 0);
    mmuext(MMUEXT_UNPIN_TABLE, frames[FRAMES - 1], 0);
}

static void (*const intruders_of_frames[])(void) = {intrude_map, intrude_decrease, intrude_populate, intrude_pin_frame};

TEST(suspended_reservations)
{
    static const struct operation more = {"populate_physmap", STEPS, no_frames, populate, populated},
                                  less = {"decrease_reservation", STEPS, some_frames, decrease, decreased},
                                  other = {"exchange", BOTH, some_frames, exchange, give_back};
    static void (*const harmless[])(void) = {intrude_populate, intrude_map};
    uint32_t free;

    NEED_BOTH();
    check_audit();
    free = audited.free_frames;
    TRY(more, harmless);
    TRY(less, intruders_of_frames);
    TRY(other, intruders_of_frames);
    CHECK_EQ(audited.free_frames, free);
}

/* ---- Grants: an array of mappings of a page that this domain grants to itself */

#define TABLE_VA FREE_VA
#define MAP_VA   (FREE_VA + 0x1000)
#define REF      60u
#define MAPPINGS 100u /* with three points */

static volatile grant_entry_v1_t *const entry = (void *)(TABLE_VA + REF * sizeof(grant_entry_v1_t));
static gnttab_map_grant_ref_t maps[MAPPINGS];
static gnttab_unmap_grant_ref_t unmaps[MAPPINGS];
static void *granted;

static void grant_page(void)
{
    xen_pfn_t frame = 0;
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 1, .frame_list = &frame, .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(map_at(TABLE_VA, frame, PTE_KERNEL_RW), 0);
    granted = alloc_page();
    entry->domid = 0;
    entry->frame = virt_to_mfn(granted);
    entry->flags = GTF_permit_access;
    for (unsigned int i = 0; i < MAPPINGS; i++) {
        maps[i] = (gnttab_map_grant_ref_t){
            .host_addr = MAP_VA + i * PAGE_SIZE, .flags = GNTMAP_host_map, .ref = REF, .dom = 0, .status = 77};
        unmaps[i] = (gnttab_unmap_grant_ref_t){.host_addr = MAP_VA + i * PAGE_SIZE, .handle = ~0u, .status = 77};
    }
}

static void set_handles(void)
{
    for (unsigned int i = 0; i < MAPPINGS; i++)
        if (!maps[i].status)
            unmaps[i].handle = maps[i].handle;
}

static int map_grants(void)
{
    int rc = HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, maps, MAPPINGS);

    set_handles();
    return rc;
}

static int unmap_grants(void)
{
    return HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, MAPPINGS);
}

static void grant_and_map(void)
{
    grant_page();
    CHECK_RC(map_grants(), 0);
}

static void end_grant(void)
{
    CHECK_RC(result, 0);
    unmap_grants();
    for (unsigned int i = 0; i < MAPPINGS; i++)
        unmap_at(MAP_VA + i * PAGE_SIZE);
    CHECK_EQ(entry->flags, GTF_permit_access); /* no longer in use */
    entry->flags = 0;
    unmap_at(TABLE_VA);
    free_page(granted);
}

static void intrude_unmap(void)
{
    gnttab_unmap_grant_ref_t u = {.host_addr = MAP_VA, .handle = maps[0].handle};

    if (!maps[0].status)
        HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &u, 1);
}

static void intrude_copy(void)
{
    gnttab_copy_t c = {.source = {.u.ref = REF, .domid = 0}, .dest = {.u.gmfn = 0, .domid = DOMID_SELF}, .len = 64};

    c.flags = GNTCOPY_source_gref;
    c.dest.u.gmfn = virt_to_mfn(context_of_1.trap_ctxt);
    HYPERVISOR_grant_table_op(GNTTABOP_copy, &c, 1);
}

static void intrude_swap(void)
{
    gnttab_swap_grant_ref_t s = {.ref_a = REF, .ref_b = REF + 1};

    HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &s, 1);
    if (!s.status)
        HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &s, 1);
}

/* The granter makes a table of the page, or takes it away. */
static void intrude_retype(void)
{
    if (!page_make_readonly(granted) && !mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(granted), 0))
        mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(granted), 0);
    page_make_writable(granted);
}

TEST(suspended_grants)
{
    static const struct operation map = {"grant mappings", STEPS, grant_page, map_grants, end_grant},
                                  unmap = {"grant unmappings", STEPS, grant_and_map, unmap_grants, end_grant};
    static void (*const intruders[])(void) = {intrude_unmap, intrude_copy, intrude_swap, intrude_retype};

    NEED_BOTH();
    TRY(map, intruders);
    TRY(unmap, intruders);
}
