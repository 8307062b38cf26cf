/* SPDX-License-Identifier: MIT */
/*
 * Every machine frame's owner, references and type: docs/memory.md.
 *
 * A frame has one type at a time and cannot change it while anything relies on it. "Page table" and "writable by a
 * guest" are different types: all isolation between domains rests on that.
 */
#ifndef ASM_MM_H
#define ASM_MM_H

#include <asm/page.h>
#include <asm/window.h>
#include <xen/lib.h>

struct domain;
struct vcpu;

/* 16 bytes, so that four share a cache line and the index is a shift. */
struct page_info {
    uint32_t count;       /* PGC_allocated | number of references */
    uint32_t type_info;   /* PGT_* | count of uses as that type, from bit PGT_count_shift up */
    struct domain *owner; /* NULL: free, or the hypervisor's own. Never NULL while count is not 0 */
    union {
        uint32_t stamp; /* this_cpu.tlb_clock when the type's, or the last, use ended */
        struct {        /* of an L2 table in use, which needs no stamp: linear_pt.c */
            int16_t linear_pt_count;
            uint16_t linear_self;
        };
        uint32_t linear; /* both; 0: it has nothing to do with linear tables */
    };
};
_Static_assert(sizeof(struct page_info) == 16, "indexed by a shift of 4");

_Static_assert(MAX_FRAMES * 16 <= WINDOWS_START - FRAME_TABLE, "the frame table fits its region");
_Static_assert(MAX_FRAMES * 4 <= RO_MPT_END - RO_MPT_START, "and so does the machine-to-physical table");

#define frame_table ((struct page_info *)FRAME_TABLE)
extern mfn_t max_page; /* number of frames in the frame table; RAM above is not used */

static inline struct page_info *mfn_to_page(mfn_t mfn)
{
    return &frame_table[mfn];
}

static inline mfn_t page_to_mfn(const struct page_info *page)
{
    return page - frame_table;
}

#define PGC_allocated 0x80000000u /* the owner's own reference, dropped when it gives the frame back */
#define PGC_count     0x7FFFFFFFu

enum {
    PGT_none,
    PGT_l1_page_table,
    PGT_l2_page_table,
    PGT_l3_page_table,
    PGT_writable_page,
    PGT_seg_desc_page =
        0x20, /* GDT or LDT frame: all its descriptors have been checked. A bit of its own: mmu_fast.S */
};
#define PGT_type_mask  0x27u
#define PGT_pae_xen_l2 0x08u /* an L2 for slot 3, with the hypervisor's entries in it */
#define PGT_validated \
    0x10u /* if it is in use without this bit, its domain's memory_holder is validating it or undoing that */
#define PGT_pinned      0x40u /* one of the uses is a pin */
#define PGT_count_shift 8     /* the flags are a byte of their own: mmu_fast.S */
#define PGT_one         (1u << PGT_count_shift)
#define PGT_flags       (PGT_one - 1)

/* No entry is in the frame table's own frames; what they leave is for references that no entry holds. */
_Static_assert((1u << 31) / 512 > MAX_FRAMES - (MAX_FRAMES * 16 >> PAGE_SHIFT),
               "every page-table entry can hold a reference to one frame");

/* A frame that guests may write to. Needs no validation, so it always counts as validated. */
#define PGT_writable (PGT_writable_page | PGT_validated)

extern struct domain *dom_io;  /* owns what is not RAM (asm/device_access.h) */
extern struct domain *dom_xen; /* owns what the hypervisor shows to guests read-only */

/* Frames of I/O memory that the hypervisor alone writes to. Domains may map them where they may map what is around
 * them, but what is mapped from then on is read-only. dev/msi.c says which they are. */
struct frame_range {
    mfn_t first;
    uint32_t n; /* 0: none */
};
#define MAX_READ_ONLY_RANGES 256
extern struct frame_range read_only_frames[MAX_READ_ONLY_RANGES];
extern uint32_t nr_read_only_ranges; /* those behind are not looked at */

/* References. get_page() fails for a frame that is not d's. A frame is freed when the last reference goes. */
bool get_page(struct page_info *page, struct domain *d);
void put_page(struct page_info *page);

/* Uses as a type. 0 or -EINVAL (another type is in use, or validation failed). What the TLB may still know of the frame
 * is flushed before it is looked at. These are for frames that are written to or hold descriptors; */
int get_page_type(struct page_info *page, uint32_t type);
void put_page_type(struct page_info *page);
int get_page_and_type(struct page_info *page, struct domain *d, uint32_t type);
void put_page_and_type(struct page_info *page);
/* and these for page tables. They are operations on the memory of the frame's owner (xen/operation.h), and may be
 * preempted: callers hold no window. */
__may_switch int get_table_type(struct page_info *page, uint32_t type);
__may_switch void put_table_type(struct page_info *page);
__may_switch int get_page_and_table(struct page_info *page, struct domain *d, uint32_t type);
__may_switch void put_page_and_table(struct page_info *page);

/* A pin is a use as a table, and a reference, that last until the owner takes the pin away. So does the reference with
 * which the frame was given to its owner. -EINVAL: no such table can be made of it, or it is pinned already. */
__may_switch int pin_table(struct page_info *page, struct domain *d, uint32_t type);
/* The owner gives up both. The caller holds a reference of its own; the frame is free when nothing maps it any more. */
__may_switch void relinquish_page(struct page_info *page);
/* The same at the end of a domain, for a caller who holds no reference. */
__may_switch void give_up_page(struct page_info *page);

/* A frame between two owners: it has none, nothing refers to it, and nobody can find it. steal_page() takes it from d,
 * if only d's own reference is left, and it still counts as one of d's; return_page() gives it back with that
 * reference. */
bool steal_page(struct page_info *page, struct domain *d);
void return_page(struct page_info *page, struct domain *d);
/* Such a frame can be in a list. The word with its type then names the next frame, so the type is lost. */
void link_frame(mfn_t mfn, mfn_t next);
mfn_t unlink_frame(mfn_t mfn);

/* A frame of the hypervisor's heap that d may map, writable or only readable (shared_info, console...). */
void share_frame_with(struct domain *d, mfn_t mfn, bool writable);
/* Ends that. To be called before the frame goes back to the heap. */
void unshare_frame(mfn_t mfn);

/* Page allocator of guest frames (common/memory/page_alloc.c). assign_page makes a free frame d's own (count 1 |
 * allocated).
 */
mfn_t alloc_dom_frames(unsigned int order, mfn_t below); /* 2^order contiguous frames under `below`; INVALID_MFN */
void free_dom_frame(mfn_t mfn);
uint32_t free_dom_frames(void); /* how many are free */
void assign_page(struct domain *d, mfn_t mfn);

/* The hypervisor's heap: pages in the direct map, zeroed. NULL when it is used up. */
void *alloc_heap_pages(unsigned int order);
void free_heap_pages(void *va, unsigned int order);
/* To look at free memory without changing anything. */
uint32_t free_dom_frames_from(mfn_t mfn); /* a multiple of 32: a bit for each frame from there up */
bool heap_frame_is_free(mfn_t mfn);       /* in the heap's range */
void heap_range(mfn_t *first, mfn_t *end);
uint32_t free_heap_frames(void);

/* Takes over the finished page tables of a domain that is being built: takes types and references as if the guest
 * itself had pinned the L3. Everything is validated. */
__may_switch int adopt_page_tables(struct vcpu *v, mfn_t l3);

/* Copies v's L3 table to v's L3 copy, to which CR3 points. */
void update_cr3(struct vcpu *v);

/* Gives current another L3 table: 0 or -error. May be preempted while the table is validated. */
__may_switch int new_base_pointer(mfn_t mfn);

/* Flushes at once; request_flush() (xen/sched.h) is for what can wait until guest code runs again. */
void flush_tlb_now(void);
void flush_page_now(uint32_t va);

/* One L1 entry, from validation to write; slot is in an L1 table of d's. 0 or -error, with nothing changed. */
int mod_l1_entry(struct domain *d, pte_t *slot, pte_t new);
/* The L1 entry that maps va in the current address space, in a window, and the frame of its table. NULL: there is none,
 * or (then it is told all the same) it is no L1. */
pte_t *guest_l1_slot(const struct vcpu *v, uint32_t va, mfn_t *table);

/* Whose frames a call is about: DOMID_SELF, DOMID_IO, DOMID_XEN or, for a privileged caller, any domain. NULL: refused.
 */
struct domain *get_pg_owner(uint16_t domid);

/* For dom0_op page_info: 0, -EINVAL, -EFAULT. */
struct int82_op_buffer;
long page_info_op(const struct int82_op_buffer *op);

void init_mm(void);
extern pte_t idle_l2[L2_ENTRIES]; /* boot.S: the L2 that holds the hypervisor's entries, from L2_HYP_FIRST up */
extern pte_t idle_l3[L3_ENTRIES]; /* boot.S: of the idle address space */
extern pte_t vcpu_area_pte[];     /* boot.S: the entries that map the vCPU areas */
extern uint32_t idle_cr3;         /* address space with nothing but the hypervisor */
extern uint32_t nx_mask_hi;       /* _PAGE_NX_HI where the processor has NX, else 0 */

#endif
