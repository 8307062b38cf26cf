/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op. The only domain grants to itself, which Xen allows. So both sides of everything are seen here, except
 * for the boundary between two domains.
 */
#include "test.h"

#include <public/grant_table.h>

#define TABLE_VA FREE_VA            /* the table's first frames */
#define MAP_VA   (FREE_VA + 0x4000) /* where grants are mapped: from here to FREE_VA_END */
#define REF      20u                /* the first entry that the tests use */
#define FRAMES   4u
#define ENTRIES  (FRAMES * PAGE_SIZE / 8)

static grant_entry_v1_t *const table = (grant_entry_v1_t *)TABLE_VA;

static volatile uint32_t *mapped(void)
{
    return (volatile uint32_t *)MAP_VA;
}

static bool open_table(void)
{
    xen_pfn_t frames[FRAMES] = {0};
    gnttab_setup_table_t setup = {.dom = DOMID_SELF, .nr_frames = FRAMES, .status = 77, .frame_list = frames};
    bool ok;

    if (!CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1), 0) || !CHECK_RC(setup.status, 0))
        return false;
    ok = true;
    for (unsigned int i = 0; i < FRAMES; i++)
        ok = CHECK_RC(map_at(TABLE_VA + i * PAGE_SIZE, frames[i], PTE_KERNEL_RW), 0) && ok;
    return ok;
}

static void close_table(void)
{
    for (unsigned int i = 0; i < FRAMES; i++)
        unmap_at(TABLE_VA + i * PAGE_SIZE);
}

static void grant(uint32_t ref, const void *page, uint16_t flags)
{
    table[ref] = (grant_entry_v1_t){.domid = own_domid(), .frame = virt_to_mfn(page)};
    barrier();
    table[ref].flags = flags;
}

static gnttab_map_grant_ref_t map_op(uint64_t host_addr, uint32_t flags, uint32_t ref)
{
    gnttab_map_grant_ref_t op = {.host_addr = host_addr, .flags = flags, .ref = ref, .dom = own_domid(), .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    return op;
}

static int unmap_op(uint64_t host_addr, uint64_t bus_addr, grant_handle_t handle)
{
    gnttab_unmap_grant_ref_t op = {.host_addr = host_addr, .dev_bus_addr = bus_addr, .handle = handle, .status = 77};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

/* Nothing refers to the page as writable any more, and then nothing as a table: its counts are right. */
static void check_unused(void *page)
{
    memset(page, 0, PAGE_SIZE);
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
}

/* Sets up the grant table, whose entry REF then grants this page. NULL: the test is over. */
static void *begin(uint16_t flags)
{
    void *page;

    if (!open_table())
        return NULL;
    page = alloc_page();
    grant(REF, page, flags);
    return page;
}

static void end(void *page)
{
    check_unused(page);
    free_page(page);
    close_table();
}

TEST(grants_query_size)
{
    gnttab_query_size_t q = {.dom = DOMID_SELF, .status = 77};
    void *p;

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1), 0);
    CHECK_RC(q.status, 0);
    CHECK(q.nr_frames >= 1 && q.nr_frames <= q.max_nr_frames);
    CHECK_EQ(q.max_nr_frames, 32);
    q.dom = 12345;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1), 0);
    CHECK_RC(q.status, GNTST_bad_domain);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 0), -EINVAL);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 2), -EINVAL);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 0x80000000), -EINVAL);
    for
        EACH_BAD_POINTER(p, sizeof(q))
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, p, 1), -EFAULT);
}

TEST(grants_setup)
{
    xen_pfn_t frames[33] = {0}, again[2] = {0};
    gnttab_setup_table_t s = {.dom = DOMID_SELF, .nr_frames = 2, .status = 77, .frame_list = frames};
    gnttab_query_size_t q = {.dom = DOMID_SELF};
    void *p;

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, 0);
    CHECK(frames[0] && frames[1] && frames[0] != frames[1] && !frames[2]);
    s.frame_list = again;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_EQ(again[0], frames[0]);
    CHECK_EQ(again[1], frames[1]);
    s.nr_frames = 6; /* the table grows */
    s.frame_list = frames;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, 0);
    CHECK(frames[5] && frames[5] != frames[4]);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_query_size, &q, 1), 0);
    CHECK_EQ(q.nr_frames, 6);
    s.nr_frames = 33;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, GNTST_general_error);
    s = (gnttab_setup_table_t){.dom = 12345, .nr_frames = 1, .frame_list = frames};
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1), 0);
    CHECK_RC(s.status, GNTST_bad_domain);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 2), -EINVAL);
    for
        EACH_BAD_POINTER(p, sizeof(s))
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_setup_table, p, 1), -EFAULT);
}

TEST(grants_versions)
{
    gnttab_set_version_t set = {1};
    gnttab_get_version_t get = {.dom = DOMID_SELF};

    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1), 0);
    CHECK_EQ(set.version, 1);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1), 0);
    CHECK_EQ(get.version, 1);
    set.version = 3;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1), -EINVAL);
    CHECK_EQ(set.version, 1);
    if (is_int82()) { /* Xen 4.2 has version 2 */
        set.version = 2;
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_set_version, &set, 1), -ENOSYS);
    }
    get.dom = 12345;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1), -ESRCH);
    CHECK_RC(HYPERVISOR_grant_table_op(12, &get, 1), -ENOSYS);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_dump_table, &get, 1), -ENOSYS);
    CHECK_RC(HYPERVISOR_grant_table_op(0xFFFFFFFF, &get, 1), -ENOSYS);
}

TEST(grants_map_writable)
{
    gnttab_map_grant_ref_t op;
    uint32_t *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    op = map_op(MAP_VA, GNTMAP_host_map, REF);
    if (CHECK_RC(op.status, 0)) {
        CHECK_EQ(op.dev_bus_addr, virt_to_maddr(page));
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
        mapped()[3] = 0xABCD;
        CHECK_EQ(page[3], 0xABCD);
        /* As long as it is mapped writable it is no page table. */
        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), -EINVAL);
        CHECK_RC(page_make_writable(page), 0);
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
        CHECK_EQ(table[REF].flags, GTF_permit_access);
        CHECK(!probe_read((void *)MAP_VA, NULL, NULL));
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), GNTST_bad_handle);
    }
    end(page);
}

TEST(grants_map_readonly)
{
    gnttab_map_grant_ref_t op, second;
    uint32_t *page;

    page = begin(GTF_permit_access | GTF_readonly);
    if (!page)
        return;
    page[0] = 0x1234;
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error); /* writing was not granted */
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);
    op = map_op(MAP_VA, GNTMAP_host_map | GNTMAP_readonly, REF);
    if (CHECK_RC(op.status, 0)) {
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly | GTF_reading);
        CHECK_EQ(mapped()[0], 0x1234);
        CHECK(!probe_write((void *)MAP_VA, 1, NULL));
        second = map_op(MAP_VA + PAGE_SIZE, GNTMAP_host_map | GNTMAP_readonly, REF);
        CHECK_RC(second.status, 0);
        CHECK(second.handle != op.handle);
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly | GTF_reading); /* one mapping is left */
        CHECK_RC(unmap_op(MAP_VA + PAGE_SIZE, 0, second.handle), 0);
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);
    }
    end(page);
}

/* A page table can be granted for reading, but not for writing. */
TEST(grants_map_table)
{
    gnttab_map_grant_ref_t op;
    void *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    op = map_op(MAP_VA, GNTMAP_host_map | GNTMAP_readonly, REF);
    if (CHECK_RC(op.status, 0))
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(page_make_writable(page), 0);
    end(page);
}

TEST(grants_map_refused)
{
    gnttab_map_grant_ref_t op;
    void *page, *p;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    CHECK_RC(map_op(MAP_VA, GNTMAP_readonly, REF).status, GNTST_bad_gntref); /* neither host nor device */
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, 0x10000000).status, GNTST_bad_gntref);
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, 0xFFFFFFFF).status, GNTST_bad_gntref);
    op = (gnttab_map_grant_ref_t){.host_addr = MAP_VA, .flags = GNTMAP_host_map, .ref = REF, .dom = 12345};
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    CHECK_RC(op.status, GNTST_bad_domain);
    op.dom = DOMID_SELF;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    CHECK_RC(op.status, GNTST_bad_domain);
    /* There is no place for the mapping: the grant must not stay claimed. */
    CHECK_RC(map_op(FREE_TABLE_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    CHECK_RC(map_op(HYPERVISOR_VIRT_START, GNTMAP_host_map, REF).status, GNTST_general_error);
    CHECK_RC(map_op(virt_to_maddr(page), GNTMAP_host_map | GNTMAP_contains_pte, REF).status, GNTST_general_error);
    CHECK_RC(map_op(1ull << 52, GNTMAP_host_map | GNTMAP_contains_pte, REF).status, GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    /* Entries that grant nothing. */
    grant(REF, page, GTF_invalid);
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    grant(REF, page, GTF_accept_transfer);
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    grant(REF, page, GTF_permit_access | GTF_sub_page);
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    table[REF] = (grant_entry_v1_t){GTF_permit_access, 7, virt_to_mfn(page)}; /* to somebody else */
    CHECK_RC(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    /* Frames that are not the granter's. */
    table[REF] = (grant_entry_v1_t){GTF_permit_access, 0, HUGE_FRAME};
    CHECK_ONE_OF(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_bad_page, GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    if (foreign_frame()) {
        table[REF].frame = foreign_frame();
        CHECK_ONE_OF(map_op(MAP_VA, GNTMAP_host_map, REF).status, GNTST_bad_page, GNTST_general_error);
        CHECK_EQ(table[REF].flags, GTF_permit_access);
    }
    CHECK(!probe_read((void *)MAP_VA, NULL, NULL));
    CHECK_RC(unmap_op(MAP_VA, 0, 0x00FFFFFF), GNTST_bad_handle);
    for
        EACH_BAD_POINTER(p, sizeof(op))
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, p, 1), -EFAULT);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, NULL, 0), 0);
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 0x7FFFFFFF), -EFAULT);
    end(page);
}

TEST(grants_map_by_entry)
{
    gnttab_map_grant_ref_t op;
    uint64_t entry;
    uint32_t *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    entry = pte_maddr(mm_l1_entry((void *)MAP_VA));
    op = map_op(entry, GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_application_map | 5u << 16, REF);
    if (CHECK_RC(op.status, 0)) {
        CHECK_EQ(*mm_l1_entry((void *)MAP_VA) & (PTE_FRAME | PTE_P | PTE_RW | PTE_US | PTE_AVAIL),
                 virt_to_maddr(page) | PTE_P | PTE_RW | PTE_US | 0xA00);
        mapped()[0] = 5;
        CHECK_EQ(page[0], 5);
        CHECK_RC(unmap_op(entry + 8, 0, op.handle), GNTST_general_error);
        CHECK_RC(unmap_op(entry, 0, op.handle), 0);
        CHECK(!probe_read((void *)MAP_VA, NULL, NULL));
    }
    end(page);
}

/* The entry that stood there before loses its references. */
TEST(grants_map_over_mapping)
{
    gnttab_map_grant_ref_t op;
    uint32_t *page, *other;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    other = alloc_page();
    CHECK_RC(map_at(MAP_VA, virt_to_mfn(other), PTE_KERNEL_RW), 0);
    mapped()[0] = 1;
    op = map_op(MAP_VA, GNTMAP_host_map, REF);
    CHECK_RC(mmuext(MMUEXT_INVLPG_LOCAL, MAP_VA, 0), 0); /* Xen leaves that to the guest */
    if (CHECK_RC(op.status, 0)) {
        mapped()[0] = 2;
        CHECK_EQ(page[0], 2);
        CHECK_EQ(other[0], 1);
        check_unused(other);
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
    }
    free_page(other);
    end(page);
}

/* The guest removes the entry by itself: the handle stays, and no count goes wrong. */
TEST(grants_unmap_mismatch)
{
    gnttab_map_grant_ref_t op;
    uint32_t *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    op = map_op(MAP_VA, GNTMAP_host_map, REF);
    if (CHECK_RC(op.status, 0)) {
        CHECK_RC(unmap_op(MAP_VA + PAGE_SIZE, 0, op.handle), GNTST_general_error);
        CHECK_RC(unmap_op(FREE_TABLE_VA, 0, op.handle), GNTST_general_error);
        CHECK_RC(unmap_op(MAP_VA, 0x1000, op.handle), GNTST_general_error); /* another frame */
        CHECK_EQ(mapped()[0], page[0]);
        if (is_int82()) { /* Xen 4.2.5 drops one reference too many here */
            CHECK_RC(update_va((void *)MAP_VA, 0, UVMF_INVLPG), 0);
            CHECK_RC(unmap_op(MAP_VA, 0, op.handle), GNTST_general_error);
            CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
            check_unused(page);
            /* Once an entry names the same frame again, the mapping can be ended. */
            CHECK_RC(map_at(MAP_VA, virt_to_mfn(page), PTE_KERNEL_RO), 0);
            CHECK_RC(unmap_op(MAP_VA, 0, op.handle), GNTST_general_error); /* read-only, and so not the same */
            CHECK_RC(map_at(MAP_VA, virt_to_mfn(page), PTE_KERNEL_RW), 0);
        }
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
        CHECK_EQ(table[REF].flags, GTF_permit_access);
    }
    end(page);
}

TEST(grants_device_map)
{
    gnttab_map_grant_ref_t op;
    uint32_t *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    op = map_op(MAP_VA, GNTMAP_host_map | GNTMAP_device_map, REF);
    if (CHECK_RC(op.status, 0)) {
        if (!is_int82()) /* Xen 4.2.5 drops the device's references with the host's (XSA-224) */
            CHECK_RC(unmap_op(MAP_VA, op.dev_bus_addr, op.handle), 0);
        else
            CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0); /* the device's half remains */
    }
    if (!op.status && is_int82()) {
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_reading | GTF_writing);
        CHECK_RC(page_make_readonly(page), 0);
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0), -EINVAL);
        CHECK_RC(page_make_writable(page), 0);
        CHECK_RC(unmap_op(0, op.dev_bus_addr, op.handle), 0);
        CHECK_EQ(table[REF].flags, GTF_permit_access);
        CHECK_RC(unmap_op(0, op.dev_bus_addr, op.handle), GNTST_bad_handle);
    }
    end(page);
}

TEST(grants_unmap_and_replace)
{
    gnttab_unmap_and_replace_t replace;
    gnttab_map_grant_ref_t op;
    uint32_t *page, *other;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    other = alloc_page();
    other[0] = 0x07E4;
    op = map_op(MAP_VA, GNTMAP_host_map, REF);
    if (CHECK_RC(op.status, 0)) {
        CHECK_RC(map_at(MAP_VA + PAGE_SIZE, virt_to_mfn(other), PTE_KERNEL_RW), 0);
        replace = (gnttab_unmap_and_replace_t){
            .host_addr = MAP_VA, .new_addr = MAP_VA + PAGE_SIZE, .handle = op.handle, .status = 77};
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_and_replace, &replace, 1), 0);
        CHECK_RC(replace.status, 0);
        CHECK_EQ(mapped()[0], 0x07E4);
        CHECK(!probe_read((void *)(MAP_VA + PAGE_SIZE), NULL, NULL));
        CHECK_EQ(table[REF].flags, GTF_permit_access);
        CHECK_RC(unmap_at(MAP_VA), 0);
    }
    check_unused(other);
    free_page(other);
    end(page);
}

static int copy_op(gnttab_copy_t *op)
{
    op->status = 77;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_copy, op, 1), 0);
    return op->status;
}

TEST(grants_copy)
{
    gnttab_copy_t op;
    uint8_t *from, *to;

    from = begin(GTF_permit_access | GTF_readonly);
    if (!from)
        return;
    to = alloc_page();
    for (unsigned int i = 0; i < PAGE_SIZE; i++)
        from[i] = i * 7;
    grant(REF + 1, to, GTF_permit_access);
    for (unsigned int way = 0; way < 4; way++) {
        context("way %u", way);
        memset(to, 0xEE, PAGE_SIZE);
        memset(&op, 0, sizeof(op));
        op.len = 100;
        op.source.offset = 3996;
        op.dest.offset = 11;
        op.source.domid = op.dest.domid = DOMID_SELF;
        op.source.u.gmfn = virt_to_mfn(from);
        op.dest.u.gmfn = virt_to_mfn(to);
        if (way & 1) {
            op.flags |= GNTCOPY_source_gref;
            op.source.domid = own_domid();
            op.source.u.ref = REF;
        }
        if (way & 2) {
            op.flags |= GNTCOPY_dest_gref;
            op.dest.domid = own_domid();
            op.dest.u.ref = REF + 1;
        }
        CHECK_RC(copy_op(&op), 0);
        CHECK(to[10] == 0xEE && to[111] == 0xEE);
        CHECK(!memcmp(to + 11, from + 3996, 100));
        CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);
        CHECK_EQ(table[REF + 1].flags, GTF_permit_access);
    }
    context("%s", "");
    op.len = 101;
    CHECK_RC(copy_op(&op), GNTST_bad_copy_arg);
    op.len = 100;
    op.dest.u.ref = REF; /* granted for reading only */
    CHECK_RC(copy_op(&op), GNTST_general_error);
    op.dest.u.ref = 0x10000000;
    CHECK_RC(copy_op(&op), GNTST_bad_gntref);
    op.dest.domid = 12345;
    CHECK_RC(copy_op(&op), GNTST_bad_domain);
    op.flags = GNTCOPY_source_gref; /* without a grant, only into one's own frame */
    CHECK_RC(copy_op(&op), GNTST_permission_denied);
    op.dest.domid = DOMID_SELF;
    op.dest.u.gmfn = virt_to_mfn(mm_base()); /* a page table */
    CHECK_RC(copy_op(&op), GNTST_general_error);
    op.dest.u.gmfn = HUGE_FRAME;
    CHECK_ONE_OF(copy_op(&op), GNTST_bad_page, GNTST_general_error);
    CHECK_EQ(table[REF].flags, GTF_permit_access | GTF_readonly);
    check_unused(to);
    free_page(to);
    end(from);
}

TEST(grants_swap)
{
    struct gnttab_swap_grant_ref swap = {.ref_a = REF, .ref_b = ENTRIES - 1, .status = 77};
    gnttab_map_grant_ref_t op;
    uint32_t *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    table[ENTRIES - 1] = (grant_entry_v1_t){0};
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
    CHECK_RC(swap.status, 0);
    CHECK_EQ(table[REF].flags, 0);
    CHECK_EQ(table[ENTRIES - 1].frame, virt_to_mfn(page));
    op = map_op(MAP_VA, GNTMAP_host_map, ENTRIES - 1);
    if (CHECK_RC(op.status, 0)) {
        CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
        CHECK_RC(swap.status, GNTST_eagain); /* in use */
        CHECK_RC(unmap_op(MAP_VA, 0, op.handle), 0);
    }
    swap.ref_a = 0x10000000;
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
    CHECK_RC(swap.status, GNTST_bad_gntref);
    table[ENTRIES - 1] = (grant_entry_v1_t){0};
    end(page);
}

/* As many mappings as one entry's count allows, and more handles than a page holds; in batches. */
TEST(grants_many)
{
    enum { COUNT = 240 };
    static gnttab_map_grant_ref_t ops[COUNT];
    static gnttab_unmap_grant_ref_t back[COUNT];
    unsigned int done = 0;
    void *page;

    page = begin(GTF_permit_access);
    if (!page)
        return;
    for (unsigned int ref = 1; ref < 3; ref++)
        grant(REF + ref, page, GTF_permit_access);
    for (unsigned int i = 0; i < COUNT; i++)
        ops[i] = (gnttab_map_grant_ref_t){.host_addr = MAP_VA + i * PAGE_SIZE,
                                          .flags = GNTMAP_host_map,
                                          .ref = REF + i / 160,
                                          .dom = own_domid(),
                                          .status = 77};
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, ops, COUNT), 0);
    for (unsigned int i = 0; i < COUNT; i++) {
        /* One entry can be mapped up to 128 times; one more would come near an overflow. */
        CHECK_RC(ops[i].status, i % 160 < 128 ? 0 : GNTST_general_error);
        if (!ops[i].status)
            back[done++] = (gnttab_unmap_grant_ref_t){.host_addr = ops[i].host_addr, .handle = ops[i].handle};
    }
    CHECK_RC(HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, back, done), 0);
    for (unsigned int i = 0; i < done; i++)
        CHECK_RC(back[i].status, 0);
    CHECK_EQ(table[REF].flags, GTF_permit_access);
    CHECK_EQ(table[REF + 1].flags, GTF_permit_access);
    end(page);
}
