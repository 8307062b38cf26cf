/* SPDX-License-Identifier: MIT */
/*
 * Which rule has refused a frame or an entry: for xen/refused.h. The decision has been made, in frames.c, linear_pt.c
 * or page_tables.c, by code that knows only yes and no. Here its questions are asked again, in the same order.
 */
#include <asm/frames.h>
#include <asm/page_tables.h>
#include <asm/processor.h>

#define TOLD -1 /* d could have it, and nobody uses it as something else: it was its contents, which have been told */

static int use_rule(mfn_t mfn, const struct domain *d)
{
    if (mfn >= max_page)
        return REFUSED_frame_beyond_ram;
    if (mfn_to_page(mfn)->owner != d)
        return REFUSED_frame_foreign;
    return mfn_to_page(mfn)->type_info < PGT_one ? TOLD : REFUSED_frame_in_use;
}

int refuse_use(int error, mfn_t mfn)
{
    int rule = use_rule(mfn, current->operation.domain);

    return rule == TOLD ? error : refuse(rule, error, mfn, PGT_none);
}

int refuse_taking(int error, mfn_t mfn, const struct domain *d)
{
    int rule = use_rule(mfn, d);

    return refuse(rule == TOLD ? REFUSED_frame_referred : rule, error, mfn, PGT_none);
}

int refuse_access(void)
{
    return refuse(REFUSED_pointer, -EFAULT, INVALID_MFN, read_cr2());
}

/* The frame whose window this is. */
static mfn_t table_of(const pte_t *slot)
{
    return window_frame[((uint32_t)slot - WINDOWS_START) >> PAGE_SHIFT];
}

static enum refusal l1_rule(pte_t e, const struct domain *d, const struct domain *pg_owner, mfn_t *mfn)
{
    const struct domain *owner;

    if (!pte_to_frame(e, mfn))
        *mfn = INVALID_MFN;
    if (!(e.lo & _PAGE_PRESENT))
        return REFUSED_entry_absent;
    if (e.lo & _PAGE_GLOBAL || *mfn == INVALID_MFN)
        return REFUSED_entry_flags;
    owner = *mfn < max_page ? mfn_to_page(*mfn)->owner : dom_io;
    if (owner == dom_io)
        return REFUSED_entry_io;
    if (e.lo & CACHE_FLAGS)
        return REFUSED_entry_flags;
    if (owner != pg_owner && (!owner || pg_owner == d || !pg_owner->is_privileged))
        return REFUSED_entry_foreign;
    return REFUSED_entry_writable;
}

int refuse_l1_entry(int error, pte_t e, const struct domain *d, const struct domain *pg_owner, const pte_t *slot)
{
    mfn_t mfn;
    enum refusal rule = l1_rule(e, d, pg_owner, &mfn);

    return refuse_entry(rule, error, mfn, e.raw, table_of(slot), ((uint32_t)slot & ~PAGE_MASK) / sizeof(pte_t));
}

/* As an L1, an L2 may be named by the rules of linear page tables only. */
static bool is_l2(mfn_t mfn, const struct domain *d)
{
    const struct page_info *page = mfn_to_page(mfn);

    return mfn < max_page && page->owner == d && page->type_info >= PGT_one &&
           (page->type_info & PGT_type_mask) == PGT_l2_page_table;
}

int refuse_table_entry(int error, pte_t e, const struct page_info *table, unsigned int index)
{
    bool l2 = (table->type_info & PGT_type_mask) == PGT_l2_page_table;
    uint32_t type = l2 ? PGT_l1_page_table : PGT_l2_page_table | (index == 3 ? PGT_pae_xen_l2 : 0);
    mfn_t mfn;
    int rule;

    if (!pte_to_frame(e, &mfn))
        mfn = INVALID_MFN;
    if (!(e.lo & _PAGE_PRESENT))
        rule = REFUSED_entry_absent;
    else if (e.lo & (l2 ? L2_REFUSED : L3_REFUSED) || (!l2 && e.hi & nx_mask_hi) || mfn == INVALID_MFN)
        rule = REFUSED_entry_flags;
    else if (l2 && is_l2(mfn, table->owner))
        rule = REFUSED_entry_linear;
    else {
        rule = use_rule(mfn, table->owner);
        return rule == TOLD ? error : refuse_entry(rule, error, mfn, type, page_to_mfn(table), index);
    }
    return refuse_entry(rule, error, mfn, e.raw, page_to_mfn(table), index);
}
