/* What tests of mmu_update work on: a table of their own at FREE_TABLE_VA, and a page. */
#ifndef TESTS_MMU_UPDATE_H
#define TESTS_MMU_UPDATE_H

#include "test.h"

static pte_t *l1;
static void *page;

/* A table, and a page that it does not map yet. */
static inline bool begin(void)
{
    l1 = new_l1_at(FREE_TABLE_VA);
    page = l1 ? alloc_page() : NULL;
    return l1;
}

static inline void end(void)
{
    drop_l1_at(FREE_TABLE_VA, l1);
    free_page(page);
}

static inline uint32_t mfn(void)
{
    return virt_to_mfn(page);
}

#endif
