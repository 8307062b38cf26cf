/* SPDX-License-Identifier: MIT */
/* Owner, references and type of machine frames: asm/mm.h, docs/memory.md. */
#include <asm/device_access.h>
#include <asm/frames.h>
#include <asm/processor.h>
#include <asm/page_tables.h>
#include <asm/descriptors.h>
#include <xen/counters.h>

void flush_tlb_now(void)
{
    this_cpu.work &= ~WORK_FLUSH;
    this_cpu.tlb_clock++;
    COUNT(tlb_flush_full);
    write_cr3(read_cr3());
}

void flush_page_now(uint32_t va)
{
    COUNT(tlb_flush_page);
    invlpg(va);
}

bool get_page(struct page_info *page, struct domain *d)
{
    if (page->owner != d)
        return false;
    page->count++;
    return true;
}

void put_page(struct page_info *page)
{
    drop_count(page);
}

/* The last reference is gone. This is the only place where a frame becomes free. */
void free_page(struct page_info *page)
{
    mfn_t mfn = page_to_mfn(page);

    BUG_ON(page->type_info >= PGT_one);
    if (page->owner->is_dying) { /* while a domain lives, clearing its secrets is its own task */
        spend(PAGE_SIZE / 64);
        clear_page(map_copy_source(mfn));
    }
    page->owner->tot_pages--;
    page->owner = NULL;
    page->type_info = PGT_none;
    page->stamp = this_cpu.tlb_clock;
    mpt_rw[mfn] = INVALID_M2P_ENTRY;
    free_dom_frame(mfn);
}

/* The end of a domain looks for its frames between these two only, however large the machine is. */
static inline void note_frame(struct domain *d, mfn_t mfn)
{
    if (unlikely(mfn < d->frames_from))
        d->frames_from = mfn;
    if (mfn > d->frames_to)
        d->frames_to = mfn;
}

void assign_page(struct domain *d, mfn_t mfn)
{
    struct page_info *page = mfn_to_page(mfn);

    /* Its former owner may still reach it through the TLB. */
    if (page->stamp == this_cpu.tlb_clock)
        flush_tlb_now();
    page->type_info = PGT_none;
    page->owner = d;
    barrier();
    page->count = PGC_allocated | 1;
    d->tot_pages++;
    note_frame(d, mfn);
}

void share_frame_with(struct domain *d, mfn_t mfn, bool writable)
{
    struct page_info *page = mfn_to_page(mfn);

    /* This use is the hypervisor's own and is never dropped, so that the frame cannot take another type. */
    page->type_info = (writable ? PGT_writable : PGT_none | PGT_validated) | PGT_one;
    page->owner = d;
    barrier();
    page->count = 1;
}

/* Nobody refers to the frame any more. But the TLB may still hold a writable mapping of it, and the heap may use it at
 * once. */
void unshare_frame(mfn_t mfn)
{
    *mfn_to_page(mfn) = (struct page_info){.stamp = this_cpu.tlb_clock};
    flush_tlb_now();
}

/* --- Uses as a type */

/* A frame that is not in use as its old type gets another type. The TLB may still hold a writable mapping of it, or
 * entries from the time when it was a table with other contents. They are flushed here, before anybody looks at the
 * frame's contents, because the hypervisor itself writes to guest addresses, even at every switch (docs/memory.md). */
static void leave_type(const struct page_info *page, uint32_t type)
{
    uint32_t old = page->type_info & PGT_type_mask;

    if (old != (type & PGT_type_mask) && page->stamp == this_cpu.tlb_clock && old != PGT_none)
        flush_tlb_now();
}

int get_page_type(struct page_info *page, uint32_t type)
{
    if (page->type_info >= PGT_one)
        return use_again(page, type) ? 0 : -EINVAL;
    leave_type(page, type);
    if (type == PGT_seg_desc_page) {
        spend(PAGE_SIZE / 2); /* 512 descriptors, 65 instructions each */
        if (validate_descriptors(page)) {
            page->type_info = PGT_none;
            return -EINVAL;
        }
    }
    page->type_info = type | PGT_one | PGT_validated;
    return 0;
}

void put_page_type(struct page_info *page)
{
    page->type_info -= PGT_one;
    if (page->type_info >= PGT_one)
        return;
    page->stamp = this_cpu.tlb_clock;
    page->type_info &= PGT_type_mask;
}

int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type)
{
    int rc;

    if (!get_page(page, d))
        return -EINVAL;
    rc = get_page_type(page, type);
    if (rc)
        put_page(page);
    return rc;
}

void put_page_and_type(struct page_info *page)
{
    put_page_type(page);
    put_page(page);
}

/* --- The same for page tables */

static __may_switch int validate_table(struct page_info *page, uint32_t type)
{
    switch (type & PGT_type_mask) {
    case PGT_l1_page_table:
        spend(L1_ENTRIES * 2);
        return validate_l1(page);
    case PGT_l2_page_table:
        return validate_l2(page, type & PGT_pae_xen_l2);
    default:
        return validate_l3(page);
    }
}

static __may_switch void invalidate_table(struct page_info *page, uint32_t type)
{
    switch (type & PGT_type_mask) {
    case PGT_l1_page_table:
        invalidate_l1(page);
        spend(L1_ENTRIES * 2);
        break;
    case PGT_l2_page_table:
        invalidate_l2(page, type & PGT_pae_xen_l2);
        break;
    default:
        invalidate_l3(page);
    }
}

int get_table_type(struct page_info *page, uint32_t type)
{
    int rc;

    if (page->type_info >= PGT_one)
        return use_again(page, type) ? 0 : -EINVAL;
    leave_type(page, type);
    page->type_info = type | PGT_one;
    rc = validate_table(page, type);
    if (rc) {
        page->stamp = this_cpu.tlb_clock; /* in an L2, linear was in the place of the stamp */
        page->type_info = PGT_none;
    } else
        page->type_info |= PGT_validated;
    return rc;
}

void put_table_type(struct page_info *page)
{
    uint32_t type = page->type_info & (PGT_type_mask | PGT_pae_xen_l2);

    if (page->type_info >= 2 * PGT_one) {
        page->type_info -= PGT_one;
        return;
    }
    page->type_info = type | PGT_one; /* not validated: nobody else may use it as a table from now on */
    invalidate_table(page, type);
    page->stamp = this_cpu.tlb_clock;
    page->type_info = type & PGT_type_mask;
}

int get_page_and_table(struct page_info *page, struct domain *d, uint32_t type)
{
    int rc;

    if (!get_page(page, d))
        return -EINVAL;
    rc = get_table_type(page, type);
    if (rc)
        put_page(page);
    return rc;
}

void put_page_and_table(struct page_info *page)
{
    put_table_type(page);
    put_page(page);
}

/* --- The owner's own claims: a pin, and the reference with which it was given the frame */

int pin_table(struct page_info *page, struct domain *d, uint32_t type)
{
    int rc = get_page_and_table(page, d, type);

    if (rc)
        return refuse_use(rc, page_to_mfn(page));
    if (page->type_info & PGT_pinned) {
        put_page_and_table(page);
        return refuse(REFUSED_frame_pinned, -EINVAL, page_to_mfn(page), PGT_none);
    }
    page->type_info |= PGT_pinned;
    return 0;
}

void relinquish_page(struct page_info *page)
{
    unpin_table(page);
    if (page->count & PGC_allocated) {
        page->count &= ~PGC_allocated;
        put_page(page);
    }
}

void give_up_page(struct page_info *page)
{
    if (likely(page->count == (PGC_allocated | 1))) { /* so it is in no use either */
        page->count = 0;
        free_page(page);
        return;
    }
    hold_page(page);
    relinquish_page(page);
    put_page(page);
}

/* --- Between two owners */

bool steal_page(struct page_info *page, struct domain *d)
{
    if (page->owner != d || page->count != (PGC_allocated | 1) || page->type_info >= PGT_one)
        return false;
    page->count = 0;
    page->owner = NULL;
    return true;
}

void return_page(struct page_info *page, struct domain *d)
{
    page->owner = d;
    barrier();
    page->count = PGC_allocated | 1;
}

void link_frame(mfn_t mfn, mfn_t next)
{
    mfn_to_page(mfn)->type_info = next;
}

mfn_t unlink_frame(mfn_t mfn)
{
    mfn_t next = mfn_to_page(mfn)->type_info;

    mfn_to_page(mfn)->type_info = PGT_none;
    return next;
}

struct frame_range read_only_frames[MAX_READ_ONLY_RANGES];
uint32_t nr_read_only_ranges;

static bool is_read_only(mfn_t mfn)
{
    spend(nr_read_only_ranges / 4);
    for (uint32_t i = 0; i < nr_read_only_ranges; i++)
        if (mfn - read_only_frames[i].first < read_only_frames[i].n)
            return true;
    return false;
}

/* L1 entries that are not plain mappings of the domain's own RAM: I/O space, foreign frames, and all that must be
 * refused. */
int get_page_from_l1e_slow(pte_t e, struct domain *l1_owner, struct domain *pg_owner)
{
    struct page_info *page;
    mfn_t mfn;
    int rc;

    if (e.lo & _PAGE_GLOBAL)
        return -EINVAL;
    if (!pte_to_frame(e, &mfn))
        return -EINVAL;
    if (mfn >= max_page || mfn_to_page(mfn)->owner == dom_io) {
        if (mfn == INVALID_MFN)
            return -EINVAL;
        if (pg_owner == dom_io)
            pg_owner = this_cpu.domain;
        if (!frame_permitted(pg_owner, mfn) || !frame_permitted(l1_owner, mfn))
            return -EPERM;
        l1_owner->arch.maps_io = true;
        return e.lo & _PAGE_RW && is_read_only(mfn) ? MAP_READ_ONLY : 0;
    }
    if (e.lo & CACHE_FLAGS)
        return -EINVAL;

    page = mfn_to_page(mfn);
    if (page->owner != pg_owner) {
        /* A privileged pg_owner also gives access to the frames of other domains, but only in tables that are not its
         * own. */
        if (!page->owner || pg_owner == l1_owner || !pg_owner->is_privileged)
            return -EBUSY;
    }
    if (e.lo & _PAGE_RW) {
        rc = get_writable(page);
        if (rc)
            return rc;
    }
    page->count++;
    return 0;
}

void put_page_from_l1e_slow(pte_t e, struct domain *l1_owner)
{
    struct page_info *page = mfn_to_page(pte_mfn((pte_t){.lo = e.lo, .hi = e.hi & ~nx_mask_hi}));

    if (page->owner == dom_io)
        return;
    if (e.lo & _PAGE_RW)
        put_writable(page);
    else if ((page->type_info & PGT_type_mask) == PGT_seg_desc_page && page->owner == l1_owner)
        unmap_ldt_of(l1_owner); /* the LDT may have been found through this mapping: look it up again at its next use */
    drop_count(page);
}
