/* What the tests of rules work on: a table of their own at FREE_TABLE_VA, and a page. */
#ifndef TESTS_SECURITY_RULES_H
#define TESTS_SECURITY_RULES_H

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

/* No reference to the page as writable is left but its mapping's: it can become a table, and is ordinary again. */
static inline void check_counts(void *p)
{
    memset(p, 0, PAGE_SIZE);
    if (CHECK_RC(page_make_readonly(p), 0) && CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(p), 0), 0))
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(p), 0), 0);
    CHECK_RC(page_make_writable(p), 0);
}

#endif
