/* SPDX-License-Identifier: MIT */
/*
 * mmu_update and update_va_mapping: changes of page-table entries, with validation. docs/memory.md.
 *
 * A batch keeps the last L1 table mapped, so one compare finds the next entry if it is in the same table. If only
 * harmless bits of an entry change, one XOR and one mask find that out. All other updates take the new references
 * first, then write, then drop the old ones. An update that fails has changed nothing.
 */
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/l1tf.h>
#include <asm/page_tables.h>
#include <asm/processor.h>
#include <xen/counters.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>

#define BATCH_CHUNK STEPS_PER_POINT

/* The cost of a request, in the units of spend(). */
#define UPDATE_STEPS 4

/* For mmu_fast.S */
__may_switch int mmu_update_one(uint32_t ptr_lo, uint32_t ptr_hi, uint32_t new_lo, uint32_t new_hi);
__may_switch int mmu_update_in_batch(uint32_t ptr_lo, uint32_t ptr_hi, uint32_t new_lo, uint32_t new_hi);
void mmu_update_again(const mmu_update_t *next, const mmu_update_t *end);
int mod_l1_words(struct domain *d, pte_t *slot, uint32_t lo, uint32_t hi);
void put_old_l1_words(struct domain *d, uint32_t lo, uint32_t hi);
int flush_after_va(uint32_t va, uint32_t flags);

/* Who is updating what. */
struct batch {
    struct domain *pt_owner;   /* of the tables */
    struct domain *pg_owner;   /* of the frames that entries name */
    uint32_t held_lo, held_hi; /* machine address of the L1 table that is mapped */
    pte_t *held; /* its window; NULL: none is mapped. held_lo and held_hi cannot say that, as a guest may pass any
                    address */
};

/* The entry keeps its frame, and only RW changes. So the reference stays, and only the writable use is added or
 * dropped. Returns 1 if this short way does not apply. */
static inline int change_writability(struct domain *d, pte_t *slot, pte_t new)
{
    struct page_info *page;
    mfn_t mfn;

    if (!pte_to_frame(new, &mfn) || mfn >= max_page)
        return 1;
    page = mfn_to_page(mfn);
    if (page->owner != d || (page->type_info & PGT_type_mask) == PGT_seg_desc_page)
        return 1;
    if (new.lo & _PAGE_RW) {
        if (get_writable(page))
            return refuse_l1_entry(-EBUSY, new, d, d, slot);
    } else
        put_writable(page);
    ACCESS_ONCE(slot->lo) = new.lo;
    return 0;
}

/* get_page_from_l1e() has returned this. */
static COLD int not_as_asked(int rc, pte_t new, struct domain *d, struct domain *pg_owner, pte_t *slot)
{
    pte_t old = *slot;

    if (rc != MAP_READ_ONLY)
        return refuse_l1_entry(rc, new, d, pg_owner, slot);
    new.lo &= ~_PAGE_RW;
    write_pte(slot, old, new);
    if (old.lo & _PAGE_PRESENT)
        put_page_from_l1e(old, d);
    return 0;
}

static inline int mod_l1(struct domain *d, struct domain *pg_owner, pte_t *slot, pte_t new)
{
    pte_t old = *slot;
    int rc;

    if (likely(old.hi == new.hi)) {
        uint32_t diff = old.lo ^ new.lo;

        if (!(diff & ~HARMLESS_BITS)) {
            ACCESS_ONCE(slot->lo) = new.lo;
            return 0;
        }
        if (!(diff & ~(HARMLESS_BITS | _PAGE_RW)) && new.lo & _PAGE_PRESENT && !(new.lo &L1_REFUSED) &&
            likely(d == pg_owner)) {
            rc = change_writability(d, slot, new);
            if (likely(rc <= 0))
                return rc;
        }
    }
    if (new.lo & _PAGE_PRESENT) {
        rc = likely(d == pg_owner) ? get_page_from_l1e(new, d) : get_page_from_l1e_slow(new, d, pg_owner);
        if (unlikely(rc))
            return not_as_asked(rc, new, d, pg_owner, slot);
    } else if (unlikely(l1tf_unsafe(new, d)))
        return refuse_l1_entry(-EINVAL, new, d, d, slot);
    write_pte(slot, old, new);
    if (old.lo & _PAGE_PRESENT)
        put_page_from_l1e(old, d);
    return 0;
}

int mod_l1_entry(struct domain *d, pte_t *slot, pte_t new)
{
    return mod_l1(d, d, slot, new);
}

static __may_switch int mod_l2_entry(struct domain *d, struct page_info *page, unsigned int index, pte_t new,
                                     bool preserve_ad)
{
    pte_t *slot = map_l2(page_to_mfn(page)) + index;
    pte_t old = *slot;
    int rc = 0;

    if (page->type_info & PGT_pae_xen_l2 && index >= L2_HYP_FIRST)
        return refuse_entry(REFUSED_entry_of_hypervisor, -EPERM, INVALID_MFN, new.raw, page_to_mfn(page), index);
    if (preserve_ad)
        new.lo |= old.lo &(_PAGE_ACCESSED | _PAGE_DIRTY);
    if (old.hi == new.hi && !((old.lo ^ new.lo) & ~HARMLESS_BITS)) {
        ACCESS_ONCE(slot->lo) = new.lo;
        return 0;
    }
    if (new.lo & _PAGE_PRESENT)
        rc = get_page_from_l2e(new, page); /* may be preempted */
    else if (l1tf_unsafe(new, d))
        rc = -EINVAL;
    if (rc)
        return refuse_table_entry(rc, new, page, index);
    write_pte(map_l2(page_to_mfn(page)) + index, old, new);
    forget_va_table();
    if (unlikely(page->linear)) /* the TLB may hold the entry as one of an L1 (XSA-286) */
        flush_tlb_now();
    if (old.lo & _PAGE_PRESENT)
        put_page_from_l2e(old, page);
    return 0;
}

static __may_switch int mod_l3_entry(struct domain *d, struct page_info *page, unsigned int index, pte_t new)
{
    mfn_t mfn = page_to_mfn(page);
    pte_t old;
    int rc = 0;

    /* Slot 3 holds the hypervisor: it cannot change after the table has been validated. */
    if (index >= 3)
        return refuse_entry(REFUSED_entry_slot_3, -EINVAL, INVALID_MFN, new.raw, mfn, index);
    old = map_l3(mfn)[index];
    if (new.lo & _PAGE_PRESENT)
        rc = get_page_from_l3e(new, index, d); /* may be preempted */
    else if (l1tf_unsafe(new, d))
        rc = -EINVAL;
    if (rc)
        return refuse_table_entry(rc, new, page, index);
    write_pte(map_l3(mfn) + index, old, new);
    sync_l3_copies(d, mfn);
    if (old.lo & _PAGE_PRESENT)
        put_page_from_l3e(old);
    return 0;
}

/* A frame that is not a page table: the guest could as well write to it itself. */
static int write_data_entry(struct page_info *page, pte_t *slot, pte_t new)
{
    if (get_page_type(page, PGT_writable_page))
        return refuse_use(-EINVAL, page_to_mfn(page));
    *slot = new;
    put_page_type(page);
    return 0;
}

/* Updates an L2 or L3. The table keeps its type in the meantime. */
static __may_switch int table_update(struct batch *b, struct page_info *page, unsigned int index, pte_t new,
                                     bool preserve_ad)
{
    int rc;

    b->held = NULL; /* the operation may be preempted */
    hold_table(page);
    if ((page->type_info & PGT_type_mask) == PGT_l2_page_table)
        rc = mod_l2_entry(b->pt_owner, page, index, new, preserve_ad);
    else
        rc = mod_l3_entry(b->pt_owner, page, index, new);
    put_page_and_table(page);
    if (others_wait())
        spend(EFFORT_MAX + 1); /* end the chunk: 64 such updates may concern 2^15 tables */
    return rc;
}

/* An update outside the held table. If it is in an L1 table, this one becomes the held table. */
static __may_switch int normal_update(struct batch *b, pte_t ptr, pte_t new)
{
    bool preserve_ad = (ptr.lo & 7) == MMU_PT_UPDATE_PRESERVE_AD;
    uint32_t offset = ptr.lo & ~PAGE_MASK & ~7u;
    struct page_info *page;
    pte_t *slot;
    mfn_t mfn;

    mfn = ptr.lo >> PAGE_SHIFT | ptr.hi << (32 - PAGE_SHIFT);
    if (ptr.hi >= 1u << PAGE_SHIFT || mfn >= max_page)
        return refuse(REFUSED_update_pointer, -EINVAL, INVALID_MFN, ptr.raw);
    page = mfn_to_page(mfn);
    if (page->owner != b->pt_owner)
        return refuse(REFUSED_update_pointer, -EINVAL, mfn, ptr.raw);
    if (page->type_info < PGT_one) /* it is not in use as its old type, so it may take another */
        return write_data_entry(page, (pte_t *)((char *)map_frame(mfn) + offset), new);

    switch (page->type_info & PGT_type_mask) {
    case PGT_l1_page_table:
        b->held = map_l1(mfn);
        b->held_lo = ptr.lo & PAGE_MASK;
        b->held_hi = ptr.hi;
        slot = (pte_t *)((char *)b->held + offset);
        if (preserve_ad)
            new.lo |= slot->lo &(_PAGE_ACCESSED | _PAGE_DIRTY);
        return mod_l1(b->pt_owner, b->pg_owner, slot, new);
    case PGT_l2_page_table:
    case PGT_l3_page_table:
        return table_update(b, page, offset / sizeof(pte_t), new, preserve_ad);
    default:
        return write_data_entry(page, (pte_t *)((char *)map_frame(mfn) + offset), new);
    }
}

static int machphys_update(struct batch *b, pte_t ptr, pte_t new)
{
    mfn_t mfn = ptr.lo >> PAGE_SHIFT | ptr.hi << (32 - PAGE_SHIFT);

    if (ptr.hi >= 1u << PAGE_SHIFT || mfn >= max_page || mfn_to_page(mfn)->owner != b->pg_owner)
        return refuse(REFUSED_update_pointer, -EINVAL, ptr.hi >= 1u << PAGE_SHIFT ? INVALID_MFN : mfn, ptr.raw);
    mpt_rw[mfn] = new.lo;
    return 0;
}

static __may_switch int other_update(struct batch *b, pte_t ptr, pte_t new)
{
    switch (ptr.lo & 7) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
        return normal_update(b, ptr, new);
    case MMU_MACHPHYS_UPDATE:
        return machphys_update(b, ptr, new);
    default:
        return refuse(REFUSED_update_command, -ENOSYS, INVALID_MFN, ptr.raw);
    }
}

/* The domains that foreigndom names. The low half is the owner of the frames, the high half is the owner of the tables
 * plus 1 (0: the caller). */
static int find_owners(struct batch *b, uint32_t foreigndom)
{
    struct domain *d = this_cpu.domain;

    b->pt_owner = b->pg_owner = d;
    if (foreigndom >> 16) {
        b->pt_owner = domain_by_number((foreigndom >> 16) - 1);
        if (!b->pt_owner)
            return refuse(REFUSED_other_domain, -EINVAL, INVALID_MFN, (foreigndom >> 16) - 1);
        if (b->pt_owner != d && !d->is_privileged)
            return refuse(REFUSED_other_domain, -ESRCH, INVALID_MFN, (foreigndom >> 16) - 1);
    }
    b->pg_owner = get_pg_owner((uint16_t)foreigndom);
    if (!b->pg_owner)
        return -ESRCH;
    hold_domain(b->pt_owner); /* they must not go away when the batch is preempted */
    hold_domain(b->pg_owner);
    return 0;
}

static void release_owners(struct batch *b, uint32_t foreigndom)
{
    if (likely(foreigndom == DOMID_SELF))
        return;
    release_domain(b->pg_owner);
    release_domain(b->pt_owner);
}

/* Updates that mmu_fast.S leaves to C, of the caller's own tables and frames. mmu_fast.S does the flush. */
int mmu_update_one(uint32_t ptr_lo, uint32_t ptr_hi, uint32_t new_lo, uint32_t new_hi)
{
    struct batch b = {.pt_owner = this_cpu.domain, .pg_owner = this_cpu.domain};

    return other_update(&b, (pte_t){.lo = ptr_lo, .hi = ptr_hi}, (pte_t){.lo = new_lo, .hi = new_hi});
}

/* What write_data_entry() does for a frame that is in use as writable anyway. Linux fills the tables of a new process
 * in this way, before it pins them. False: it is another update. */
static inline bool write_data_in_use(pte_t ptr, pte_t new)
{
    mfn_t mfn = ptr.lo >> PAGE_SHIFT | ptr.hi << (32 - PAGE_SHIFT);
    struct page_info *page = mfn_to_page(mfn);

    if ((ptr.lo & 7) != MMU_NORMAL_PT_UPDATE || ptr.hi >= 1u << PAGE_SHIFT || mfn >= max_page ||
        page->owner != this_cpu.domain || (page->type_info & PGT_flags) != PGT_writable || page->type_info < PGT_one)
        return false;
    *(pte_t *)((char *)map_frame(mfn) + (ptr.lo & ~PAGE_MASK)) = new;
    return true;
}

/* The same in a batch. Returns 1 if the update is done, but others should run before the next one. */
int mmu_update_in_batch(uint32_t ptr_lo, uint32_t ptr_hi, uint32_t new_lo, uint32_t new_hi)
{
    int rc;

    if (write_data_in_use((pte_t){.lo = ptr_lo, .hi = ptr_hi}, (pte_t){.lo = new_lo, .hi = new_hi}))
        return 0;
    rc = mmu_update_one(ptr_lo, ptr_hi, new_lo, new_hi);
    return rc ?: effort_spent();
}

int mod_l1_words(struct domain *d, pte_t *slot, uint32_t lo, uint32_t hi)
{
    return mod_l1(d, d, slot, (pte_t){.lo = lo, .hi = hi});
}

void put_old_l1_words(struct domain *d, uint32_t lo, uint32_t hi)
{
    put_page_from_l1e((pte_t){.lo = lo, .hi = hi}, d);
}

/* The guest makes another call for the rest of the batch when it runs again. */
void mmu_update_again(const mmu_update_t *next, const mmu_update_t *end)
{
    (void)restart_call(__HYPERVISOR_mmu_update, 2, (uint32_t)next, (end - next) | MMU_UPDATE_PREEMPTED, 0);
}

/* Carries out the requests up to `end`, or fewer if they take long. *done is the first one that was not carried out. */
static __may_switch int run_chunk(struct batch *b, const mmu_update_t *req, const mmu_update_t *end,
                                  const mmu_update_t **done)
{
    int rc = 0;

    do {
        uint32_t ptr_lo, ptr_hi, new_lo, new_hi;

        FETCH_GUEST_U32(ptr_lo, (const uint32_t *)req + 0, fault);
        FETCH_GUEST_U32(ptr_hi, (const uint32_t *)req + 1, fault);
        FETCH_GUEST_U32(new_lo, (const uint32_t *)req + 2, fault);
        FETCH_GUEST_U32(new_hi, (const uint32_t *)req + 3, fault);
        if (likely(b->held) && likely(!((ptr_lo ^ b->held_lo) & ~0xFF8u)) && likely(ptr_hi == b->held_hi))
            rc = mod_l1(b->pt_owner, b->pg_owner, (pte_t *)((char *)b->held + (ptr_lo & 0xFF8)),
                        (pte_t){.lo = new_lo, .hi = new_hi});
        else
            rc = other_update(b, (pte_t){.lo = ptr_lo, .hi = ptr_hi}, (pte_t){.lo = new_lo, .hi = new_hi});
        if (unlikely(rc))
            break;
    } while (++req != end && !effort_spent());
    *done = req;
    return rc;
fault:
    *done = req;
    return refuse_access();
}

/* Carries out all requests, chunk by chunk. *done is the first one that was not carried out. */
static __may_switch int run_batch(struct batch *b, const mmu_update_t *req, const mmu_update_t *end,
                                  const mmu_update_t **done)
{
    int rc = begin_operation(b->pt_owner);

    *done = req;
    if (unlikely(rc))
        return rc == -ESRCH ? -EINVAL : rc;
    while (*done != end) {
        rc = run_chunk(b, *done, end - *done > BATCH_CHUNK ? *done + BATCH_CHUNK : end, done);
        if (unlikely(rc) || likely(*done == end))
            break;
        b->held = NULL;
        COUNT(mmu_preemptions);
        if (pause_operation(b->pt_owner)) {
            rc = -ERESTART;
            break;
        }
    }
    end_operation();
    return rc;
}

long do_mmu_update(mmu_update_t *reqs, uint32_t count, uint32_t *success, uint32_t foreigndom)
{
    uint32_t before = 0;
    const mmu_update_t *end, *done;
    struct batch b = {.held = NULL};
    int rc;

    if (unlikely(count & MMU_UPDATE_PREEMPTED)) {
        count &= ~MMU_UPDATE_PREEMPTED;
        before = get_done(success);
    } else
        COUNT_BATCH(count);
    if (unlikely(!guest_array_ok(reqs, count, sizeof(*reqs))))
        return refuse_pointer(reqs);
    if (likely(foreigndom == DOMID_SELF))
        b.pt_owner = b.pg_owner = this_cpu.domain;
    else {
        rc = find_owners(&b, foreigndom);
        if (rc == -ESRCH)
            put_done(success, 0);
        if (rc)
            return rc;
    }

    end = reqs + count;
    rc = run_batch(&b, reqs, end, &done);
    release_owners(&b, foreigndom);
    spend((done - reqs) * UPDATE_STEPS);
    COUNT_ADD(mmu_entries, done - reqs);
    put_done(success, before + (done - reqs));
    if (unlikely(rc == -ERESTART))
        mmu_update_again(done, end);
    return rc;
}

/* Walks from the copy of the L3 that CR3 points to. If the L2 entry is a linear one, there is no L1 entry that could be
 * changed. */
pte_t *guest_l1_slot(const struct vcpu *v, uint32_t va, mfn_t *table)
{
    pte_t l3e = v->arch.l3[va >> L3_SHIFT], l2e;

    if (unlikely(va >= HYP_START) || unlikely(!(l3e.lo & _PAGE_PRESENT)))
        return NULL;
    l2e = map_l2(pte_mfn(l3e))[va >> L2_SHIFT & (L2_ENTRIES - 1)];
    if (unlikely(!(l2e.lo & _PAGE_PRESENT)))
        return NULL;
    *table = pte_mfn((pte_t){.lo = l2e.lo, .hi = l2e.hi & ~nx_mask_hi});
    if (unlikely((mfn_to_page(*table)->type_info & PGT_type_mask) != PGT_l1_page_table))
        return NULL;
    return map_l1(*table) + (va >> PAGE_SHIFT & (L1_ENTRIES - 1));
}

pte_t *find_l1_entry_of(uint32_t va)
{
    mfn_t table;
    pte_t *slot = guest_l1_slot(current, va, &table);

    if (slot) {
        this_cpu.va_table.start = va & -(1u << L2_SHIFT);
        this_cpu.va_table.size = 1u << L2_SHIFT;
        this_cpu.va_table.window = (uint32_t)slot & PAGE_MASK;
    }
    return slot;
}

/* Flush types of update_va_mapping. On one CPU the mask of vCPUs makes no difference, but it is read, as on Xen. */
int flush_after_va(uint32_t va, uint32_t flags)
{
    uint32_t mask, type = flags & UVMF_FLUSHTYPE_MASK, vcpus = flags & ~UVMF_FLUSHTYPE_MASK;

    if (type == UVMF_TLB_FLUSH)
        flush_tlb_now();
    else if (type == UVMF_INVLPG && va < HYP_START)
        flush_page_now(va);
    else
        return 0;
    if (vcpus != UVMF_LOCAL && vcpus != UVMF_ALL)
        return copy_from_guest(&mask, (const void *)vcpus, sizeof(mask));
    return 0;
}

static int update_va(uint32_t va, uint32_t lo, uint32_t hi, uint32_t flags, struct domain *pg_owner)
{
    pte_t *slot = l1_entry_of(va);
    int rc;

    if (unlikely(!slot))
        return refuse(REFUSED_no_l1_table, -EINVAL, INVALID_MFN, va);
    rc = mod_l1(this_cpu.domain, pg_owner, slot, (pte_t){.lo = lo, .hi = hi});
    /* A refused update flushes nothing: its address may be anything (XSA-279). */
    if (!rc && flags & UVMF_FLUSHTYPE_MASK)
        rc = flush_after_va(va, flags);
    return rc;
}

long do_update_va_mapping(uint32_t va, uint32_t lo, uint32_t hi, uint32_t flags)
{
    return update_va(va, lo, hi, flags, this_cpu.domain);
}

long do_update_va_mapping_otherdomain(uint32_t va, uint32_t lo, uint32_t hi, uint32_t flags, uint32_t domid)
{
    struct domain *pg_owner = get_pg_owner(domid);

    return pg_owner ? update_va(va, lo, hi, flags, pg_owner) : -ESRCH;
}

#if COUNTERS
/* For mmu_fast.S. */
void count_batch(uint32_t size, uint32_t done);
void count_preemption(void);

void count_batch(uint32_t size, uint32_t done)
{
    COUNT_BATCH(size);
    COUNT_ADD(mmu_entries, done);
}

void count_preemption(void)
{
    COUNT(mmu_preemptions);
}
#endif
