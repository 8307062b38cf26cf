/* SPDX-License-Identifier: MIT */
/* The assembly's flush_tlb_now() and flush_page_now() (mm/frames.c): no C, so clang-format stays away. */
/* clang-format off */
#ifndef ASM_FLUSH_H
#define ASM_FLUSH_H

#include <asm/asm.h>

/* Where no flush can be due, so that WORK_FLUSH is clear: in a call of its own that has called no C but for an old
 * entry's frame. */
.macro FLUSH_TLB scratch
        COUNT(tlb_flush_full)
        incl    CPU(tlb_clock)
        mov     %cr3, \scratch
        mov     \scratch, %cr3
.endm

/* \address: below the hypervisor. */
.macro FLUSH_PAGE address
        COUNT(tlb_flush_page)
        invlpg  HV((\address))
.endm

#endif
