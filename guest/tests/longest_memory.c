/* SPDX-License-Identifier: MIT */
/* Multicalls of 64 calls about the domain's memory, and about its grants: see longest_multicalls.c. */
#include "longest.h"

#include <public/grant_table.h>
#include <public/memory.h>

/* ---- Memory */

#define EXTENTS 63u

static xen_pfn_t extents[EXTENTS], out[EXTENTS];
static struct xen_memory_reservation reservation;
static struct xen_memory_exchange exchange;

/* Each call gives its frames back, and the next takes others. */
TEST(longest_multicalls_of_memory_op)
{
    uint8_t *p = alloc_pages(6);
    uint32_t pfn = virt_to_pfn(p);
    static domid_t self = DOMID_SELF;

    for (uint32_t i = 0; i < EXTENTS; i++) {
        CHECK_RC(update_va(p + i * PAGE_SIZE, 0, UVMF_INVLPG), 0);
        extents[i] = virt_to_mfn(p + i * PAGE_SIZE);
        out[i] = pfn + i;
    }
    /* The frames given back first are the ones that the lists name from then on. They are the lowest free frames, and
     * are taken again and again. */
    exchange.in = (struct xen_memory_reservation){extents, EXTENTS, 0, 0, DOMID_SELF};
    exchange.out = (struct xen_memory_reservation){out, EXTENTS, 0, 0, DOMID_SELF};
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &exchange), 0);
    reservation = (struct xen_memory_reservation){out, EXTENTS, 0, 0, DOMID_SELF};
    for (uint32_t round = 0; round < 8; round++) {
        CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &reservation), EXTENTS);
        for (uint32_t i = 0; i < EXTENTS; i++)
            out[i] = pfn + i;
        CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &reservation), EXTENTS);
    }
    /* One frame at a time, each in a call of its own and all in one multicall; then one too many. */
    for (uint32_t i = 0; i < CALLS; i++)
        call_at(i, __HYPERVISOR_memory_op, XENMEM_current_reservation, ARG(&self), 0, 0, 0);
    make_calls("current_reservation", HYPERVISOR_memory_op(XENMEM_current_reservation, &self));
    reservation.nr_extents = EXTENTS;
    reservation.extent_start = extents;
    extents[0] = RAM_END_FRAME;
    repeat("decrease by what is not there", 0, __HYPERVISOR_memory_op, XENMEM_decrease_reservation, ARG(&reservation),
           0, 0);
    for (uint32_t i = 0; i < EXTENTS; i++) {
        set_p2m(pfn + i, out[i]);
        CHECK_RC(update_va(p + i * PAGE_SIZE, make_pte(out[i], PTE_KERNEL_RW), 0), 0);
    }
    for (uint32_t i = 0; i < 1u << 6; i++)
        free_page(p + i * PAGE_SIZE);
}

/* In one multicall: 32 times 63 frames are given back and taken again. */
TEST(longest_multicalls_of_reservations)
{
    static xen_pfn_t lists[CALLS / 2][EXTENTS];
    static struct xen_memory_reservation take[CALLS / 2];
    uint32_t taken = 0;

    for (uint32_t n = 0; n < CALLS / 2; n++)
        take[n] = (struct xen_memory_reservation){lists[n], EXTENTS, 0, 0, DOMID_SELF};
    while (taken < CALLS / 2 && HYPERVISOR_memory_op(XENMEM_increase_reservation, &take[taken]) == EXTENTS)
        taken++;
    if (!taken)
        SKIP("this domain has all the memory that it may have");
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < CALLS; i++)
            call_at(i, __HYPERVISOR_memory_op, i & 1 ? XENMEM_increase_reservation : XENMEM_decrease_reservation,
                    ARG(&take[i / 2 % taken]), 0, 0, 0);
        make_calls("reservations", EXTENTS);
    }
    for (uint32_t n = 0; n < taken; n++)
        CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &take[n]), EXTENTS);
}

TEST(longest_multicalls_of_memory_maps)
{
    static struct xen_machphys_mfn_list list;
    static xen_pfn_t frames[512];
    static struct xen_machphys_mapping mapping;
    static uint8_t entries[128 * 20];
    static struct xen_memory_map map;

    list.max_extents = ARRAY_SIZE(frames);
    list.extent_start = frames;
    repeat("machphys_mfn_list", 0, __HYPERVISOR_memory_op, XENMEM_machphys_mfn_list, ARG(&list), 0, 0);
    CHECK(list.nr_extents && frames[0]);
    repeat("machphys_mapping", 0, __HYPERVISOR_memory_op, XENMEM_machphys_mapping, ARG(&mapping), 0, 0);
    map = (struct xen_memory_map){.nr_entries = 128, .buffer = (void *)entries};
    if (is_dom0()) {
        for (uint32_t i = 0; i < CALLS; i++)
            call_at(i, __HYPERVISOR_memory_op, XENMEM_machine_memory_map, ARG(&map), 0, 0, 0);
        CHECK_RC(HYPERVISOR_multicall(calls, 1), 0); /* says afterwards how many there are: too few for another call */
        CHECK_RC((int32_t)calls[0].result, 0);
    }
}

/* ---- Grants */

TEST(longest_multicalls_of_grants)
{
    static gnttab_copy_t copy;
    static gnttab_query_size_t query = {.dom = DOMID_SELF};
    static gnttab_get_version_t version = {.dom = DOMID_SELF};
    static gnttab_swap_grant_ref_t swap = {.ref_a = 9, .ref_b = 10};
    static gnttab_map_grant_ref_t map, many[24];
    static gnttab_transfer_t give = {.ref = 12};
    static gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = 32};
    static xen_pfn_t frames[32];
    uint8_t *from = alloc_page(), *to = alloc_page();

    setup.frame_list = frames;
    repeat("setup_table", 0, __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, ARG(&setup), 1, 0);
    CHECK(frames[31]);
    memset(from, 0xA5, PAGE_SIZE);
    copy.source.u.gmfn = virt_to_mfn(from);
    copy.dest.u.gmfn = virt_to_mfn(to);
    copy.source.domid = copy.dest.domid = DOMID_SELF;
    copy.len = PAGE_SIZE;
    repeat("copy", 0, __HYPERVISOR_grant_table_op, GNTTABOP_copy, ARG(&copy), 1, 0);
    CHECK_RC(copy.status, 0);
    CHECK_EQ(to[4095], 0xA5);
    repeat("query_size", 0, __HYPERVISOR_grant_table_op, GNTTABOP_query_size, ARG(&query), 1, 0);
    repeat("get_version", 0, __HYPERVISOR_grant_table_op, GNTTABOP_get_version, ARG(&version), 1, 0);
    repeat("swap", 0, __HYPERVISOR_grant_table_op, GNTTABOP_swap_grant_ref, ARG(&swap), 1, 0);
    map = (gnttab_map_grant_ref_t){.host_addr = FREE_VA, .flags = GNTMAP_host_map, .ref = 11, .dom = own_domid()};
    repeat("map what nobody has granted", 0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, ARG(&map), 1, 0);
    CHECK(map.status);
    for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = map;
    repeat("the same, 24 in each call", 0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, ARG(many), 24, 0);
    CHECK_RC(many[23].status, map.status);
    give.domid = own_domid();
    give.mfn = virt_to_mfn(from);
    repeat("transfer what is mapped", 0, __HYPERVISOR_grant_table_op, GNTTABOP_transfer, ARG(&give), 1, 0);
    CHECK_RC(give.status, GNTST_bad_page);
    free_page(from);
    free_page(to);
}
