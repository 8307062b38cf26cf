/* SPDX-License-Identifier: MIT */
/* GNTTABOP_copy: copies between frames that are granted or the caller's own, without mapping them. */
#include "grants.h"

struct copy_side {
    struct domain *d;
    bool granted, pinned, readonly;
    grant_ref_t ref;
    mfn_t frame;
};

static int open_side(struct copy_side *s, domid_t domid, uint32_t frame_or_ref)
{
    int rc;

    s->d = domain_by_id(domid);
    if (!s->d)
        return BECAUSE(grant_domain, GNTST_bad_domain);
    hold_domain(s->d);
    if (!s->granted) {
        s->frame = frame_or_ref;
        rc = s->frame < max_page && mfn_to_page(s->frame)->owner == s->d ? GNTST_okay
                                                                         : BECAUSE(frame_foreign, GNTST_bad_page);
    } else {
        s->ref = frame_or_ref;
        rc = pin_grant(s->d, s->ref, s->readonly, false, s->readonly ? PIN_HOST_READ : PIN_HOST_WRITE, &s->frame);
        s->pinned = !rc;
    }
    if (!rc)
        rc = get_refs(s->frame, s->readonly);
    if (rc) /* nothing for close_side() to drop */
        s->frame = INVALID_MFN;
    return rc;
}

static void close_side(struct copy_side *s)
{
    if (!s->d)
        return;
    if (s->frame != INVALID_MFN)
        put_refs(s->frame, s->readonly);
    if (s->pinned)
        unpin_grant(s->d, s->ref, s->readonly ? PIN_HOST_READ : PIN_HOST_WRITE);
    release_domain(s->d);
}

static COLD void refuse_copy(const struct gnttab_copy *op, bool source_was_fine)
{
    if (source_was_fine)
        refuse_grant(op->status, op->dest.domid, op->dest.u.ref, op->flags & GNTCOPY_dest_gref);
    else
        refuse_grant(op->status, op->source.domid, op->source.u.ref, op->flags & GNTCOPY_source_gref);
}

/* Only within one frame can the two overlap. */
static inline void copy_bytes(const struct gnttab_copy *op, mfn_t to, mfn_t from)
{
    char *dst = (char *)map_frame(to) + op->dest.offset;
    const char *src = (char *)map_copy_source(from) + op->source.offset;

    if (likely(to != from))
        memcpy(dst, src, op->len);
    else
        memmove(dst, src, op->len);
}

OPERATION copy(struct gnttab_copy *op)
{
    struct copy_side from = {.granted = op->flags & GNTCOPY_source_gref, .readonly = true},
                     to = {.granted = op->flags & GNTCOPY_dest_gref};

    if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
        op->status = refuse(REFUSED_grant_copy, GNTST_bad_copy_arg, INVALID_MFN, op->len);
        return;
    }
    if ((op->source.domid != DOMID_SELF && !from.granted) || (op->dest.domid != DOMID_SELF && !to.granted)) {
        op->status = refuse(REFUSED_grant_copy, GNTST_permission_denied, INVALID_MFN, op->len);
        return;
    }
    op->status = open_side(&from, op->source.domid, op->source.u.ref);
    if (!op->status)
        op->status = open_side(&to, op->dest.domid, op->dest.u.ref);
    spend(op->len / 16);
    if (op->status)
        refuse_copy(op, from.d && from.frame != INVALID_MFN);
    else
        copy_bytes(op, to.frame, from.frame);
    close_side(&to);
    close_side(&from);
}

long copy_grants(void *arg, uint32_t count)
{
    EACH(GNTTABOP_copy, gnttab_copy, status, copy);
}
