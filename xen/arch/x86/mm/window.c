/* SPDX-License-Identifier: MIT */
/* The map cache: asm/window.h. */
#include <asm/processor.h>
#include <asm/mm.h>
#include <xen/sched.h>

mfn_t window_frame[WIN_SLOTS] = {[0 ... WIN_SLOTS - 1] = INVALID_MFN};
pte_t window_pte[WIN_SLOTS] __aligned(PAGE_SIZE);

uint32_t map_l1_window(mfn_t mfn);

#if COUNTERS
static uint16_t mapped[WIN_SLOTS];
static uint32_t nr_mapped;

/* To be called before the slot is mapped. */
static void note_window(unsigned int slot)
{
    if (window_frame[slot] == INVALID_MFN)
        mapped[nr_mapped++] = slot;
}

void forget_windows(void)
{
    forget_va_table();
    forget_held_table();
    while (nr_mapped) {
        unsigned int slot = mapped[--nr_mapped];

        window_pte[slot].lo = 0;
        window_frame[slot] = INVALID_MFN;
        invlpg(WINDOWS_START + (slot << PAGE_SHIFT));
    }
}
#else
static inline void note_window(unsigned int slot)
{
}
#endif

void *window_refill(unsigned int slot, mfn_t mfn)
{
    uint32_t va = WINDOWS_START + (slot << PAGE_SHIFT);
    pte_t entry = make_pte(mfn, _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL);

    entry.hi |= nx_mask_hi;
    if (va == this_cpu.va_table.window)
        forget_va_table();
    if (va == this_cpu.held.window)
        forget_held_table();
    note_window(slot);
    window_pte[slot].lo = 0; /* so that the entry never is half of one frame's and half of another's */
    barrier();
    window_pte[slot].hi = entry.hi;
    barrier();
    window_pte[slot].lo = entry.lo;
    window_frame[slot] = mfn;
    invlpg(va);
    return (void *)va;
}

/* For mmu_fast.S. */
uint32_t map_l1_window(mfn_t mfn)
{
    return (uint32_t)map_l1(mfn);
}
