/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_copy: copies between frames that are granted or the caller's own, without mapping them. Nobody else runs
 * from the first look at a frame to the last byte, so what was found stays true without any pin or reference. With more
 * CPUs a copy would have to take what a mapping takes.
 */
#include "grant_uses.h"

/* Whether the hypervisor may write to a frame: it is in use for writing, or not in use as anything else. */
static int find_writable(struct page_info *page)
{
    if (likely((page->type_info & PGT_flags) == PGT_writable))
        return GNTST_okay;
    if (get_page_type(page, PGT_writable_page))
        return BECAUSE(frame_in_use, GNTST_general_error);
    put_writable(page);
    return GNTST_okay;
}

/* One side of a copy: the frame, if it may be used in this way. GNTST_*. */
static inline __attribute__((always_inline)) int find_side(mfn_t *frame, domid_t domid, uint32_t frame_or_ref,
                                                           bool granted, bool writes)
{
    const struct domain *d = granted ? domain_by_id(domid) : this_cpu.domain;
    struct grant g;
    int rc;

    if (!granted && domid != DOMID_SELF)
        return BECAUSE(grant_copy, GNTST_permission_denied);
    if (unlikely(!d))
        return BECAUSE(grant_domain, GNTST_bad_domain);
    if (granted) {
        rc = find_grant(&g, d, frame_or_ref, GTF_type_mask, writes);
        if (unlikely(rc))
            return rc;
        *frame = g.active->frame;
    } else {
        *frame = frame_or_ref;
        if (unlikely(*frame >= max_page) || unlikely(mfn_to_page(*frame)->owner != d))
            return BECAUSE(frame_foreign, GNTST_bad_page);
    }
    return writes ? find_writable(mfn_to_page(*frame)) : GNTST_okay;
}

static COLD int refuse_copy(const struct gnttab_copy *op, int status, bool source_was_fine)
{
    if (grant_rule == REFUSED_grant_copy)
        return refuse(grant_rule, status, INVALID_MFN, op->len);
    if (source_was_fine)
        return refuse_grant(status, op->dest.domid, op->dest.u.ref, op->flags & GNTCOPY_dest_gref);
    return refuse_grant(status, op->source.domid, op->source.u.ref, op->flags & GNTCOPY_source_gref);
}

/* Only within one frame can the two overlap. */
static inline void copy_bytes(const struct gnttab_copy *op, mfn_t to, mfn_t from)
{
    char *dst = (char *)map_frame(to) + op->dest.offset;
    const char *src = (char *)map_copy_source(from) + op->source.offset;

    spend(op->len / 16);
    if (likely(to != from))
        memcpy(dst, src, op->len);
    else
        memmove(dst, src, op->len);
}

static inline int copy_between(const struct gnttab_copy *op)
{
    mfn_t from, to;
    int rc;

    if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE)
        return refuse(REFUSED_grant_copy, GNTST_bad_copy_arg, INVALID_MFN, op->len);
    rc = find_side(&from, op->source.domid, op->source.u.ref, op->flags & GNTCOPY_source_gref, false);
    if (unlikely(rc))
        return refuse_copy(op, rc, false);
    rc = find_side(&to, op->dest.domid, op->dest.u.ref, op->flags & GNTCOPY_dest_gref, true);
    if (unlikely(rc))
        return refuse_copy(op, rc, true);
    copy_bytes(op, to, from);
    return GNTST_okay;
}

OPERATION copy(struct gnttab_copy *op)
{
    op->status = copy_between(op);
}

long copy_grants(void *arg, uint32_t count)
{
    EACH(GNTTABOP_copy, gnttab_copy, status, copy);
}
