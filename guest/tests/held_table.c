/* SPDX-License-Identifier: MIT */
/*
 * mmu_update remembers the L1 table that it found last, and asks nothing about it in the next call (mmu_fast.S). Here
 * each of the facts on which it relies comes to an end between two calls of one request each: the table is no table any
 * more, another frame has taken its window, another domain runs. What the second call did is read in memory.
 */
#include "exclusion_other.h"
#include "own_table.h"

#define WINDOWS 2048u /* frames whose numbers differ by a multiple of it have the same window (asm/window.h) */

/* One request, by the short way: now the entry's table is the held one. */
static void hold(pte_t *table)
{
    CHECK_RC(mmu_set_entry(&table[0], make_pte(mfn(), PTE_KERNEL_RO)), 0);
    CHECK_EQ(table[0], make_pte(mfn(), PTE_KERNEL_RO));
}

/* The same by C, which does not ask whether a table is held. */
static int32_t set_entry_in_c(pte_t *entry, pte_t value)
{
    mmu_update_t req = {pte_maddr(entry) | MMU_PT_UPDATE_PRESERVE_AD, value};

    return HYPERVISOR_mmu_update(&req, 1);
}

static pte_t *pinned_table(void)
{
    pte_t *table = alloc_page();

    CHECK_RC(page_make_readonly(table), 0);
    CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table), 0), 0);
    return table;
}

static void unpin(pte_t *table)
{
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    free_page(table);
}

/* Data may be anything, and a request writes it; an entry of a table may not. */
#define NO_ENTRY 0xFFFFFFFFFFFFFFFFull

TEST(held_table_unpinned)
{
    pte_t *table;

    if (!begin())
        return;
    table = pinned_table();
    hold(table);
    CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
    CHECK_RC(mmu_set_entry(&table[0], NO_ENTRY), 0);
    CHECK_EQ(table[0], NO_ENTRY);
    CHECK_RC(mmu_set_entry(&table[0], 0), 0);
    CHECK_RC(page_make_writable(table), 0);
    free_page(table);
    end();
}

/* The last use as a table is an entry of an L2, not a pin. */
TEST(held_table_unlinked)
{
    if (!begin())
        return;
    hold(l1);
    CHECK_RC(mmu_set_entry(mm_l2_entry((void *)FREE_TABLE_VA), 0), 0);
    CHECK_RC(mmu_set_entry(&l1[0], NO_ENTRY), 0);
    CHECK_EQ(l1[0], NO_ENTRY);
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    CHECK_RC(mmu_set_entry(mm_l2_entry((void *)FREE_TABLE_VA), make_pte(virt_to_mfn(l1), PTE_TABLE)), 0);
    end();
}

/* Two pages with the same window. False: there are none. */
static bool alloc_rivals(void *rivals[2])
{
    static void *pages[WINDOWS + 1];
    uint32_t n = 0;

    rivals[0] = NULL;
    while (!rivals[0] && n <= WINDOWS && (pages[n] = alloc_page())) {
        for (uint32_t i = 0; i < n && !rivals[0]; i++)
            if ((virt_to_mfn(pages[i]) - virt_to_mfn(pages[n])) % WINDOWS == 0) {
                rivals[0] = pages[i];
                rivals[1] = pages[n];
            }
        n++;
    }
    for (uint32_t i = 0; i < n; i++)
        if (pages[i] != rivals[0] && pages[i] != rivals[1])
            free_page(pages[i]);
    return rivals[0];
}

TEST(held_table_out_of_its_window)
{
    void *rivals[2];
    pte_t *table, *rival;

    if (!begin())
        return;
    if (!alloc_rivals(rivals)) {
        end();
        SKIP("not enough memory for two frames with one window");
    }
    table = rivals[0];
    rival = rivals[1];
    for (int i = 0; i < 2; i++) {
        CHECK_RC(page_make_readonly(rivals[i]), 0);
        CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(rivals[i]), 0), 0);
    }
    hold(table);
    CHECK_RC(set_entry_in_c(&rival[0], make_pte(mfn(), PTE_KERNEL_RO)), 0);
    CHECK_RC(mmu_set_entry(&table[0], 0), 0);
    CHECK_EQ(table[0], 0);
    CHECK_EQ(rival[0], make_pte(mfn(), PTE_KERNEL_RO));
    unpin(table);
    unpin(rival);
    end();
}

/* None of the address's upper bits is ignored. */
TEST(held_table_by_its_whole_address)
{
    pte_t old;

    if (!begin())
        return;
    hold(l1);
    old = l1[0];
    for (uint32_t bit = 32; bit < 64; bit++) { /* the tests' machines have less than 4 GiB */
        mmu_update_t req = {pte_maddr(&l1[0]) ^ 1ull << bit, 0};

        if (HYPERVISOR_mmu_update(&req, 1) == 0)
            FAIL("a request for %llx was done", req.ptr);
        CHECK_EQ(l1[0], old);
        hold(l1);
    }
    end();
}

/* The other domain's first request names our table, just after ours did. */
TEST(held_table_of_another_domain)
{
    mmu_update_t *req;
    uint64_t then;

    if (!exclusion_begin())
        return;
    if (!begin())
        return;
    req = victim_map(&other, VICTIM_ARGS);
    if (req)
        *req = (mmu_update_t){pte_maddr(&l1[0]), 0};
    set_call(VICTIM_LIST, __HYPERVISOR_mmu_update, VICTIM_VA(VICTIM_ARGS), 1, 0, DOMID_SELF);
    then = exclusion_start();
    hold(l1);
    nap_until(then + 20000000); /* meanwhile the request is made */
    CHECK_EQ(l1[0], make_pte(mfn(), PTE_KERNEL_RO));
    if (wait_until_done(VICTIM_LIST))
        CHECK_RC(read_call(VICTIM_LIST).result, -EINVAL);
    end();
    exclusion_end();
}
