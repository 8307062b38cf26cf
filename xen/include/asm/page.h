/* SPDX-License-Identifier: MIT */
/* PAE page-table entries (Intel SDM volume 3, 4.4), the direct map, and the machine-to-physical table. */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include <asm/layout.h>

#define _PAGE_PRESENT  0x001
#define _PAGE_RW       0x002
#define _PAGE_USER     0x004
#define _PAGE_PWT      0x008
#define _PAGE_PCD      0x010
#define _PAGE_ACCESSED 0x020
#define _PAGE_DIRTY    0x040
#define _PAGE_PAT      0x080 /* in an L1 entry */
#define _PAGE_PSE      0x080 /* in an L2 entry */
#define _PAGE_GLOBAL   0x100
#define _PAGE_AVAIL    0xE00
#define _PAGE_NX_HI    0x80000000 /* in the high word */

#define L1_ENTRIES   512
#define L2_ENTRIES   512
#define L3_ENTRIES   4
#define L2_SHIFT     21
#define L3_SHIFT     30
#define L2_HYP_FIRST 428 /* first hypervisor entry of the L2 in slot 3: 0xF5800000 */

#ifndef __ASSEMBLY__

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t mfn_t; /* machine frame number */
typedef uint32_t pfn_t; /* guest's pseudo-physical frame number */
#define INVALID_MFN 0xFFFFFFFFu

/* A page-table entry. 32-bit code works on the halves. Whoever reads a guest's entry makes a copy first. */
typedef union {
    uint64_t raw;
    struct {
        uint32_t lo, hi;
    };
} pte_t;

static inline mfn_t pte_mfn(pte_t e)
{
    return e.lo >> PAGE_SHIFT | (e.hi & ~_PAGE_NX_HI) << (32 - PAGE_SHIFT);
}

/* Bits 32 + 20 and up of an address, NX apart, lie above every frame number that a mfn_t can hold. */
static inline bool pte_frame_fits(pte_t e)
{
    return (e.hi & ~_PAGE_NX_HI) < (1u << PAGE_SHIFT);
}

static inline pte_t make_pte(mfn_t mfn, uint32_t flags)
{
    return (pte_t){.raw = (uint64_t)mfn << PAGE_SHIFT | flags};
}

/* The direct map: the lowest DIRECTMAP_SIZE bytes of machine memory. */
static inline void *mach_to_virt(uint32_t maddr)
{
    return (void *)(maddr + DIRECTMAP_START);
}

static inline uint32_t virt_to_mach(const void *va)
{
    return (uint32_t)va - DIRECTMAP_START;
}

#define virt_to_mfn(va) (virt_to_mach(va) >> PAGE_SHIFT)

#define mpt_ro            ((const uint32_t *)RO_MPT_START)
#define mpt_rw            ((uint32_t *)RDWR_MPT_START)
#define INVALID_M2P_ENTRY 0xFFFFFFFFu /* no guest's frame */

#endif
#endif
