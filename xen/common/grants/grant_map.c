/* SPDX-License-Identifier: MIT */
/* Maps and unmaps granted frames: handles, and the page-table entries of the mappings. */
#include "grants.h"

/* --- Handles */

static void put_handle(struct grant_table *t, grant_handle_t handle)
{
    *mapping_of(t, handle) = (struct mapping){.next_free = t->free_handle};
    t->free_handle = handle;
}

static grant_handle_t get_handle(struct grant_table *t)
{
    grant_handle_t handle = t->free_handle;

    if (handle == NO_HANDLE) {
        struct mapping *page = t->mapping_pages < MAPPING_PAGES ? alloc_heap_pages(0) : NULL;

        if (!page)
            return NO_HANDLE;
        t->mapping[t->mapping_pages++] = page;
        for (uint32_t i = MAPPINGS_PER_PAGE; i-- > 0;)
            put_handle(t, (t->mapping_pages - 1) * MAPPINGS_PER_PAGE + i);
        handle = t->free_handle;
    }
    t->free_handle = mapping_of(t, handle)->next_free;
    return handle;
}

/* --- Mapping */

/* The L1 entry of the caller's in which a mapping goes, in a window; NULL: none. */
static pte_t *host_slot(uint64_t addr, uint32_t flags)
{
    struct page_info *page;
    mfn_t mfn;

    if (!(flags & GNTMAP_contains_pte))
        return addr >> 32 ? NULL : l1_entry_of(addr);
    if (addr & (sizeof(pte_t) - 1) || addr >> PAGE_SHIFT >= max_page)
        return NULL;
    mfn = addr >> PAGE_SHIFT;
    page = mfn_to_page(mfn);
    if (page->owner != this_cpu.domain || page->type_info < PGT_one || !(page->type_info & PGT_validated) ||
        (page->type_info & PGT_type_mask) != PGT_l1_page_table)
        return NULL;
    return (pte_t *)((char *)map_l1(mfn) + (addr & ~PAGE_MASK));
}

static pte_t host_entry(mfn_t frame, uint32_t flags)
{
    pte_t e = make_pte(frame, _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY);

    if (flags & GNTMAP_application_map)
        e.lo |= _PAGE_USER;
    if (!(flags & GNTMAP_readonly))
        e.lo |= _PAGE_RW;
    e.lo |= (flags >> 16 << 9) & _PAGE_AVAIL;
    e.hi |= nx_mask_hi;
    return e;
}

/* The entry takes over the references that the caller of this function has got for it. */
static void replace_entry(pte_t *slot, pte_t new)
{
    pte_t old = *slot;

    write_pte(slot, old, new);
    if (old.lo & _PAGE_PRESENT) {
        put_page_from_l1e(old, this_cpu.domain);
        request_flush(); /* even if no type changes: the granter is told that nobody reaches the frame any more */
    }
}

static int map_host(uint64_t addr, mfn_t frame, uint32_t flags)
{
    bool readonly = flags & GNTMAP_readonly;
    int rc = get_refs(frame, readonly);
    pte_t *slot;

    if (rc)
        return rc;
    slot = host_slot(addr, flags);
    if (!slot) {
        put_refs(frame, readonly);
        return BECAUSE(grant_slot, GNTST_general_error);
    }
    replace_entry(slot, host_entry(frame, flags));
    return GNTST_okay;
}

static int map_pinned(const struct gnttab_map_grant_ref *op, mfn_t frame)
{
    bool readonly = op->flags & GNTMAP_readonly;
    int rc;

    if (op->flags & GNTMAP_device_map) {
        rc = get_refs(frame, readonly);
        if (rc)
            return rc;
    }
    if (!(op->flags & GNTMAP_host_map))
        return GNTST_okay;
    rc = map_host(op->host_addr, frame, op->flags);
    if (rc && op->flags & GNTMAP_device_map)
        put_refs(frame, readonly);
    return rc;
}

static COLD int give_up_mapping(int rc, grant_handle_t handle, const struct gnttab_map_grant_ref *op)
{
    put_handle(this_cpu.domain->grants, handle);
    if (grant_rule == REFUSED_grant_slot)
        return refuse(grant_rule, rc, INVALID_MFN, op->host_addr);
    return refuse_grant(rc, op->dom, op->ref, true);
}

static int map_from(struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = this_cpu.domain->grants;
    grant_handle_t handle = get_handle(t);
    struct mapping *m;
    mfn_t frame;
    int rc;

    if (handle == NO_HANDLE)
        return refuse(REFUSED_grant_handles, GNTST_no_device_space, INVALID_MFN, op->ref);
    rc = pin_grant(granter, op->ref, op->flags & GNTMAP_readonly, true, pins_of(op->flags), &frame);
    if (!rc) {
        rc = map_pinned(op, frame);
        if (rc)
            unpin_grant(granter, op->ref, pins_of(op->flags));
    }
    if (rc)
        return give_up_mapping(rc, handle, op);
    m = mapping_of(t, handle);
    m->granter = granter;
    m->ref = op->ref;
    m->flags = op->flags;
    op->handle = handle;
    op->dev_bus_addr = (uint64_t)frame << PAGE_SHIFT;
    return GNTST_okay;
}

static COLD void refuse_request(struct gnttab_map_grant_ref *op)
{
    if (op->flags & (GNTMAP_device_map | GNTMAP_host_map))
        op->status = refuse(REFUSED_grant_domain, GNTST_bad_domain, INVALID_MFN, op->dom);
    else
        op->status = refuse(REFUSED_grant_flags, GNTST_bad_gntref, INVALID_MFN, op->flags);
}

OPERATION map_grant_ref(struct gnttab_map_grant_ref *op)
{
    struct domain *granter;

    /* As on Xen, and unlike in the other commands, a domain that maps its own grants uses its own number. */
    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map)) || !(granter = domain_by_number(op->dom))) {
        refuse_request(op);
        return;
    }
    hold_domain(granter); /* for as long as the mapping lasts */
    op->status = map_from(granter, op);
    if (op->status)
        release_domain(granter);
}

/* --- Unmapping */

/* new: the entry that stands at the address afterwards. Its references have been taken. */
static int unmap_host(uint64_t addr, mfn_t frame, uint32_t flags, pte_t new)
{
    pte_t *slot = host_slot(addr, flags), want = host_entry(frame, flags);

    if (!slot || !(slot->lo & _PAGE_PRESENT) || (slot->lo ^ want.lo) & (PAGE_MASK | _PAGE_RW) ||
        (slot->hi ^ want.hi) & ~nx_mask_hi)
        return BECAUSE(grant_mapping, GNTST_general_error);
    replace_entry(slot, new);
    return GNTST_okay;
}

/* new_addr: an entry of the caller's, whose mapping moves to addr. */
static int move_entry(uint64_t addr, uint64_t new_addr, mfn_t frame, uint32_t flags)
{
    pte_t *slot = flags & GNTMAP_contains_pte ? NULL : host_slot(new_addr, 0), moved;
    int rc;

    if (!slot)
        return BECAUSE(grant_slot, GNTST_general_error);
    moved = *slot;
    write_pte(slot, moved, (pte_t){.raw = 0});
    request_flush();
    rc = unmap_host(addr, frame, flags, moved);
    if (rc && moved.lo & _PAGE_PRESENT)
        put_page_from_l1e(moved, this_cpu.domain);
    return rc;
}

static COLD int refuse_unmapping(int rc, uint32_t address)
{
    return refuse(grant_rule, rc, INVALID_MFN, address);
}

/* bus_addr, host_addr 0: that part of the mapping stays. */
static int unmap_parts(struct mapping *m, uint64_t host_addr, uint64_t new_addr, uint64_t bus_addr)
{
    mfn_t frame = active_entry(m->granter->grants, m->ref)->frame;
    int rc;

    if (bus_addr) {
        if (bus_addr >> PAGE_SHIFT != frame) {
            rc = BECAUSE(grant_mapping, GNTST_general_error);
            goto refused;
        }
        if (m->flags & GNTMAP_device_map) {
            unpin_grant(m->granter, m->ref, pins_of(m->flags & ~GNTMAP_host_map));
            m->flags &= ~GNTMAP_device_map;
            put_refs(frame, m->flags & GNTMAP_readonly);
        }
    }
    if (host_addr && m->flags & GNTMAP_host_map) {
        rc = new_addr ? move_entry(host_addr, new_addr, frame, m->flags)
                      : unmap_host(host_addr, frame, m->flags, (pte_t){.raw = 0});
        if (rc)
            goto refused;
        unpin_grant(m->granter, m->ref, pins_of(m->flags & ~GNTMAP_device_map));
        m->flags &= ~GNTMAP_host_map;
    }
    return GNTST_okay;
refused:
    return refuse_unmapping(rc, host_addr);
}

static int unmap(grant_handle_t handle, uint64_t host_addr, uint64_t new_addr, uint64_t bus_addr)
{
    struct grant_table *t = this_cpu.domain->grants;
    struct mapping *m;
    int rc;

    if (handle >= t->mapping_pages * MAPPINGS_PER_PAGE || !(m = mapping_of(t, handle))->granter)
        return refuse(REFUSED_grant_handle, GNTST_bad_handle, INVALID_MFN, handle);
    rc = unmap_parts(m, host_addr, new_addr, bus_addr);
    if (!(m->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
        struct domain *granter = m->granter;

        put_handle(t, handle);
        release_domain(granter);
    }
    return rc;
}

OPERATION unmap_grant_ref(struct gnttab_unmap_grant_ref *op)
{
    op->status = unmap(op->handle, op->host_addr, 0, op->dev_bus_addr);
}

OPERATION unmap_and_replace(struct gnttab_unmap_and_replace *op)
{
    op->status = unmap(op->handle, op->host_addr, op->new_addr, 0);
}

/* The page-table entries go together with the page tables. */
void release_grant_mappings(struct domain *d)
{
    struct grant_table *t = d->grants;

    for (uint32_t handle = 0; handle < t->mapping_pages * MAPPINGS_PER_PAGE; handle++) {
        struct mapping *m = mapping_of(t, handle);
        struct domain *granter = m->granter;

        if (handle % 64 == 63)
            preempt_point();
        if (!granter)
            continue;
        if (m->flags & GNTMAP_device_map)
            put_refs(active_entry(granter->grants, m->ref)->frame, m->flags & GNTMAP_readonly);
        unpin_grant(granter, m->ref, pins_of(m->flags));
        put_handle(t, handle);
        release_domain(granter);
    }
}

/* --- The calls */

long map_grants(void *arg, uint32_t count)
{
    EACH(GNTTABOP_map_grant_ref, gnttab_map_grant_ref, dom, map_grant_ref);
}

long unmap_grants(void *arg, uint32_t count)
{
    EACH(GNTTABOP_unmap_grant_ref, gnttab_unmap_grant_ref, status, unmap_grant_ref);
}

long replace_grants(void *arg, uint32_t count)
{
    EACH(GNTTABOP_unmap_and_replace, gnttab_unmap_and_replace, status, unmap_and_replace);
}
