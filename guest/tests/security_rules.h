/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the rules. */
#ifndef TESTS_SECURITY_RULES_H
#define TESTS_SECURITY_RULES_H

#include "own_table.h"

/* Only the page's own mapping refers to it as writable: it can become a table, and is an ordinary page again. */
static inline void check_counts(void *p)
{
    memset(p, 0, PAGE_SIZE);
    if (CHECK_RC(page_make_readonly(p), 0) && CHECK_RC(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(p), 0), 0))
        CHECK_RC(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(p), 0), 0);
    CHECK_RC(page_make_writable(p), 0);
}

#endif
