/* SPDX-License-Identifier: MIT */
/* The hot part of asm/mm.h: taking and dropping references without a function call. */
#ifndef ASM_FRAMES_H
#define ASM_FRAMES_H

#include <asm/mm.h>
#include <public/errno.h>
#include <xen/refused.h>
#include <xen/sched.h>

/* Flag bits that may be set in a present L1 entry. PWT, PCD and PAT are refused for RAM. G is always refused, because a
 * global entry would survive the flushes that isolation relies on. */
#define L1_FLAGS    (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_AVAIL)
#define L1_REFUSED  (0xFFFu & ~L1_FLAGS)
#define CACHE_FLAGS (_PAGE_PWT | _PAGE_PCD | _PAGE_PAT)
extern uint32_t refused_hi; /* bits that must be clear in an entry's high word: those above any mfn_t, and NX if the
                               processor does not have it */
/* The bits that may change in an entry without a new validation. A whitelist: XSA-148, 182. */
#define HARMLESS_BITS (_PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_AVAIL)

/* Says why the domain that the operation in progress is about cannot use a frame as it wants (refused.c). Returns the
 * error. */
COLD int refuse_use(int error, mfn_t mfn);
/* An access to a guest's memory has just faulted. Needs no argument, so that hot code keeps none for it. */
COLD int refuse_access(void);
/* The same of a frame that is to be taken away from d. */
COLD int refuse_taking(int error, mfn_t mfn, const struct domain *d);

void free_page(struct page_info *page);
/* As get_page_from_l1e(), for all entries. */
int get_page_from_l1e_slow(pte_t e, struct domain *l1_owner, struct domain *pg_owner);
void put_page_from_l1e_slow(pte_t e, struct domain *l1_owner);

/* Frame of a present entry. False: its high word has refused bits, so that no frame table has such a frame. */
static inline bool pte_to_frame(pte_t e, mfn_t *mfn)
{
    uint32_t hi = e.hi & ~nx_mask_hi;

    *mfn = e.lo >> PAGE_SHIFT | hi << (32 - PAGE_SHIFT);
    return hi < (1u << PAGE_SHIFT);
}

/* Adds a reference to a frame. The frame has one already, or the caller knows that it cannot go away. */
static inline void hold_page(struct page_info *page)
{
    page->count++;
}

/* The same, and adds a use as the table that the frame is. */
static inline void hold_table(struct page_info *page)
{
    page->count++;
    page->type_info += PGT_one;
}

/* One more use of a frame that is in use, as this type. False: not as this one; or it is a table that is not validated,
 * since its domain's memory_holder is validating or undoing it, and the caller is another domain. */
static inline bool use_again(struct page_info *page, uint32_t type)
{
    uint32_t ti = page->type_info;

    if ((ti & (PGT_type_mask | PGT_pae_xen_l2 | PGT_validated)) != (type | PGT_validated) ||
        __builtin_add_overflow(ti, PGT_one, &ti))
        return false;
    page->type_info = ti;
    return true;
}

/* What get_page_and_table() does for such a table of d's in use. False: it is not. */
static inline bool hold_table_in_use(struct page_info *page, struct domain *d, uint32_t type)
{
    if (page->owner != d || !use_again(page, type))
        return false;
    page->count++;
    return true;
}

/* Drops both. */
static inline __may_switch void release_table(struct page_info *page)
{
    if (unlikely(page->type_info < 2 * PGT_one)) {
        put_page_and_table(page);
        return;
    }
    page->type_info -= PGT_one;
    page->count--; /* the other use has a reference, too */
}

/* Undoes pin_table(). False: there is no pin. */
static inline __may_switch bool unpin_table(struct page_info *page)
{
    if (!(page->type_info & PGT_pinned))
        return false;
    page->type_info &= ~PGT_pinned;
    put_page_and_table(page);
    return true;
}

/* Adds a writable mapping. */
static inline int get_writable(struct page_info *page)
{
    uint32_t ti = page->type_info;

    if (likely((ti & PGT_flags) == PGT_writable) && likely(!__builtin_add_overflow(ti, PGT_one, &ti))) {
        page->type_info = ti;
        return 0;
    }
    return get_page_type(page, PGT_writable_page) ? -EBUSY : 0;
}

static inline void put_writable(struct page_info *page)
{
    uint32_t ti = page->type_info - PGT_one;

    page->type_info = ti;
    if (ti < PGT_one)
        page->stamp = this_cpu.tlb_clock;
}

static inline void drop_count(struct page_info *page)
{
    if (unlikely(--page->count == 0))
        free_page(page);
}

/* Takes the references that a present L1 entry of d's stands for. 0, or -error with none taken. MAP_READ_ONLY: they are
 * taken, but the entry must be written without RW. */
#define MAP_READ_ONLY 1
static inline int get_page_from_l1e(pte_t e, struct domain *d)
{
    struct page_info *page;
    mfn_t mfn;

    if (unlikely(e.lo & L1_REFUSED) || unlikely(!pte_to_frame(e, &mfn)) || unlikely(mfn >= max_page))
        return get_page_from_l1e_slow(e, d, d);
    page = mfn_to_page(mfn);
    if (unlikely(page->owner != d))
        return get_page_from_l1e_slow(e, d, d);
    if (e.lo & _PAGE_RW) {
        int rc = get_writable(page);

        if (unlikely(rc))
            return rc;
    }
    hold_page(page);
    return 0;
}

static inline void put_page_from_l1e(pte_t e, struct domain *d)
{
    struct page_info *page;
    mfn_t mfn;

    if (unlikely(!pte_to_frame(e, &mfn)) || unlikely(mfn >= max_page))
        return; /* I/O: no references */
    page = mfn_to_page(mfn);
    if (unlikely(page->owner != d)) {
        put_page_from_l1e_slow(e, d);
        return;
    }
    if (e.lo & _PAGE_RW)
        put_writable(page);
    else if (unlikely((page->type_info & PGT_type_mask) == PGT_seg_desc_page)) {
        put_page_from_l1e_slow(e, d);
        return;
    }
    drop_count(page);
}

/* The L1 entry that maps va in the current address space, in its window. NULL: there is no such L1 table. The table
 * that was looked up last is found again without a walk. */
pte_t *find_l1_entry_of(uint32_t va);
static inline pte_t *l1_entry_of(uint32_t va)
{
    if (likely(va - this_cpu.va_table.start < this_cpu.va_table.size))
        return (pte_t *)this_cpu.va_table.window + (va >> PAGE_SHIFT & (L1_ENTRIES - 1));
    return find_l1_entry_of(va);
}

/* Writes an entry in such a way that the processor never sees a mixture of old and new. */
static inline void write_pte(pte_t *slot, pte_t old, pte_t new)
{
    if (likely(old.hi == new.hi)) {
        ACCESS_ONCE(slot->lo) = new.lo;
        return;
    }
    ACCESS_ONCE(slot->lo) = 0;
    barrier();
    ACCESS_ONCE(slot->hi) = new.hi;
    barrier();
    ACCESS_ONCE(slot->lo) = new.lo;
}

#endif
