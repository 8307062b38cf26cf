/* SPDX-License-Identifier: MIT */
/* Maps and unmaps granted frames: handles, and the page-table entries of the mappings. */
#include "grant_uses.h"

/* A page of free handles. False: there are no more. */
static COLD bool add_handles(struct grant_table *t)
{
    uint32_t first = t->mapping_pages * MAPPINGS_PER_PAGE;
    struct mapping *page = t->mapping_pages < MAPPING_PAGES ? alloc_heap_pages(0) : NULL;

    if (!page)
        return false;
    t->mapping[t->mapping_pages++] = page;
    for (uint32_t i = MAPPINGS_PER_PAGE; i-- > 0;) {
        page[i].next_free = t->free_handle;
        t->free_handle = first + i;
    }
    return true;
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

static inline pte_t host_entry(mfn_t frame, uint32_t flags)
{
    pte_t e = {.lo = frame << PAGE_SHIFT, .hi = frame >> (32 - PAGE_SHIFT) | nx_mask_hi};

    e.lo |= _PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY | ((flags >> 16 << 9) & _PAGE_AVAIL);
    if (flags & GNTMAP_application_map)
        e.lo |= _PAGE_USER;
    if (!(flags & GNTMAP_readonly))
        e.lo |= _PAGE_RW;
    return e;
}

/* The entry takes over the references that the caller of this function has got for it. */
static inline void replace_entry(pte_t *slot, pte_t old, pte_t new)
{
    write_pte(slot, old, new);
    if (old.lo & _PAGE_PRESENT) {
        put_page_from_l1e(old, this_cpu.domain);
        request_flush(); /* even if no type changes: the granter is told that nobody reaches the frame any more */
    }
}

/* For each kind of mapping references of its own, all or nothing. */
static inline int get_mapping_refs(mfn_t frame, uint32_t flags)
{
    bool readonly = flags & GNTMAP_readonly;
    int rc = get_refs(frame, readonly);

    if (unlikely(rc) ||
        likely((flags & (GNTMAP_host_map | GNTMAP_device_map)) != (GNTMAP_host_map | GNTMAP_device_map)))
        return rc;
    rc = get_refs(frame, readonly);
    if (rc)
        put_refs(frame, readonly);
    return rc;
}

static COLD int refuse_mapping(int rc, const struct gnttab_map_grant_ref *op)
{
    if (grant_rule == REFUSED_grant_slot)
        return refuse(grant_rule, rc, INVALID_MFN, op->host_addr);
    return refuse_grant(rc, op->dom, op->ref, true);
}

static inline void begin_mapping(struct grant_table *t, struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct mapping *m = mapping_of(t, t->free_handle);

    op->handle = t->free_handle;
    t->free_handle = m->next_free;
    hold_domain(granter); /* for as long as the mapping lasts */
    m->granter = granter;
    m->ref = op->ref;
    m->flags = op->flags;
}

/* All is found first, then it is taken. */
static inline int map_from(struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = this_cpu.domain->grants;
    pte_t *slot = NULL;
    struct grant g;
    mfn_t frame;
    int rc;

    if (unlikely(t->free_handle == NO_HANDLE) && !add_handles(t))
        return refuse(REFUSED_grant_handles, GNTST_no_device_space, INVALID_MFN, op->ref);
    rc = find_grant(&g, granter, op->ref, GTF_type_mask | GTF_sub_page, !(op->flags & GNTMAP_readonly));
    if (unlikely(rc))
        return refuse_mapping(rc, op);
    if (op->flags & GNTMAP_host_map && unlikely(!(slot = host_slot(op->host_addr, op->flags))))
        return refuse_mapping(BECAUSE(grant_slot, GNTST_general_error), op);
    frame = g.active->frame;
    rc = get_mapping_refs(frame, op->flags);
    if (unlikely(rc))
        return refuse_mapping(rc, op);

    pin_grant(g, pins_of(op->flags));
    begin_mapping(t, granter, op);
    op->dev_bus_addr = (uint64_t)frame << PAGE_SHIFT;
    if (slot)
        replace_entry(slot, *slot, host_entry(frame, op->flags));
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
    op->status = map_from(granter, op);
}

/* --- Unmapping */

/* Whether an entry is the one of such a mapping. */
static inline bool maps_frame(pte_t e, mfn_t frame, uint32_t flags)
{
    uint32_t lo = frame << PAGE_SHIFT | _PAGE_PRESENT | (flags & GNTMAP_readonly ? 0 : _PAGE_RW);

    return (e.lo & (PAGE_MASK | _PAGE_RW | _PAGE_PRESENT)) == lo && (e.hi & ~nx_mask_hi) == frame >> (32 - PAGE_SHIFT);
}

/* new: the entry that stands at the address afterwards. Its references have been taken. */
static inline int unmap_host(uint64_t addr, mfn_t frame, uint32_t flags, pte_t new)
{
    pte_t *slot = host_slot(addr, flags);

    if (!slot || !maps_frame(*slot, frame, flags))
        return BECAUSE(grant_mapping, GNTST_general_error);
    replace_entry(slot, *slot, new);
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

/* One kind of mapping ends. */
static inline void unpin_mapping(struct mapping *m, struct grant g, uint32_t kind)
{
    unpin_grant(g, pins_of(m->flags & (kind | GNTMAP_readonly)));
    m->flags &= ~kind;
}

static COLD int unmap_device(struct mapping *m, struct grant g, uint64_t bus_addr)
{
    if (bus_addr >> PAGE_SHIFT != g.active->frame)
        return BECAUSE(grant_mapping, GNTST_general_error);
    if (m->flags & GNTMAP_device_map) {
        put_refs(g.active->frame, m->flags & GNTMAP_readonly);
        unpin_mapping(m, g, GNTMAP_device_map);
    }
    return GNTST_okay;
}

/* NULL: there is no such mapping. */
static inline struct mapping *find_mapping(const struct grant_table *t, grant_handle_t handle)
{
    struct mapping *m;

    if (unlikely(handle >= t->mapping_pages * MAPPINGS_PER_PAGE))
        return NULL;
    m = mapping_of(t, handle);
    return likely(m->granter) ? m : NULL;
}

static inline void end_mapping(struct grant_table *t, struct mapping *m, grant_handle_t handle)
{
    struct domain *granter = m->granter;

    *m = (struct mapping){.next_free = t->free_handle};
    t->free_handle = handle;
    release_domain(granter);
}

static COLD int refuse_unmapping(int rc, uint32_t address)
{
    return refuse(grant_rule, rc, INVALID_MFN, address);
}

/* bus_addr, host_addr 0: that part of the mapping stays. */
static inline __attribute__((always_inline)) int unmap(grant_handle_t handle, uint64_t host_addr, uint64_t new_addr,
                                                       uint64_t bus_addr)
{
    struct grant_table *t = this_cpu.domain->grants;
    struct mapping *m = find_mapping(t, handle);
    int rc = GNTST_okay;
    struct grant g;

    if (unlikely(!m))
        return refuse(REFUSED_grant_handle, GNTST_bad_handle, INVALID_MFN, handle);
    g = grant_of(m->granter->grants, m->ref);
    if (unlikely(bus_addr))
        rc = unmap_device(m, g, bus_addr);
    if (likely(!rc) && likely(host_addr) && likely(m->flags & GNTMAP_host_map)) {
        rc = unlikely(new_addr) ? move_entry(host_addr, new_addr, g.active->frame, m->flags)
                                : unmap_host(host_addr, g.active->frame, m->flags, (pte_t){.raw = 0});
        if (likely(!rc))
            unpin_mapping(m, g, GNTMAP_host_map);
    }
    if (likely(!(m->flags & (GNTMAP_host_map | GNTMAP_device_map))))
        end_mapping(t, m, handle);
    return likely(!rc) ? rc : refuse_unmapping(rc, host_addr);
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
        struct grant g;

        if (handle % 64 == 63)
            preempt_point();
        if (!m->granter)
            continue;
        g = grant_of(m->granter->grants, m->ref);
        if (m->flags & GNTMAP_device_map)
            put_refs(g.active->frame, m->flags & GNTMAP_readonly);
        unpin_grant(g, pins_of(m->flags));
        end_mapping(t, m, handle);
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
