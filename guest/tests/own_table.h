/* SPDX-License-Identifier: MIT */
/* What the tests of page tables work on (mmu_update*.c, security_rules*.c): a table of their own at FREE_TABLE_VA, and
 * a page that the table does not map yet. */
#ifndef TESTS_OWN_TABLE_H
#define TESTS_OWN_TABLE_H

#include "test.h"

static pte_t *l1;
static void *page;

static inline bool begin(void)
{
    l1 = new_l1_at(FREE_TABLE_VA);
    page = l1 ? alloc_page() : NULL;
    return l1;
}

static inline void end(void)
{
    CHECK_RC(mmu_set_entry(&l1[0], 0), 0);
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

static inline uint32_t mfn(void)
{
    return virt_to_mfn(page);
}

#endif
