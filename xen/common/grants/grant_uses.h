/* SPDX-License-Identifier: MIT */
/*
 * The uses of a granter's entry. Whoever wants one first finds out whether all of it is allowed, which changes nothing,
 * and then takes it, which cannot fail. So nothing is ever half taken. Nobody else runs in between.
 */
#ifndef COMMON_GRANTS_USES_H
#define COMMON_GRANTS_USES_H

#include "grants.h"

/* Both halves of an entry. */
struct grant {
    grant_entry_v1_t *entry; /* the granter's: it may change at any time */
    struct active *active;
};

static inline struct grant grant_of(const struct grant_table *t, grant_ref_t ref)
{
    return (struct grant){shared_entry(t, ref), active_entry(t, ref)};
}

/* Whether an entry grants its frame to the caller's domain: GNTST_*. The frame is then g->active->frame. The granter's
 * half is read once; flags and domain are one word. While the entry is pinned, what was read at its first use counts.
 * kind: what of the flags has to say GTF_permit_access, and nothing else. */
static inline __attribute__((always_inline)) int find_grant(struct grant *g, const struct domain *granter,
                                                            grant_ref_t ref, uint32_t kind, bool writes)
{
    const struct grant_table *t = granter->grants;
    uint32_t word, to = this_cpu.domain->domain_id;
    struct active *a;

    if (unlikely(!t) || unlikely(!t->version))
        return BECAUSE(grant_table, GNTST_general_error);
    if (unlikely(!ref_ok(t, ref)))
        return BECAUSE(grant_reference, GNTST_bad_gntref);
    *g = grant_of(t, ref);
    a = g->active;
    word = ACCESS_ONCE(*(uint32_t *)g->entry);
    if (likely(!a->pin)) {
        if (unlikely((word & (kind | 0xFFFF0000)) != (to << 16 | GTF_permit_access)))
            return BECAUSE(grant_permission, GNTST_general_error);
        a->frame = ACCESS_ONCE(g->entry->frame);
    } else if (a->domid != to || a->pin & PIN_FULL_MASK)
        return BECAUSE(grant_pins, GNTST_general_error);
    if (writes && unlikely(word & GTF_readonly) && !(a->pin & PIN_WRITE_MASK))
        return BECAUSE(grant_readonly, GNTST_general_error);
    /* An entry holds no reference of its own, so a pinned one's frame may have been given back. */
    if (unlikely(a->frame >= max_page) || unlikely(mfn_to_page(a->frame)->owner != granter))
        return BECAUSE(grant_frame, a->pin ? GNTST_general_error : GNTST_bad_page);
    return GNTST_okay;
}

/* --- Pins: the granter sees that the entry is in use, and for what. */

static inline void pin_grant(struct grant g, uint32_t pins)
{
    g.active->domid = this_cpu.domain->domain_id;
    g.active->pin += pins;
    ACCESS_ONCE(g.entry->flags) |= pins & PIN_WRITE_MASK ? GTF_reading | GTF_writing : GTF_reading;
}

static inline void unpin_grant(struct grant g, uint32_t pins)
{
    uint32_t left = g.active->pin -= pins;

    if (!(left & PIN_WRITE_MASK))
        ACCESS_ONCE(g.entry->flags) &= left ? ~GTF_writing : ~(GTF_writing | GTF_reading);
}

/* --- References to a granted frame, as an entry of a page table holds them */

static inline int get_refs(mfn_t frame, bool readonly)
{
    struct page_info *page = mfn_to_page(frame);

    if (!readonly && unlikely(get_writable(page)))
        return BECAUSE(frame_in_use, GNTST_general_error);
    hold_page(page);
    return GNTST_okay;
}

static inline void put_refs(mfn_t frame, bool readonly)
{
    struct page_info *page = mfn_to_page(frame);

    if (!readonly)
        put_writable(page);
    drop_count(page);
}

#endif
