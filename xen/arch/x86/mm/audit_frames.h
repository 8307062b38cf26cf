/* SPDX-License-Identifier: MIT */
/* The auditor's count of frames: what audit.c and audit_linear.c share. */
#ifndef AUDIT_FRAMES_H
#define AUDIT_FRAMES_H

#include <asm/device_access.h>
#include <asm/frames.h>
#include <xen/audit.h>

/* What is expected of a frame: the number of references, and the type word. Some flags of the type have another meaning
 * here (audit.c). */
struct expected {
    uint32_t count;
    uint32_t type;
};
_Static_assert(sizeof(struct expected) == AUDIT_BYTES, "as the scratch memory is mapped");
#define expected_of(mfn) (&((struct expected *)AUDIT_START)[mfn])

static inline mfn_t frame_of(pte_t e)
{
    mfn_t mfn;

    return pte_to_frame(e, &mfn) ? mfn : INVALID_MFN;
}

static inline bool is_l2_in_use(const struct page_info *page)
{
    return page->type_info >= PGT_one && (page->type_info & PGT_type_mask) == PGT_l2_page_table;
}

/* An entry of an L2 that points to an L2. */
static inline bool is_linear(pte_t e)
{
    mfn_t mfn = frame_of(e);

    return e.lo & _PAGE_PRESENT && mfn < max_page && is_l2_in_use(mfn_to_page(mfn));
}

/* How many such entries a table has: those that point to itself, and those that point to other tables. */
struct linear_entries {
    uint32_t own, others;
};
/* False: the entry points to its own table, so it holds no reference. */
bool count_linear(struct linear_entries *linear, mfn_t table, pte_t e);
void compare_linear_entries(const struct linear_entries *linear, mfn_t table);
/* Checks how often each L2 is used by such entries. Must come last, because it reuses the memory of the other
 * counts. */
void audit_linear_uses(void);

#endif
