/* SPDX-License-Identifier: MIT */
/*
 * Windows: any machine frame, mapped on demand. They are a direct-mapped cache: a frame has one slot in each class,
 * found by its number. If the slot holds the frame already, that costs one compare. The mapping stays until another
 * frame needs the slot. There are classes so that a walk (L3, L2, L1, data) never evicts what it still uses. Use only
 * one mapping of a class at a time. Slots are global pages, so they survive CR3 loads; only the hypervisor, in ring 0,
 * can reach them.
 */
#ifndef ASM_WINDOW_H
#define ASM_WINDOW_H

#include <asm/page.h>

/*
 * L1: L1 tables, and anything that mmu_update writes to. L2, L3: those tables. DATA: everything else. COPY: the source
 * of a copy, when DATA holds its destination.
 */
#define WIN_L1_SLOTS   2048
#define WIN_L2_SLOTS   1024
#define WIN_L3_SLOTS   512
#define WIN_DATA_SLOTS 256
#define WIN_COPY_SLOTS 256
#define WIN_L1_FIRST   0
#define WIN_L2_FIRST   (WIN_L1_FIRST + WIN_L1_SLOTS)
#define WIN_L3_FIRST   (WIN_L2_FIRST + WIN_L2_SLOTS)
#define WIN_DATA_FIRST (WIN_L3_FIRST + WIN_L3_SLOTS)
#define WIN_COPY_FIRST (WIN_DATA_FIRST + WIN_DATA_SLOTS)
#define WIN_SLOTS      (WIN_COPY_FIRST + WIN_COPY_SLOTS)

#ifndef __ASSEMBLY__

_Static_assert(WIN_SLOTS *PAGE_SIZE <= VCPU_AREAS_START - WINDOWS_START, "the windows fit their region");

/* Frame held by each slot, INVALID_MFN for none; and the slots' page-table entries (contiguous, in the direct map). */
extern mfn_t window_frame[WIN_SLOTS];
extern pte_t window_pte[WIN_SLOTS];

/* Maps mfn in slot instead of the frame before. */
void *window_refill(unsigned int slot, mfn_t mfn);

/* After a point where others may run, no window may be used, nor anything else that was looked up before. The build
 * with counters unmaps all windows there, so that such a use faults at once. */
#if COUNTERS
void forget_windows(void);
#else
static inline void forget_windows(void)
{
}
#endif

static inline void *window_slot(unsigned int first, unsigned int slots, mfn_t mfn)
{
    unsigned int slot = first + (mfn & (slots - 1));

    if (__builtin_expect(window_frame[slot] == mfn, 1))
        return (void *)(WINDOWS_START + (slot << PAGE_SHIFT));
    return window_refill(slot, mfn);
}

static inline pte_t *map_l1(mfn_t mfn)
{
    return window_slot(WIN_L1_FIRST, WIN_L1_SLOTS, mfn);
}

static inline pte_t *map_l2(mfn_t mfn)
{
    return window_slot(WIN_L2_FIRST, WIN_L2_SLOTS, mfn);
}

static inline pte_t *map_l3(mfn_t mfn)
{
    return window_slot(WIN_L3_FIRST, WIN_L3_SLOTS, mfn);
}

static inline void *map_frame(mfn_t mfn)
{
    return window_slot(WIN_DATA_FIRST, WIN_DATA_SLOTS, mfn);
}

static inline void *map_copy_source(mfn_t mfn)
{
    return window_slot(WIN_COPY_FIRST, WIN_COPY_SLOTS, mfn);
}

#endif
#endif
