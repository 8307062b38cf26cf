/* SPDX-License-Identifier: MIT */
/*
 * Wherever an entry is in an L2, and whatever is beside it, it counts when the table is validated and when it is given
 * up. The hypervisor passes over absent entries by groups. In the L2 of slot 3 the guest's part ends within a group.
 */
#include "test.h"

#define ENTRIES 512

static int pin(uint32_t level, const void *page)
{
    return mmuext(MMUEXT_PIN_L1_TABLE + level - 1, virt_to_mfn(page), 0);
}

static int unpin(const void *page)
{
    return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0);
}

TEST(l2_each_entry)
{
    pte_t *l2 = alloc_page(), *l1 = alloc_page();
    void *data = alloc_page();
    pte_t entry = make_pte(virt_to_mfn(l1), PTE_TABLE);

    CHECK_RC(page_make_readonly(data), 0);
    l1[ENTRIES - 1] = make_pte(virt_to_mfn(data), PTE_KERNEL_RW);
    CHECK_RC(page_make_readonly(l1), 0);
    for (unsigned int i = 0; i < 2 * ENTRIES; i++) {
        unsigned int at = i / 2, beside = (at * 7 + 3) % ENTRIES;

        context("entry %u%s", at, i & 1 ? ", and another" : "");
        l2[beside] = i & 1 ? entry : 0;
        l2[at] = entry | PTE_PSE;
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(pin(2, l2) < 0);
        CHECK_RC(page_make_writable(l1), 0);
        CHECK_RC(page_make_readonly(l1), 0);
        CHECK_RC(page_make_writable(l2), 0);
        l2[at] = entry;
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK_RC(pin(2, l2), 0);
        CHECK_RC(page_make_writable(l1), -EBUSY);
        CHECK(pin(1, data) < 0); /* l1 maps it writable */
        CHECK_RC(unpin(l2), 0);
        CHECK_RC(pin(1, data), 0);
        CHECK_RC(unpin(data), 0);
        CHECK_RC(page_make_writable(l1), 0);
        CHECK_RC(page_make_readonly(l1), 0);
        CHECK_RC(page_make_writable(l2), 0);
        l2[at] = l2[beside] = 0;
    }
    context("%s", "");
    CHECK_RC(page_make_writable(data), 0);
    CHECK_RC(page_make_writable(l1), 0);
    free_page(data);
    free_page(l1);
    free_page(l2);
}

/* The same where the table that the entry names is in use anyway, so that only its counts change. */
TEST(l2_each_entry_of_a_table_in_use)
{
    pte_t *l2 = alloc_page();
    void *l1 = alloc_page();
    pte_t entry = make_pte(virt_to_mfn(l1), PTE_TABLE);

    CHECK_RC(page_make_readonly(l1), 0);
    CHECK_RC(pin(1, l1), 0);
    for (unsigned int at = 0; at < ENTRIES; at++) {
        context("entry %u", at);
        l2[at] = entry | PTE_PSE;
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK(pin(2, l2) < 0);
        CHECK_RC(page_make_writable(l2), 0);
        l2[at] = entry;
        CHECK_RC(page_make_readonly(l2), 0);
        CHECK_RC(pin(2, l2), 0);
        CHECK_RC(unpin(l1), 0);
        CHECK_RC(page_make_writable(l1), -EBUSY);
        CHECK_RC(pin(1, l1), 0);
        CHECK_RC(unpin(l2), 0);
        CHECK_RC(page_make_writable(l1), -EBUSY);
        CHECK_RC(page_make_writable(l2), 0);
        l2[at] = 0;
    }
    context("%s", "");
    CHECK_RC(unpin(l1), 0);
    CHECK_RC(page_make_writable(l1), 0);
    free_page(l1);
    free_page(l2);
}

/* The last free entries below the hypervisor's. */
TEST(l2_entries_below_the_hypervisor)
{
    unsigned int first = L2_INDEX(HYPERVISOR_VIRT_START);
    struct address_space space;
    void *l1 = alloc_page();
    pte_t entry = make_pte(virt_to_mfn(l1), PTE_TABLE);

    CHECK_RC(page_make_readonly(l1), 0);
    address_space_copy(&space);
    for (unsigned int at = first - 20; at < first; at++) {
        pte_t before = space.l2_top[at];

        context("entry %u", at);
        CHECK_RC(mmu_set_entry(&space.l2_top[at], entry | PTE_PSE), 0);
        CHECK(pin(3, space.l3) < 0);
        CHECK_RC(mmu_set_entry(&space.l2_top[at], entry), 0);
        CHECK_RC(pin(3, space.l3), 0);
        CHECK_RC(page_make_writable(l1), -EBUSY);
        CHECK_RC(unpin(space.l3), 0);
        CHECK_RC(page_make_writable(l1), 0);
        CHECK_RC(page_make_readonly(l1), 0);
        CHECK_RC(mmu_set_entry(&space.l2_top[at], before), 0);
    }
    context("%s", "");
    address_space_free(&space);
    CHECK_RC(page_make_writable(l1), 0);
    free_page(l1);
}
