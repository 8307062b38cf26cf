/* SPDX-License-Identifier: MIT */
/* The auditor's count of linear page tables (linear_pt.c). It checks both numbers of each L2, and the first for both of
 * its meanings (above and below 0). */
#include "audit_frames.h"

#include <asm/processor.h>
#include <xen/operation.h>

static bool found_any;

static void compare(mfn_t mfn, uint32_t expected, uint32_t found)
{
    if (expected != found)
        audit_mismatch(INT82_AUDIT_LINEAR, mfn, expected, found);
}

bool count_linear(struct linear_entries *linear, mfn_t table, pte_t e)
{
    if (frame_of(e) == table) {
        linear->own++;
        return false;
    }
    linear->others++;
    found_any = true;
    return true;
}

void compare_linear_entries(const struct linear_entries *linear, mfn_t table)
{
    const struct page_info *page = mfn_to_page(table);

    if (!is_l2_in_use(page))
        return; /* reported already */
    compare(table, linear->own, page->linear_self);
    if (page->linear_pt_count < 0) {
        compare(table, linear->others, 0);
        found_any = true;
    } else
        compare(table, linear->others, page->linear_pt_count);
}

static void count_uses(mfn_t table)
{
    for (unsigned int i = 0; i < L2_ENTRIES; i++) {
        pte_t e = map_l2(table)[i];

        if (is_linear(e) && frame_of(e) != table)
            expected_of(frame_of(e))->count++;
    }
    interrupt_window();
}

static void for_each_l2(void (*visit)(mfn_t mfn))
{
    for (mfn_t mfn = 0; mfn < max_page; mfn++) {
        if (mfn % STEPS_PER_POINT == 0)
            interrupt_window();
        if (is_l2_in_use(mfn_to_page(mfn)))
            visit(mfn);
    }
}

static void forget_count(mfn_t mfn)
{
    expected_of(mfn)->count = 0;
}

static void compare_uses(mfn_t mfn)
{
    int32_t found = mfn_to_page(mfn)->linear_pt_count;

    compare(mfn, expected_of(mfn)->count, found < 0 ? -found : 0);
}

void audit_linear_uses(void)
{
    if (!found_any)
        return;
    found_any = false;
    for_each_l2(forget_count);
    for_each_l2(count_uses);
    for_each_l2(compare_uses);
}
