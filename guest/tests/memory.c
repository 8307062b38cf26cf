/* SPDX-License-Identifier: MIT */
/*
 * memory_op: what memory a domain has, and changing that. The machine-to-physical table and the use of the frames prove
 * the changes: mapping a frame that was given away must fail; mapping one that was received must work, and it must be
 * zeroed or hold only our own data.
 */
#include "test.h"

#include <public/memory.h>

static int reservation_of(uint32_t cmd, domid_t dom)
{
    return HYPERVISOR_memory_op(cmd, &dom);
}

TEST(memory_reservations)
{
    uint32_t now = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    void *p;

    CHECK(now >= start_info->nr_pages);
    CHECK((int32_t)reservation_of(XENMEM_maximum_reservation, DOMID_SELF) >= (int32_t)now); /* no error */
    CHECK_RC(reservation_of(XENMEM_current_reservation, own_domid()), is_dom0() ? (int32_t)now : -EPERM);
    CHECK_RC(reservation_of(XENMEM_current_reservation, 77), -ESRCH);
    CHECK_RC(reservation_of(XENMEM_maximum_reservation, 77), -ESRCH);
    for
        EACH_BAD_POINTER(p, sizeof(domid_t))
        {
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_current_reservation, p), -EFAULT);
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_maximum_reservation, p), -EFAULT);
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_maximum_gpfn, p), -EFAULT);
        }
}

TEST(memory_maximum_ram_page)
{
    uint32_t top = HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);

    for (uint32_t pfn = 0; pfn < start_info->nr_pages; pfn++)
        if (pfn_to_mfn(pfn) > top) {
            FAIL("mfn 0x%x of ours is above 0x%x", pfn_to_mfn(pfn), top);
            break;
        }
}

TEST(memory_machphys_mapping)
{
    struct xen_machphys_mapping m = {0, 0, 0};
    void *p;

    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mapping, &m), 0);
    CHECK_EQ(m.v_start, MACH2PHYS_VIRT_START);
    CHECK_EQ(m.v_end, MACH2PHYS_VIRT_END);
    CHECK(m.max_mfn + 1 >= RAM_END_FRAME); /* there Xen reports one frame too many */
    CHECK(m.max_mfn < MACH2PHYS_NR_ENTRIES);
    for
        EACH_BAD_OUTPUT(p, sizeof(m))
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mapping, p), -EFAULT);
}

TEST(memory_machphys_mfn_list)
{
    xen_pfn_t list[16];
    struct xen_machphys_mfn_list l = {ARRAY_SIZE(list), list, 0};
    void *p;

    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &l), 0);
    CHECK(l.nr_extents >= 1);
    CHECK(l.nr_extents <= 8);
    l = (struct xen_machphys_mfn_list){0, list, 7};
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &l), 0);
    CHECK_EQ(l.nr_extents, 0);
    for
        EACH_BAD_OUTPUT(p, 4)
        {
            l = (struct xen_machphys_mfn_list){1, p, 0};
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &l), -EFAULT);
        }
    for
        EACH_BAD_POINTER(p, sizeof(l))
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, p), -EFAULT);
}

static void check_map(int line, uint32_t cmd, uint64_t at_least)
{
    static struct e820entry entries[128];
    struct xen_memory_map map = {ARRAY_SIZE(entries), entries};
    uint64_t ram = 0;

    if (!check_rc("memory map", line, HYPERVISOR_memory_op(cmd, &map), 0))
        return;
    check_true("entries", line, map.nr_entries >= 1 && map.nr_entries <= ARRAY_SIZE(entries));
    for (uint32_t i = 0; i < map.nr_entries; i++) {
        ram += entries[i].type == E820_RAM ? entries[i].size : 0;
        if (i && entries[i].addr < entries[i - 1].addr + entries[i - 1].size)
            fail(line, "entry %u overlaps the one before", i);
    }
    if (ram < at_least)
        fail(line, "%llu bytes of RAM, expected %llu", ram, at_least);
}

TEST(memory_map_of_the_machine)
{
    NEED_DOM0();
    struct e820entry entry[1];
    struct xen_memory_map map = {1, entry};
    void *p;

    check_map(__LINE__, XENMEM_machine_memory_map, (uint64_t)start_info->nr_pages << 12);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), -EINVAL); /* too little room */
    for
        EACH_BAD_OUTPUT(p, sizeof(entry))
        {
            map = (struct xen_memory_map){128, p};
            CHECK_RC(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), -EFAULT);
        }
    for
        EACH_BAD_POINTER(p, sizeof(map))
    CHECK_ONE_OF(HYPERVISOR_memory_op(XENMEM_machine_memory_map, p), -EFAULT, -EINVAL); /* the count is checked first */
}

TEST(memory_map_of_the_domain)
{
    struct e820entry entry[4];
    struct xen_memory_map map = {4, entry};
    int rc = HYPERVISOR_memory_op(XENMEM_memory_map, &map);

    /* Xen has no such map for a domain 0 that was not given one. */
    CHECK_ONE_OF(rc, 0, -ENOSYS);
}

TEST(memory_maximum_gpfn)
{
    int rc = reservation_of(XENMEM_maximum_gpfn, DOMID_SELF);

    CHECK(rc == -ENOSYS || rc >= 0);
}

/* ---- Giving back and getting */
static int decrease(xen_pfn_t *mfns, uint32_t n, uint32_t order)
{
    struct xen_memory_reservation r = {mfns, n, order, 0, DOMID_SELF};

    return HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
}

static int populate(xen_pfn_t *pfns, uint32_t n, uint32_t order)
{
    struct xen_memory_reservation r = {pfns, n, order, 0, DOMID_SELF};

    return HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
}

/* Takes the page out of the linear map, so that nothing refers to the frame any more. Then puts it back with another
 * frame. */
static void take_out(void *page)
{
    CHECK_RC(update_va(page, 0, UVMF_INVLPG), 0);
}

static void put_in(void *page, uint32_t mfn)
{
    set_p2m(virt_to_pfn(page), mfn);
    CHECK_RC(update_va(page, make_pte(mfn, PTE_KERNEL_RW), UVMF_INVLPG), 0);
}

TEST(memory_decrease_and_populate)
{
    uint32_t before = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    void *page[3];
    xen_pfn_t list[3];

    for (unsigned int i = 0; i < 3; i++) {
        page[i] = alloc_page();
        memset(page[i], 0x5a, PAGE_SIZE);
        list[i] = virt_to_mfn(page[i]);
        take_out(page[i]);
    }
    CHECK_RC(decrease(list, 3, 0), 3);
    CHECK_RC(reservation_of(XENMEM_current_reservation, DOMID_SELF), before - 3);
    /* Gone: not ours to map. */
    CHECK(map_at(FREE_VA, list[0], PTE_KERNEL_RO) < 0);
    CHECK_RC(decrease(list, 1, 0), 0);
    for (unsigned int i = 0; i < 3; i++)
        list[i] = virt_to_pfn(page[i]);
    CHECK_RC(populate(list, 3, 0), 3);
    CHECK_RC(reservation_of(XENMEM_current_reservation, DOMID_SELF), before);
    for (unsigned int i = 0; i < 3; i++) {
        CHECK_EQ(mfn_to_pfn(list[i]), virt_to_pfn(page[i]));
        put_in(page[i], list[i]);
        *(volatile uint32_t *)page[i] = i;
        free_page(page[i]);
    }
}

/* A frame that is still mapped can be given up, but it lives on until the mapping goes. */
TEST(memory_decrease_mapped_page)
{
    void *page = alloc_page();
    xen_pfn_t list[1] = {virt_to_mfn(page)}, mfn = list[0];

    CHECK_RC(map_at(FREE_VA, mfn, PTE_KERNEL_RW), 0);
    take_out(page);
    CHECK_RC(decrease(list, 1, 0), 1);
    *(volatile uint32_t *)FREE_VA = 0x99;
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0x99);
    CHECK_RC(unmap_at(FREE_VA), 0);
    CHECK(map_at(FREE_VA, mfn, PTE_KERNEL_RO) < 0);
    list[0] = virt_to_pfn(page);
    CHECK_RC(populate(list, 1, 0), 1);
    put_in(page, list[0]);
    free_page(page);
}

TEST(memory_populate_above_the_maximum)
{
    uint32_t now = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    uint32_t max = reservation_of(XENMEM_maximum_reservation, DOMID_SELF);
    xen_pfn_t list[1] = {start_info->nr_pages + 5};

    if (max > now)
        SKIP("this domain may still grow");
    CHECK_RC(populate(list, 1, 0), 0);
}

TEST(memory_decrease_bad)
{
    const uint32_t bad[] = {MMIO_FRAME, HUGE_FRAME, 0xffffffff, foreign_frame()};
    uint32_t before = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    struct xen_memory_reservation r;
    xen_pfn_t list[2];
    void *p;

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        context("frame 0x%x", bad[i]);
        list[0] = bad[i];
        CHECK_RC(decrease(list, 1, 0), 0);
    }
    context("%s", "");
    CHECK_RC(decrease(list, 0, 0), 0);
    list[0] = 0;
    CHECK_ONE_OF(decrease(list, 1, 30), 0, -EPERM); /* 2^30 frames */
    CHECK(decrease(list, 1, 32) <= 0);
    CHECK(decrease(list, 1, 0xffffffff) <= 0);
    r = (struct xen_memory_reservation){list, 0xffffffff, 0, 0, DOMID_SELF};
    CHECK(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) <= 0);
    r = (struct xen_memory_reservation){list, 1, 0, 0, 77};
    CHECK_ONE_OF(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), -ESRCH, 0);
    for
        EACH_BAD_POINTER(p, sizeof(r))
        {
            CHECK_ONE_OF(HYPERVISOR_memory_op(XENMEM_decrease_reservation, p), -EFAULT, 0);
            CHECK_ONE_OF(HYPERVISOR_memory_op(XENMEM_populate_physmap, p), -EFAULT, 0);
        }
    for
        EACH_BAD_POINTER(p, 4)
    CHECK_ONE_OF(decrease(p, 1, 0), 0, -EFAULT);
    CHECK_RC(reservation_of(XENMEM_current_reservation, DOMID_SELF), before);
}

/* The second of three is bad. The first is done and counted. */
TEST(memory_decrease_stops_at_the_bad_one)
{
    void *page[2];
    xen_pfn_t list[3], back[1];

    for (unsigned int i = 0; i < 2; i++) {
        page[i] = alloc_page();
        list[2 * i] = virt_to_mfn(page[i]);
        take_out(page[i]);
    }
    list[1] = MMIO_FRAME;
    CHECK_RC(decrease(list, 3, 0), 1);
    put_in(page[1], list[2]); /* still ours */
    back[0] = virt_to_pfn(page[0]);
    CHECK_RC(populate(back, 1, 0), 1);
    put_in(page[0], back[0]);
    free_page(page[0]);
    free_page(page[1]);
}

static struct xen_memory_exchange exchange_of(xen_pfn_t *in, uint32_t n_in, uint32_t order_in, xen_pfn_t *out,
                                              uint32_t n_out, uint32_t order_out)
{
    return (struct xen_memory_exchange){
        .in = {in, n_in, order_in, 0, DOMID_SELF}, .out = {out, n_out, order_out, 0, DOMID_SELF}, .nr_exchanged = 0};
}

TEST(memory_exchange)
{
    uint32_t before = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    struct xen_memory_exchange e;
    void *page[4];
    xen_pfn_t in[4], out[1];

    for (unsigned int i = 0; i < 4; i++) {
        page[i] = alloc_pages(0);
        in[i] = virt_to_mfn(page[i]);
        take_out(page[i]);
    }
    out[0] = virt_to_pfn(page[0]);
    e = exchange_of(in, 4, 0, out, 1, 2);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), 0);
    CHECK_EQ(e.nr_exchanged, 4);
    CHECK_EQ(out[0] & 3, 0); /* four frames in a row, aligned */
    CHECK_RC(reservation_of(XENMEM_current_reservation, DOMID_SELF), before);
    for (unsigned int i = 0; i < 4; i++) {
        CHECK_EQ(mfn_to_pfn(out[0] + i), virt_to_pfn(page[0]) + i);
        /* Our own order again: page i gets frame i. */
        mmu_update_t m2p = {(uint64_t)(out[0] + i) << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, virt_to_pfn(page[i])};

        CHECK_RC(HYPERVISOR_mmu_update(&m2p, 1), 0);
        put_in(page[i], out[0] + i);
        *(volatile uint32_t *)page[i] = 1;
        free_page(page[i]);
    }
}

TEST(memory_exchange_bad)
{
    uint32_t before = reservation_of(XENMEM_current_reservation, DOMID_SELF);
    xen_pfn_t in[4] = {MMIO_FRAME, HUGE_FRAME, foreign_frame(), 0}, out[4] = {0, 1, 2, 3};
    struct xen_memory_exchange e;
    void *p;

    e = exchange_of(in, 1, 0, out, 1, 0);
    CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
    CHECK_EQ(e.nr_exchanged, 0);
    e = exchange_of(in, 2, 0, out, 1, 0); /* unequal amounts */
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, &e), -EINVAL);
    e = exchange_of(in, 1, 0, out, 1, 31);
    CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
    e = exchange_of(in, 0x80000000, 1, out, 1, 0); /* the product overflows */
    CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
    e = exchange_of(in, 1, 0, out, 1, 0);
    e.nr_exchanged = 2;
    CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
    e = exchange_of(in, 1, 0, out, 1, 0);
    e.in.domid = 77;
    CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
    for
        EACH_BAD_POINTER(p, sizeof(e))
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_exchange, p), -EFAULT);
    for
        EACH_BAD_POINTER(p, 4)
        {
            e = exchange_of(p, 1, 0, out, 1, 0);
            CHECK(HYPERVISOR_memory_op(XENMEM_exchange, &e) < 0);
        }
    CHECK_RC(reservation_of(XENMEM_current_reservation, DOMID_SELF), before);
}

TEST(memory_bad_command)
{
    uint32_t arg[16] = {0};

    CHECK_RC(HYPERVISOR_memory_op(30, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_memory_op(63, arg), -ENOSYS);
    CHECK_RC(HYPERVISOR_memory_op(8, arg), -ENOSYS);
}

/* Domain 0 may map the frames of the machine-to-physical table, as DOMID_XEN's, but only read-only. */
TEST(memory_machphys_frames_are_read_only)
{
    NEED_DOM0();
    xen_pfn_t mfn;
    struct xen_machphys_mfn_list list = {.max_extents = 1, .extent_start = &mfn};
    uint64_t l1e = pte_maddr(mm_l1_entry((void *)FREE_VA));
    mmu_update_t req = {.ptr = l1e};
    uint32_t pfn;

    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list), 0);
    req.val = make_pte(mfn, PTE_KERNEL_RW);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_XEN), -EBUSY);
    CHECK_EQ(*mm_l1_entry((void *)FREE_VA), 0);
    req.val = make_pte(mfn, PTE_KERNEL_RO);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_XEN), 0);
    CHECK(probe_read((void *)FREE_VA, &pfn, NULL));
    CHECK(!probe_write((void *)FREE_VA, pfn, NULL));
    req.val = make_pte(mfn, PTE_KERNEL_RW);
    CHECK_RC(HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_XEN), -EBUSY);
    CHECK_RC(unmap_at(FREE_VA), 0);
}
