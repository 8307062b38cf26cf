/*
 * Grants, version 1 of the table. The granter writes an entry (frame, to whom, how) into frames that it shares with the
 * hypervisor; the other names the entry by its number, and gets the frame mapped or copied.
 *
 * Who holds what: a mapping's page-table entry holds the references that any entry holds, and they go when it goes,
 * however that comes about. A handle holds a pin of the granter's entry, so that the granter sees it in use
 * (GTF_reading, GTF_writing), and holds the granter's structure. So nothing that a guest does to its page tables behind
 * our back makes a count wrong; it only keeps the entry pinned until the domain ends.
 */
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/grant_table.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <public/grant_table.h>

#define MAX_GRANT_FRAMES     32 /* of a table; Xen's default */
#define INITIAL_GRANT_FRAMES 4
#define ENTRIES_PER_FRAME    (PAGE_SIZE / sizeof(grant_entry_v1_t))

/* Uses of an entry, each count in a byte of its own. */
#define PIN_HOST_WRITE   0x00000001u
#define PIN_HOST_READ    0x00000100u
#define PIN_DEVICE_WRITE 0x00010000u
#define PIN_DEVICE_READ  0x01000000u
#define PIN_WRITE_MASK   0x00FF00FFu
#define PIN_FULL_MASK    0x80808080u /* one more could overflow a count */

/* The hypervisor's half of an entry, out of the granter's reach. Valid while pin is not 0. */
struct active {
    uint32_t pin;
    mfn_t frame;
    uint16_t domid;
    uint32_t counted; /* by the auditor; else 0 */
};
#define ACTIVE_PER_PAGE (PAGE_SIZE / sizeof(struct active))
#define ACTIVE_PAGES    (MAX_GRANT_FRAMES * ENTRIES_PER_FRAME / ACTIVE_PER_PAGE)

/* What a domain has mapped: the handle is the index. */
struct mapping {
    struct domain *granter; /* held */
    grant_ref_t ref;
    uint32_t flags; /* GNTMAP_*; without host_map and device_map: free, or not finished yet */
    uint32_t next_free;
};
#define MAPPINGS_PER_PAGE (PAGE_SIZE / sizeof(struct mapping))
#define MAPPING_PAGES     64
#define NO_HANDLE         0xFFFFFFFFu

struct grant_table {
    uint32_t version; /* 0 until the guest sets it up */
    uint32_t nr_frames;
    grant_entry_v1_t *shared[MAX_GRANT_FRAMES];
    struct active *active[ACTIVE_PAGES];
    uint32_t mapping_pages, free_handle;
    struct mapping *mapping[MAPPING_PAGES];
};
_Static_assert(sizeof(struct grant_table) <= PAGE_SIZE, "one page is allocated");
_Static_assert(sizeof(struct active) == 16 && sizeof(struct mapping) == 16, "they divide a page");

static grant_entry_v1_t *shared_entry(const struct grant_table *t, grant_ref_t ref)
{
    return &t->shared[ref / ENTRIES_PER_FRAME][ref % ENTRIES_PER_FRAME];
}

static struct active *active_entry(const struct grant_table *t, grant_ref_t ref)
{
    return &t->active[ref / ACTIVE_PER_PAGE][ref % ACTIVE_PER_PAGE];
}

static bool ref_ok(const struct grant_table *t, grant_ref_t ref)
{
    return ref < t->nr_frames * ENTRIES_PER_FRAME;
}

/* --- The table */

static bool add_active_pages(struct grant_table *t, uint32_t frame)
{
    const uint32_t per_frame = ENTRIES_PER_FRAME / ACTIVE_PER_PAGE;

    for (uint32_t i = frame * per_frame; i < (frame + 1) * per_frame; i++)
        if (!t->active[i]) { /* one may be left from an attempt that found too little memory */
            t->active[i] = alloc_heap_pages(0);
            if (!t->active[i])
                return false;
        }
    return true;
}

/* One frame more. */
static bool grow_by_one(struct domain *d)
{
    struct grant_table *t = d->grants;
    void *page = add_active_pages(t, t->nr_frames) ? alloc_heap_pages(0) : NULL;

    if (!page)
        return false;
    t->shared[t->nr_frames] = page;
    share_frame_with(d, virt_to_mfn(page), true);
    t->nr_frames++;
    return true;
}

static bool grow_table(struct domain *d, uint32_t nr_frames)
{
    while (d->grants->nr_frames < nr_frames) {
        if (!grow_by_one(d))
            return false;
    }
    return true;
}

int create_grant_table(struct domain *d)
{
    d->grants = alloc_heap_pages(0);
    if (!d->grants)
        return -ENOMEM;
    d->grants->free_handle = NO_HANDLE;
    if (grow_table(d, INITIAL_GRANT_FRAMES))
        return 0;
    destroy_grant_table(d);
    return -ENOMEM;
}

/* One reference to each frame is the hypervisor's own. */
bool grant_table_in_use(const struct domain *d)
{
    for (uint32_t i = 0; i < d->grants->nr_frames; i++)
        if ((mfn_to_page(virt_to_mfn(d->grants->shared[i]))->count & PGC_count) > 1)
            return true;
    return false;
}

void destroy_grant_table(struct domain *d)
{
    struct grant_table *t = d->grants;

    if (!t)
        return;
    for (uint32_t i = 0; i < t->nr_frames; i++) {
        unshare_frame(virt_to_mfn(t->shared[i]));
        free_heap_pages(t->shared[i], 0);
    }
    for (uint32_t i = 0; i < ACTIVE_PAGES; i++)
        if (t->active[i])
            free_heap_pages(t->active[i], 0);
    for (uint32_t i = 0; i < t->mapping_pages; i++)
        free_heap_pages(t->mapping[i], 0);
    free_heap_pages(t, 0);
    d->grants = NULL;
}

/* --- Handles */

static struct mapping *mapping_of(const struct grant_table *t, grant_handle_t handle)
{
    return &t->mapping[handle / MAPPINGS_PER_PAGE][handle % MAPPINGS_PER_PAGE];
}

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

/* --- Pins */

/* What the granter has written is read once; flags and domain are one word. */
static int claim(grant_entry_v1_t *entry, const struct active *a, domid_t to, bool readonly, bool mapping)
{
    uint32_t word = ACCESS_ONCE(*(uint32_t *)entry);
    uint16_t flags = word, mask = mapping ? GTF_type_mask | GTF_sub_page : GTF_type_mask;

    if (!a->pin && ((flags & mask) != GTF_permit_access || word >> 16 != to))
        return GNTST_general_error;
    if (!readonly && flags & GTF_readonly)
        return GNTST_general_error;
    ACCESS_ONCE(*(uint32_t *)entry) = word | GTF_reading | (readonly ? 0 : GTF_writing);
    return GNTST_okay;
}

static void clear_use(struct domain *granter, grant_ref_t ref)
{
    grant_entry_v1_t *entry = shared_entry(granter->grants, ref);
    const struct active *a = active_entry(granter->grants, ref);

    if (!(a->pin & PIN_WRITE_MASK))
        ACCESS_ONCE(entry->flags) &= ~GTF_writing;
    if (!a->pin)
        ACCESS_ONCE(entry->flags) &= ~GTF_reading;
}

static void unpin(struct domain *granter, grant_ref_t ref, uint32_t pins)
{
    active_entry(granter->grants, ref)->pin -= pins;
    clear_use(granter, ref);
}

/* The frame that an entry grants to the caller's domain. GNTST_*. */
static int pin(struct domain *granter, grant_ref_t ref, bool readonly, bool mapping, uint32_t pins, mfn_t *frame)
{
    struct grant_table *t = granter->grants;
    domid_t to = this_cpu.domain->domain_id;
    struct active *a;
    int rc;

    if (!t || !t->version)
        return GNTST_general_error;
    if (!ref_ok(t, ref))
        return GNTST_bad_gntref;
    a = active_entry(t, ref);
    if (a->pin && (a->domid != to || a->pin & PIN_FULL_MASK))
        return GNTST_general_error;
    if (!a->pin || (!readonly && !(a->pin & PIN_WRITE_MASK))) {
        rc = claim(shared_entry(t, ref), a, to, readonly, mapping);
        if (rc)
            return rc;
        if (!a->pin) {
            a->frame = ACCESS_ONCE(shared_entry(t, ref)->frame);
            a->domid = to;
            if (a->frame >= max_page || mfn_to_page(a->frame)->owner != granter) {
                clear_use(granter, ref);
                return GNTST_bad_page;
            }
        }
    }
    /* Pinned before, it may have been given back since: an entry holds no reference of its own. */
    if (mfn_to_page(a->frame)->owner != granter) {
        clear_use(granter, ref);
        return GNTST_general_error;
    }
    a->pin += pins;
    *frame = a->frame;
    return GNTST_okay;
}

static uint32_t pins_of(uint32_t flags)
{
    uint32_t pins = 0;

    if (flags & GNTMAP_host_map)
        pins |= flags & GNTMAP_readonly ? PIN_HOST_READ : PIN_HOST_WRITE;
    if (flags & GNTMAP_device_map)
        pins |= flags & GNTMAP_readonly ? PIN_DEVICE_READ : PIN_DEVICE_WRITE;
    return pins;
}

/* --- Mapping */

static int get_refs(mfn_t frame, bool readonly)
{
    struct page_info *page = mfn_to_page(frame);

    page->count++;
    if (readonly || !get_page_type(page, PGT_writable_page))
        return GNTST_okay;
    put_page(page);
    return GNTST_general_error;
}

static void put_refs(mfn_t frame, bool readonly)
{
    struct page_info *page = mfn_to_page(frame);

    if (!readonly)
        put_page_type(page);
    put_page(page);
}

/* The caller's L1 entry that a mapping is to stand in, in a window; NULL: none. */
static pte_t *host_slot(uint64_t addr, uint32_t flags)
{
    struct page_info *page;
    mfn_t mfn;

    if (!(flags & GNTMAP_contains_pte))
        return addr >> 32 ? NULL : guest_l1_slot(current, addr, &mfn);
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

/* The entry takes over the references that the caller has got for it. */
static void replace_entry(pte_t *slot, pte_t new)
{
    pte_t old = *slot;

    write_pte(slot, old, new);
    if (old.lo & _PAGE_PRESENT) {
        put_page_from_l1e(old, this_cpu.domain);
        request_flush(); /* not only when a type changes: the granter is told that nobody reaches the frame */
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
        return GNTST_general_error;
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

static int map_from(struct domain *granter, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = this_cpu.domain->grants;
    grant_handle_t handle = get_handle(t);
    struct mapping *m;
    mfn_t frame;
    int rc;

    if (handle == NO_HANDLE)
        return GNTST_no_device_space;
    rc = pin(granter, op->ref, op->flags & GNTMAP_readonly, true, pins_of(op->flags), &frame);
    if (!rc) {
        rc = map_pinned(op, frame);
        if (rc)
            unpin(granter, op->ref, pins_of(op->flags));
    }
    if (rc) {
        put_handle(t, handle);
        return rc;
    }
    m = mapping_of(t, handle);
    m->granter = granter;
    m->ref = op->ref;
    m->flags = op->flags;
    hold_domain(granter);
    op->handle = handle;
    op->dev_bus_addr = (uint64_t)frame << PAGE_SHIFT;
    return GNTST_okay;
}

static void map_grant_ref(struct gnttab_map_grant_ref *op)
{
    struct domain *granter;

    if (!(op->flags & (GNTMAP_device_map | GNTMAP_host_map))) {
        op->status = GNTST_bad_gntref;
        return;
    }
    /* As on Xen, and unlike the other commands: whoever maps grants of its own names itself by its number. */
    granter = domain_by_number(op->dom);
    if (!granter) {
        op->status = GNTST_bad_domain;
        return;
    }
    hold_domain(granter);
    op->status = map_from(granter, op);
    release_domain(granter);
}

/* --- Unmapping */

/* new: what stands at the address afterwards, with the references that it stands for. */
static int unmap_host(uint64_t addr, mfn_t frame, uint32_t flags, pte_t new)
{
    pte_t *slot = host_slot(addr, flags), want = host_entry(frame, flags);

    if (!slot || !(slot->lo & _PAGE_PRESENT) || (slot->lo ^ want.lo) & (PAGE_MASK | _PAGE_RW) ||
        (slot->hi ^ want.hi) & ~nx_mask_hi)
        return GNTST_general_error;
    replace_entry(slot, new);
    return GNTST_okay;
}

/* new_addr: an entry of the caller's, whose mapping moves to addr. */
static int move_entry(uint64_t addr, uint64_t new_addr, mfn_t frame, uint32_t flags)
{
    pte_t *slot = flags & GNTMAP_contains_pte ? NULL : host_slot(new_addr, 0), moved;
    int rc;

    if (!slot)
        return GNTST_general_error;
    moved = *slot;
    write_pte(slot, moved, (pte_t){.raw = 0});
    request_flush();
    rc = unmap_host(addr, frame, flags, moved);
    if (rc && moved.lo & _PAGE_PRESENT)
        put_page_from_l1e(moved, this_cpu.domain);
    return rc;
}

/* bus_addr, host_addr 0: that part of the mapping stays. */
static int unmap_parts(struct mapping *m, uint64_t host_addr, uint64_t new_addr, uint64_t bus_addr)
{
    mfn_t frame = active_entry(m->granter->grants, m->ref)->frame;
    int rc;

    if (bus_addr) {
        if (bus_addr >> PAGE_SHIFT != frame)
            return GNTST_general_error;
        if (m->flags & GNTMAP_device_map) {
            unpin(m->granter, m->ref, pins_of(m->flags & ~GNTMAP_host_map));
            m->flags &= ~GNTMAP_device_map;
            put_refs(frame, m->flags & GNTMAP_readonly);
        }
    }
    if (host_addr && m->flags & GNTMAP_host_map) {
        rc = new_addr ? move_entry(host_addr, new_addr, frame, m->flags)
                      : unmap_host(host_addr, frame, m->flags, (pte_t){.raw = 0});
        if (rc)
            return rc;
        unpin(m->granter, m->ref, pins_of(m->flags & ~GNTMAP_device_map));
        m->flags &= ~GNTMAP_host_map;
    }
    return GNTST_okay;
}

static int unmap(grant_handle_t handle, uint64_t host_addr, uint64_t new_addr, uint64_t bus_addr)
{
    struct grant_table *t = this_cpu.domain->grants;
    struct mapping *m;
    int rc;

    if (handle >= t->mapping_pages * MAPPINGS_PER_PAGE)
        return GNTST_bad_handle;
    m = mapping_of(t, handle);
    if (!m->granter)
        return GNTST_bad_handle;
    rc = unmap_parts(m, host_addr, new_addr, bus_addr);
    if (!(m->flags & (GNTMAP_host_map | GNTMAP_device_map))) {
        struct domain *granter = m->granter;

        put_handle(t, handle);
        release_domain(granter);
    }
    return rc;
}

static void unmap_grant_ref(struct gnttab_unmap_grant_ref *op)
{
    op->status = unmap(op->handle, op->host_addr, 0, op->dev_bus_addr);
}

static void unmap_and_replace(struct gnttab_unmap_and_replace *op)
{
    op->status = unmap(op->handle, op->host_addr, op->new_addr, 0);
}

/* Page-table entries go with the page tables. */
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
        unpin(granter, m->ref, pins_of(m->flags));
        put_handle(t, handle);
        release_domain(granter);
    }
}

/* --- Copying */

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
        return GNTST_bad_domain;
    hold_domain(s->d);
    if (!s->granted) {
        s->frame = frame_or_ref;
        rc = s->frame < max_page && mfn_to_page(s->frame)->owner == s->d ? GNTST_okay : GNTST_bad_page;
    } else {
        s->ref = frame_or_ref;
        rc = pin(s->d, s->ref, s->readonly, false, s->readonly ? PIN_HOST_READ : PIN_HOST_WRITE, &s->frame);
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
        unpin(s->d, s->ref, s->readonly ? PIN_HOST_READ : PIN_HOST_WRITE);
    release_domain(s->d);
}

static void copy(struct gnttab_copy *op)
{
    struct copy_side from = {.granted = op->flags & GNTCOPY_source_gref, .readonly = true},
                     to = {.granted = op->flags & GNTCOPY_dest_gref};

    if (op->source.offset + op->len > PAGE_SIZE || op->dest.offset + op->len > PAGE_SIZE) {
        op->status = GNTST_bad_copy_arg;
        return;
    }
    if ((op->source.domid != DOMID_SELF && !from.granted) || (op->dest.domid != DOMID_SELF && !to.granted)) {
        op->status = GNTST_permission_denied;
        return;
    }
    op->status = open_side(&from, op->source.domid, op->source.u.ref);
    if (!op->status)
        op->status = open_side(&to, op->dest.domid, op->dest.u.ref);
    spend(op->len / 16);
    if (!op->status)
        memmove((char *)map_frame(to.frame) + op->dest.offset, (char *)map_copy_source(from.frame) + op->source.offset,
                op->len);
    close_side(&to);
    close_side(&from);
}

/* --- The rest */

/* Frames are not given away for good: whoever wants to move data copies it. A granter sees its entry unused. */
static void transfer(struct gnttab_transfer *op)
{
    op->status = GNTST_general_error;
}

static void swap_refs(struct gnttab_swap_grant_ref *op)
{
    struct grant_table *t = this_cpu.domain->grants;
    grant_entry_v1_t *a, *b, was_a;

    if (!ref_ok(t, op->ref_a) || !ref_ok(t, op->ref_b)) {
        op->status = GNTST_bad_gntref;
        return;
    }
    if (active_entry(t, op->ref_a)->pin || active_entry(t, op->ref_b)->pin) {
        op->status = GNTST_eagain;
        return;
    }
    a = shared_entry(t, op->ref_a);
    b = shared_entry(t, op->ref_b);
    was_a = *a;
    *a = *b;
    *b = was_a;
    op->status = GNTST_okay;
}

/* GNTST_* */
static int table_of(domid_t domid, struct domain **d)
{
    int rc = target_domain(domid, d);

    if (rc)
        return rc == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
    return (*d)->grants ? GNTST_okay : GNTST_bad_domain;
}

/* With points where others may run. GNTST_* or -ERESTART. */
static __may_switch int grow_slowly(struct domain *d, uint32_t nr_frames)
{
    while (d->grants->nr_frames < nr_frames) {
        if (!grow_by_one(d))
            return GNTST_general_error;
        if (effort_spent() && pause_point())
            return -ERESTART;
    }
    return GNTST_okay;
}

static int list_frames(const struct domain *d, const struct gnttab_setup_table *op)
{
    spend(op->nr_frames * 3);
    for (uint32_t i = 0; i < op->nr_frames; i++) {
        xen_pfn_t mfn = virt_to_mfn(d->grants->shared[i]);

        (void)copy_to_guest(op->frame_list + i, &mfn, sizeof(mfn)); /* as Xen: that is the caller's loss */
    }
    return GNTST_okay;
}

static __may_switch int setup_table(const struct gnttab_setup_table *op)
{
    struct domain *d;
    int rc;

    if (op->nr_frames > MAX_GRANT_FRAMES)
        return GNTST_general_error;
    rc = table_of(op->dom, &d);
    if (rc)
        return rc;
    if (!d->grants->version)
        d->grants->version = 1;
    hold_domain(d); /* others may run while its table grows */
    rc = grow_slowly(d, op->nr_frames) ?: list_frames(d, op);
    release_domain(d);
    return rc;
}

static __may_switch long do_setup_table(void *arg)
{
    struct gnttab_setup_table op;
    int rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = setup_table(&op);
    if (rc == -ERESTART)
        return restart_call(__HYPERVISOR_grant_table_op, 0, 0, 0, 0);
    op.status = rc;
    return copy_to_guest(arg, &op, sizeof(op));
}

static long query_size(void *arg)
{
    struct gnttab_query_size op;
    struct domain *d;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    op.status = table_of(op.dom, &d);
    if (!op.status) {
        op.nr_frames = d->grants->nr_frames;
        op.max_nr_frames = MAX_GRANT_FRAMES;
    }
    return copy_to_guest(arg, &op, sizeof(op));
}

/* There is only version 1. A kernel that asks for 2 is answered as by hypervisors before that: it takes 1. */
static long set_version(void *arg)
{
    struct gnttab_set_version op;
    long rc = 0;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.version == 2)
        return -ENOSYS;
    if (op.version == 1)
        this_cpu.domain->grants->version = 1;
    else
        rc = -EINVAL;
    op.version = this_cpu.domain->grants->version;
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : rc;
}

static long get_version(void *arg)
{
    struct gnttab_get_version op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    rc = target_domain(op.dom, &d);
    if (rc)
        return rc;
    op.version = d->grants ? d->grants->version : 0;
    return copy_to_guest(arg, &op, sizeof(op));
}

/* Version 1 has no status frames: 0 of them are there. */
static long get_status_frames(void *arg)
{
    struct gnttab_get_status_frames op;
    struct domain *d;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    op.status = table_of(op.dom, &d);
    if (!op.status && op.nr_frames)
        op.status = GNTST_general_error;
    return copy_to_guest(arg, &op, sizeof(op));
}

/* --- Audit */

static bool mapping_ok(const struct domain *d, const struct mapping *m)
{
    const struct active *a;

    if (!audit_knows_domain(m->granter) || !m->granter->grants || !ref_ok(m->granter->grants, m->ref) ||
        !(m->flags & (GNTMAP_host_map | GNTMAP_device_map)))
        return false;
    a = active_entry(m->granter->grants, m->ref);
    return a->pin && a->domid == d->domain_id;
}

/* A mapping's page-table entry has been counted with its table. */
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

/* An array of operations, each with a status of its own. */
#define EACH(cmd, type, function)                                                              \
    do {                                                                                       \
        struct type op, *at = arg;                                                             \
                                                                                               \
        if (!guest_array_ok(arg, count, sizeof(op)))                                           \
            return -EFAULT;                                                                    \
        while (count) {                                                                        \
            if (copy_from_guest(&op, at, sizeof(op)))                                          \
                return -EFAULT;                                                                \
            function(&op);                                                                     \
            if (copy_to_guest(at, &op, sizeof(op)))                                            \
                return -EFAULT;                                                                \
            at++;                                                                              \
            if (--count && pause_point())                                                      \
                return restart_call(__HYPERVISOR_grant_table_op, 3, cmd, (uint32_t)at, count); \
        }                                                                                      \
        return 0;                                                                              \
    } while (0)

static __attribute__((noinline)) __may_switch long map_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_map_grant_ref, gnttab_map_grant_ref, map_grant_ref);
}

static __attribute__((noinline)) __may_switch long unmap_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_unmap_grant_ref, gnttab_unmap_grant_ref, unmap_grant_ref);
}

static __attribute__((noinline)) __may_switch long replace_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_unmap_and_replace, gnttab_unmap_and_replace, unmap_and_replace);
}

static __attribute__((noinline)) __may_switch long transfer_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_transfer, gnttab_transfer, transfer);
}

static __attribute__((noinline)) __may_switch long copy_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_copy, gnttab_copy, copy);
}

static __attribute__((noinline)) __may_switch long swap_all(void *arg, uint32_t count)
{
    EACH(GNTTABOP_swap_grant_ref, gnttab_swap_grant_ref, swap_refs);
}

long do_grant_table_op(uint32_t cmd, void *arg, uint32_t count)
{
    if ((int32_t)count < 0)
        return -EINVAL;
    switch (cmd) {
    case GNTTABOP_map_grant_ref:
        return map_all(arg, count);
    case GNTTABOP_unmap_grant_ref:
        return unmap_all(arg, count);
    case GNTTABOP_unmap_and_replace:
        return replace_all(arg, count);
    case GNTTABOP_transfer:
        return transfer_all(arg, count);
    case GNTTABOP_copy:
        return copy_all(arg, count);
    case GNTTABOP_swap_grant_ref:
        return swap_all(arg, count);
    case GNTTABOP_setup_table:
        return count == 1 ? do_setup_table(arg) : -EINVAL;
    case GNTTABOP_query_size:
        return count == 1 ? query_size(arg) : -EINVAL;
    case GNTTABOP_get_status_frames:
        return count == 1 ? get_status_frames(arg) : -EINVAL;
    case GNTTABOP_set_version:
        return set_version(arg);
    case GNTTABOP_get_version:
        return get_version(arg);
    default: /* dump_table included */
        return -ENOSYS;
    }
}
