/* SPDX-License-Identifier: MIT */
/* Macros of the assembly that looks frames up and counts their uses: no C, so clang-format stays away. */
/* clang-format off */
#ifndef ASM_FRAME_TABLE_H
#define ASM_FRAME_TABLE_H

#include <asm/asm.h>

#define FRAME_AT(reg, f)  HV(FRAME_TABLE + PAGE_##f(reg))  /* reg: frame number * 16 */
#define FRAME(f)          FRAME_AT(%esi, f)

/* \frame: the frame of \high:\low, if the frame table has it. \frame may be \low. */
.macro FRAME_NUMBER low, high, frame, otherwise
    .ifnc \low, \frame
        mov     \low, \frame
    .endif
        shrd    $PAGE_SHIFT, \high, \frame
        cmp     HV(max_page), \frame
        jae     \otherwise
.endm

/* \frame: frame number * 16 of ECX:EAX, if it is RAM of the domain in EDX. */
.macro FIND_OWN_FRAME otherwise, frame=%esi
        FRAME_NUMBER %eax, %ecx, \frame, \otherwise
        shl     $4, \frame
        cmp     %edx, FRAME_AT(\frame, owner)
        jne     \otherwise
.endm

/* \offset: the window, of those from \first on, in which \frame is mapped, if there is one. */
.macro FIND_WINDOW frame, offset, first, slots, otherwise
        mov     \frame, \offset
        and     $\slots - 1, \offset
        cmp     \frame, HV(window_frame + \first * 4(,\offset,4))
        jne     \otherwise
        shl     $PAGE_SHIFT, \offset
.endm

/* Adds a use of the frame as writable, if it has that type. At \overflow the count has wrapped. */
.macro TAKE_WRITABLE_USE otherwise, overflow, frame=%esi
        cmpb    $PGT_WRITABLE, FRAME_AT(\frame, type_info)
        jne     \otherwise
        addl    $PGT_ONE, FRAME_AT(\frame, type_info)
        jc      \overflow
.endm

/* A change is over: \done, or to \changed if that is not given. */
.macro CHANGE_DONE changed, done
    .ifb \done
        jmp     \changed
    .else
        \done
    .endif
.endm

/* Drops one. Loses EAX. */
.macro DROP_WRITABLE_USE changed, done
        subl    $PGT_ONE, FRAME(type_info)
        cmpl    $PGT_ONE, FRAME(type_info)
        jae     \changed
        mov     CPU(tlb_clock), %eax            # the last use as writable is over
        mov     %eax, FRAME(stamp)
        CHANGE_DONE \changed, \done
.endm

#endif
