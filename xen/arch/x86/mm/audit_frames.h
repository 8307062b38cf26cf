/* SPDX-License-Identifier: MIT */
/* The auditor's count of frames: what audit.c and audit_linear.c share. */
#ifndef AUDIT_FRAMES_H
#define AUDIT_FRAMES_H

#include <asm/frames.h>
#include <xen/audit.h>

/* What is expected of a frame: references, and a type word. Of the type's flags some have another meaning here. */
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

/* An entry of an L2 that names an L2. */
static inline bool is_linear(pte_t e)
{
    mfn_t mfn = frame_of(e);

    return e.lo & _PAGE_PRESENT && mfn < max_page && is_l2_in_use(mfn_to_page(mfn));
}

/* How many of them a table has: for itself, and for others. */
struct linear_entries {
    uint32_t own, others;
};
/* False: it is the table's own, and refers to nothing. */
bool count_linear(struct linear_entries *linear, mfn_t table, pte_t e);
void compare_linear_entries(const struct linear_entries *linear, mfn_t table);
/* The other side, once all else has been compared: it needs the memory that was counted in. */
void audit_linear_uses(void);

#endif
