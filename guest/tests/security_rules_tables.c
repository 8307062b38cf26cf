/* SPDX-License-Identifier: MIT */
/* The rules of docs/security.md about page tables and page types. As in security_rules.c, there is one test for
 * each. */
#include "security_rules.h"

#include <public/memory.h>

enum way { SINGLE, BATCH, BY_ADDRESS, BY_MULTICALL, BY_STORE };
#define WAYS (is_int82() ? BY_STORE + 1 : BY_STORE) /* on Xen stores to tables have tests of their own */
static const char *const way_name[] = {"one request", "a batch", "update_va_mapping", "multicall", "a store"};

/* Sets entry 0 of the table to `value`. True: the hypervisor has allowed it. */
static bool change(enum way way, pte_t value)
{
    multicall_entry_t call = {.op = __HYPERVISOR_update_va_mapping, .args = {FREE_TABLE_VA, LO_HI(value), 0}};
    mmu_update_t reqs[2] = {{pte_maddr(&l1[1]), 0}, {pte_maddr(&l1[0]), value}};

    switch (way) {
    case SINGLE:
        return HYPERVISOR_mmu_update(&reqs[1], 1) == 0;
    case BATCH:
        return HYPERVISOR_mmu_update(reqs, 2) == 0;
    case BY_ADDRESS:
        /* The first call makes the hypervisor remember the table, so the second takes the short way. */
        update_va((void *)(FREE_TABLE_VA + PAGE_SIZE), 0, UVMF_NONE);
        return update_va((void *)FREE_TABLE_VA, value, UVMF_NONE) == 0;
    case BY_MULTICALL:
        update_va((void *)(FREE_TABLE_VA + PAGE_SIZE), 0, UVMF_NONE);
        return HYPERVISOR_multicall(&call, 1) == 0 && call.result == 0;
    default:
        probe_write((uint32_t *)&l1[0], (uint32_t)value, NULL);
        return l1[0] == value;
    }
}

/* XSA-148, 182: what may skip validation is a whitelist. Here an entry that exists already keeps its frame, and flags
 * are added that are not harmless: writable for a table's mapping, large, global, cache attributes. */
TEST(rule_only_harmless_flags_skip_validation)
{
    static const pte_t refused[] = {PTE_RW, PTE_PSE, PTE_G};
    pte_t table_ro, *l2;
    uint32_t other = foreign_frame();

    if (!begin())
        return;
    table_ro = make_pte(virt_to_mfn(l1), PTE_KERNEL_RO);
    for (enum way way = SINGLE; way < WAYS; way++) {
        context("by %s", way_name[way]);
        CHECK(change(way, table_ro));
        for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++) {
            if (refused[i] == PTE_PSE && !is_int82())
                continue; /* for L1 entries this bit is PAT: 4.2.5 allows it to domain 0 */
            CHECK(!change(way, table_ro | refused[i]));
            CHECK_EQ(l1[0], table_ro);
        }
        CHECK(change(way, table_ro | PTE_D | 0x200));
        CHECK(change(way, table_ro));
        CHECK(!change(way, make_pte(other, PTE_KERNEL_RO))); /* the same flags, another frame */
        CHECK(!change(way, make_pte(other, PTE_KERNEL_RW)));
        CHECK_EQ(l1[0], table_ro);
        CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    }
    context("%s", "");
    l2 = mm_l2_entry((void *)FREE_TABLE_VA);
    if (is_int82()) /* 4.2.5 dies of it (XSA-148) */
        CHECK(mmu_set_entry(l2, *l2 | PTE_PSE) < 0);
    CHECK_RC(mmu_set_entry(l2, *l2 | 0x400), 0);
    CHECK_RC(mmu_set_entry(l2, *l2 & ~0x400ull), 0);
    end();
}

/* Writes through a translation that is in the TLB, after the entry has become read-only and the page a table. */
static void stale_write(enum way way, uint32_t pin)
{
    volatile uint32_t *va = (void *)FREE_TABLE_VA;
    struct caught_trap caught;

    CHECK_RC(page_make_readonly(page), 0);
    CHECK(change(way == BY_STORE ? SINGLE : way, make_pte(virt_to_mfn(page), PTE_KERNEL_RW)));
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    *va = 0; /* the TLB knows it as writable */
    CHECK(change(way, make_pte(virt_to_mfn(page), PTE_KERNEL_RO)));
    CHECK_RC(mmuext(pin, virt_to_mfn(page), 0), 0);
    CHECK(!probe_write(va, PTE_P | PTE_G, &caught)); /* nor does it count as a store to a table */
    CHECK_EQ(*(volatile uint32_t *)page, 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0), 0);
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    CHECK_RC(page_make_writable(page), 0);
}

/* XSA-401, 408: when a page stops being writable, the TLB is flushed before anything relies on its new type, whichever
 * that is. */
TEST(rule_flush_is_decided_by_the_type_that_ends)
{
    static const uint32_t pins[] = {MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE};

    if (!begin())
        return;
    for (enum way way = SINGLE; way < WAYS; way++)
        for (unsigned int i = 0; i < ARRAY_SIZE(pins); i++) {
            context("by %s, pin %u", way_name[way], i + 1);
            stale_write(way, pins[i]);
        }
    context("%s", "");
    end();
}

/* The same when the mapping goes together with its table, and when the page becomes a descriptor table. */
TEST(rule_flush_after_a_whole_table)
{
    volatile uint32_t *va = (void *)(FREE_TABLE_VA + 2 * PAGE_SIZE);
    uint32_t mfn;

    if (!begin())
        return;
    mfn = virt_to_mfn(page);
    for (unsigned int i = 0; i < 2; i++) {
        pte_t *l2 = mm_l2_entry((void *)FREE_TABLE_VA), was = *l2;
        pte_t mapping = i ? make_pte(virt_to_mfn(l1), PTE_KERNEL_RO) : 0; /* other entries go through the slow loop */

        CHECK_RC(page_make_readonly(page), 0);
        /* A new window is an INVLPG, with which QEMU flushes everything: so the hypervisor has it from here on. */
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
        CHECK_RC(mmu_set_entry(&l1[1], mapping), 0);
        CHECK_RC(mmu_set_entry(&l1[2], make_pte(mfn, PTE_KERNEL_RW)), 0);
        mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
        *va = 0;
        CHECK_RC(mmu_set_entry(l2, 0), 0);
        if (i)
            CHECK_RC(HYPERVISOR_set_gdt(&mfn, 512), 0);
        else
            CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
        CHECK(!probe_write(va, PTE_P | PTE_G, NULL));
        if (i)
            CHECK_RC(HYPERVISOR_set_gdt(NULL, 0), 0);
        else
            CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0);
        CHECK_RC(mmu_set_entry(l2, was), 0);
        CHECK_RC(mmu_set_entry(&l1[2], 0), 0);
        CHECK_RC(mmu_set_entry(&l1[1], 0), 0);
        CHECK_RC(page_make_writable(page), 0);
    }
    end();
}

/* XSA-286, 185, 240, 309: each level names only lower ones. No table may name itself or one of its own level, except
 * for what linear_pt.c tests. */
TEST(rule_no_linear_or_recursive_tables)
{
    pte_t *l2 = alloc_page(), *l3 = alloc_page(), *top = mm_l2_entry((void *)0xC0000000);
    uint32_t here = pte_mfn(*mm_l3_entry((void *)0xC0000000));

    CHECK(mmu_set_entry(mm_l2_entry((void *)FREE_TABLE_VA), make_pte(here, PTE_TABLE)) < 0);
    if (is_int82()) /* XSA-185: 4.2.5 still allows this */
        CHECK(mmu_set_entry(mm_l3_entry((void *)0), make_pte(virt_to_mfn(mm_base()), PTE_P)) < 0);
    CHECK(mmu_set_entry(mm_l3_entry((void *)0), make_pte(here, PTE_P)) < 0);
    l2[0] = make_pte(virt_to_mfn(l2), PTE_TABLE);
    l3[0] = make_pte(virt_to_mfn(l3), PTE_P);
    l3[3] = make_pte(virt_to_mfn(l3), PTE_P);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK_RC(page_make_readonly(l3), 0);
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
    CHECK(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(l3), 0) < 0);
    CHECK_RC(page_make_writable(l2), 0);
    l2[0] = make_pte(here, PTE_TABLE);
    CHECK_RC(page_make_readonly(l2), 0);
    CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
    CHECK(*top != 0);
    CHECK_RC(page_make_writable(l2), 0);
    CHECK_RC(page_make_writable(l3), 0);
    free_page(l2);
    free_page(l3);
}

/* The hypervisor's part of an address space: slot 3 stays, and no guest has the entries from 0xF5800000 up. */
TEST(rule_the_hypervisors_entries_stay)
{
    pte_t *slot3 = mm_l3_entry((void *)0xC0000000), was = *slot3, *entry;
    struct address_space space;

    CHECK(mmu_set_entry(slot3, 0) < 0);
    CHECK_EQ(*slot3, was);
    for (uint32_t va = HYPERVISOR_VIRT_START; va >= HYPERVISOR_VIRT_START; va += 0x800000) {
        entry = mm_l2_entry((void *)HYPERVISOR_VIRT_START) + ((va - HYPERVISOR_VIRT_START) >> 21);
        if (mmu_set_entry(entry, 0) >= 0 || mmu_set_entry(entry, *entry | 0x200) >= 0)
            FAIL("the entry for 0x%x can be changed", va);
    }
    address_space_copy(&space);
    CHECK_RC(mmuext(MMUEXT_PIN_L3_TABLE, virt_to_mfn(space.l3), 0), 0);
    CHECK(mmu_set_entry(slot3, make_pte(virt_to_mfn(space.l2_top), PTE_P)) < 0);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(space.l3), 0), 0);
    address_space_free(&space);
}

/* XSA-299, 310: a page that failed validation is in no state in between: it is not pinned, is not a table, and can be
 * writable again. */
TEST(rule_never_half_validated)
{
    pte_t *l2 = alloc_page(), *leaf = alloc_page();

    for (unsigned int bad = 0; bad < 512; bad += 511) {
        l2[0] = make_pte(virt_to_mfn(leaf), PTE_TABLE);
        leaf[bad] = make_pte(foreign_frame(), PTE_KERNEL_RW);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        CHECK_RC(page_make_writable(l2), 0);
        leaf[bad] = 0;
    }
    free_page(l2);
    free_page(leaf);
}

/* XSA-58, 113: a failed operation drops exactly the references that it had taken. */
TEST(rule_failures_drop_what_they_took)
{
    pte_t *l2 = alloc_page(), *leaf = alloc_page();
    uint32_t frames[2], mfn;
    void *data = alloc_page();

    mfn = virt_to_mfn(data);
    for (unsigned int round = 0; round < 3; round++) {
        context("round %u", round);
        CHECK_RC(page_make_readonly(data), 0);
        leaf[0] = leaf[4] = make_pte(mfn, PTE_KERNEL_RW);
        leaf[2] = make_pte(mfn, PTE_KERNEL_RO);
        leaf[511] = make_pte(mfn, PTE_KERNEL_RW | PTE_G);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(leaf), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        leaf[511] = 0;
        l2[0] = make_pte(virt_to_mfn(leaf), PTE_TABLE);
        l2[1] = make_pte(virt_to_mfn(data), PTE_TABLE | PTE_PSE);
        CHECK_RC(page_make_readonly(leaf), 0);
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(mmuext(MMUEXT_PIN_L2_TABLE, virt_to_mfn(l2), 0) < 0);
        CHECK_RC(page_make_writable(leaf), 0);
        CHECK_RC(page_make_writable(l2), 0);
        memset(leaf, 0, PAGE_SIZE);
        memset(l2, 0, PAGE_SIZE);
        frames[0] = mfn;
        frames[1] = foreign_frame();
        CHECK(HYPERVISOR_set_gdt(frames, 1024) < 0);
        CHECK_RC(page_make_writable(data), 0);
        check_counts(data);
    }
    context("%s", "");
    free_page(l2);
    free_page(leaf);
    free_page(data);
}

/* XSA-214, 242, 252, 287: a frame that is given back leaves nothing behind and cannot be given back twice. A pin is
 * taken once and dropped once. */
TEST(rule_types_end_with_their_owner)
{
    uint32_t pfn, mfn, reservation = HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF});
    struct xen_memory_reservation r = {.nr_extents = 1, .domid = DOMID_SELF};
    xen_pfn_t extent;
    void *p = alloc_page();

    pfn = virt_to_pfn(p);
    mfn = virt_to_mfn(p);
    CHECK_RC(page_make_readonly(p), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0);
    CHECK(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0) < 0);
    CHECK_RC(update_va((void *)FREE_VA, make_pte(mfn, PTE_KERNEL_RO), UVMF_INVLPG), 0);
    CHECK_RC(update_va(p, 0, UVMF_INVLPG), 0);
    extent = mfn;
    r.extent_start = &extent;
    for (unsigned int i = 0; i < 3; i++) /* while pinned, then while mapped: it stays until it is neither */
        CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 1);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF}), reservation);
    CHECK_EQ(*(volatile uint32_t *)FREE_VA, 0);
    CHECK_RC(unmap_at(FREE_VA), 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r), 0);
    CHECK(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0) < 0);
    CHECK(update_va(p, make_pte(mfn, PTE_KERNEL_RO), UVMF_NONE) < 0);
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_current_reservation, &(domid_t){DOMID_SELF}), reservation - 1);
    extent = pfn;
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r), 1);
    set_p2m(pfn, extent);
    CHECK_RC(update_va(p, make_pte(extent, PTE_KERNEL_RW), UVMF_INVLPG), 0);
    check_counts(p);
    free_page(p);
}

/* XSA-402: a guest must not choose the cache attributes of RAM. */
TEST(rule_cache_attributes_are_refused)
{
    static const pte_t attributes[] = {PTE_PWT, PTE_PCD, PTE_PAT, PTE_PWT | PTE_PCD | PTE_PAT};

    if (!is_int82())
        SKIP("Xen 4.2.5 lets domain 0 change a frame's cache attributes");
    if (!begin())
        return;
    for (enum way way = SINGLE; way < WAYS; way++)
        for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
            pte_t value = make_pte(virt_to_mfn(page), PTE_KERNEL_RO);

            context("by %s, attribute 0x%llx", way_name[way], attributes[i]);
            CHECK(!change(way, value | attributes[i]));
            CHECK(change(way, value));
            CHECK(!change(way, value | attributes[i]));
            CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
        }
    context("%s", "");
    end();
}
