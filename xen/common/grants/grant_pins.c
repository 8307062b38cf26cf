/* SPDX-License-Identifier: MIT */
/*
 * The uses of a granter's entry. Each use pins it: the granter sees the entry in use, and the hypervisor works with
 * what it read when the first use began.
 */
#include "grants.h"

enum refusal grant_rule;

int refuse_grant(int status, domid_t domid, uint32_t ref, bool granted)
{
    struct domain *d = domain_by_id(domid);

    if (grant_rule == REFUSED_grant_domain)
        return refuse(grant_rule, status, INVALID_MFN, domid);
    if (!granted)
        return refuse(grant_rule, status, ref, PGT_none);
    if (grant_rule == REFUSED_frame_in_use)
        return refuse(grant_rule, status, active_entry(d->grants, ref)->frame, PGT_none);
    return refuse(grant_rule, status,
                  grant_rule == REFUSED_grant_frame ? active_entry(d->grants, ref)->frame : INVALID_MFN, ref);
}

/* The granter's entry is read once. Flags and domain are one word. */
static int claim(grant_entry_v1_t *entry, const struct active *a, domid_t to, bool readonly, bool mapping)
{
    uint32_t word = ACCESS_ONCE(*(uint32_t *)entry);
    uint16_t flags = word, mask = mapping ? GTF_type_mask | GTF_sub_page : GTF_type_mask;

    if (!a->pin && ((flags & mask) != GTF_permit_access || word >> 16 != to))
        return BECAUSE(grant_permission, GNTST_general_error);
    if (!readonly && flags & GTF_readonly)
        return BECAUSE(grant_readonly, GNTST_general_error);
    ACCESS_ONCE(*(uint32_t *)entry) = word | GTF_reading | (readonly ? 0 : GTF_writing);
    return GNTST_okay;
}

void clear_use(const struct grant_table *t, grant_ref_t ref)
{
    grant_entry_v1_t *entry = shared_entry(t, ref);
    const struct active *a = active_entry(t, ref);

    if (!(a->pin & PIN_WRITE_MASK))
        ACCESS_ONCE(entry->flags) &= ~GTF_writing;
    if (!a->pin)
        ACCESS_ONCE(entry->flags) &= ~GTF_reading;
}

int pin_grant(struct domain *granter, grant_ref_t ref, bool readonly, bool mapping, uint32_t pins, mfn_t *frame)
{
    struct grant_table *t = granter->grants;
    domid_t to = this_cpu.domain->domain_id;
    struct active *a;
    int rc;

    if (!t || !t->version)
        return BECAUSE(grant_table, GNTST_general_error);
    if (!ref_ok(t, ref))
        return BECAUSE(grant_reference, GNTST_bad_gntref);
    a = active_entry(t, ref);
    if (a->pin && (a->domid != to || a->pin & PIN_FULL_MASK))
        return BECAUSE(grant_pins, GNTST_general_error);
    if (!a->pin || (!readonly && !(a->pin & PIN_WRITE_MASK))) {
        rc = claim(shared_entry(t, ref), a, to, readonly, mapping);
        if (rc)
            return rc;
        if (!a->pin) {
            a->frame = ACCESS_ONCE(shared_entry(t, ref)->frame);
            a->domid = to;
            if (a->frame >= max_page || mfn_to_page(a->frame)->owner != granter) {
                clear_use(t, ref);
                return BECAUSE(grant_frame, GNTST_bad_page);
            }
        }
    }
    /* The frame may have been given back since the entry was pinned, because an entry holds no reference of its own. */
    if (mfn_to_page(a->frame)->owner != granter) {
        clear_use(t, ref);
        return BECAUSE(grant_frame, GNTST_general_error);
    }
    a->pin += pins;
    *frame = a->frame;
    return GNTST_okay;
}
