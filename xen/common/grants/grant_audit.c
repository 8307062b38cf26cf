/* SPDX-License-Identifier: MIT */
/* Grants for the auditor: what handles hold, and the pins of entries that follow from it. */
#include "grants.h"

#include <xen/audit.h>

static bool mapping_ok(const struct domain *d, const struct mapping *m)
{
    const struct active *a;

    if (!audit_knows_domain(m->granter) || !m->granter->grants || !ref_ok(m->granter->grants, m->ref) ||
        !(m->flags & (GNTMAP_host_map | GNTMAP_device_map)))
        return false;
    a = active_entry(m->granter->grants, m->ref);
    return a->pin && a->domid == d->domain_id;
}

/* The page-table entry of a mapping has been counted with its table already. */
static void audit_mapping(const struct domain *d, uint32_t handle, const struct mapping *m)
{
    struct active *a;

    if (!mapping_ok(d, m)) {
        audit_mismatch(INT82_AUDIT_HANDLE, d->domain_id << 16 | handle, (uint32_t)m->granter, m->ref);
        return;
    }
    a = active_entry(m->granter->grants, m->ref);
    a->counted += pins_of(m->flags);
    audit_hold(m->granter);
    if (m->flags & GNTMAP_device_map)
        audit_refer(a->frame, m->flags & GNTMAP_readonly ? PGT_none : PGT_writable_page);
}

void audit_grant_table(struct domain *d)
{
    struct grant_table *t = d->grants;
    uint32_t handles = t->mapping_pages * MAPPINGS_PER_PAGE, unused = 0, listed = 0;

    for (uint32_t i = 0; i < t->nr_frames; i++)
        audit_share(virt_to_mfn(t->shared[i]), d, true);
    for (uint32_t handle = 0; handle < handles; handle++) {
        const struct mapping *m = mapping_of(t, handle);

        if (m->granter)
            audit_mapping(d, handle, m);
        else
            unused++;
    }
    for (uint32_t handle = t->free_handle; handle < handles && listed <= handles; listed++)
        handle = mapping_of(t, handle)->next_free;
    if (listed != unused)
        audit_mismatch(INT82_AUDIT_FREE_HANDLES, d->domain_id, unused, listed);
}

void audit_grant_pins(const struct domain *d)
{
    const struct grant_table *t = d->grants;

    for (uint32_t ref = 0; ref_ok(t, ref); ref++) {
        struct active *a = active_entry(t, ref);

        if (a->pin != a->counted)
            audit_mismatch(INT82_AUDIT_PIN, d->domain_id << 16 | ref, a->counted, a->pin);
        a->counted = 0;
    }
}

bool audit_maps_grant(const struct domain *d, mfn_t mfn)
{
    const struct grant_table *t = d->grants;

    for (uint32_t handle = 0; handle < t->mapping_pages * MAPPINGS_PER_PAGE; handle++) {
        const struct mapping *m = mapping_of(t, handle);

        if (m->granter && m->flags & GNTMAP_host_map && mapping_ok(d, m) &&
            active_entry(m->granter->grants, m->ref)->frame == mfn)
            return true;
    }
    return false;
}
