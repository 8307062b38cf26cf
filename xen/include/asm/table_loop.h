/* SPDX-License-Identifier: MIT */
/* The loop over a page table's entries, most of which are absent: no C, so clang-format stays away. */
/* clang-format off */
#ifndef ASM_TABLE_LOOP_H
#define ASM_TABLE_LOOP_H

#include <asm/frame_table.h>
#include <asm/page.h>

#define GROUP       128     /* bytes of sixteen entries */

/* Looks at the sixteen entries at EDI; jumps to \none if none is present. If the first one is present, the others are
 * not looked at. */
.macro LOOK_AT_GROUP none
        testb   $_PAGE_PRESENT, HV((%edi))
        jnz     .Lsome\@
        mov     HV(8(%edi)), %eax
        .irp    offset, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
        or      HV(\offset(%edi)), %eax
        .endr
        test    $_PAGE_PRESENT, %al
        jz      \none
.Lsome\@:
.endm

/* Does `\each OFFSET` for all entries from EDI on: one by one until a group begins, then by groups. Goes to \end at
 * EBX, where a group ends. */
.macro ALL_ENTRIES each, end
1:      test    $GROUP - 1, %edi
        jz      5f
        \each   0
        add     $8, %edi
        jmp     1b
2:      LOOK_AT_GROUP 4f
3:      .irp    offset, 0, 8, 16, 24, 32, 40, 48, 56
        \each   \offset
        .endr
        add     $GROUP / 2, %edi
        test    $GROUP / 2, %edi
        jnz     3b
        cmp     %ebx, %edi
        jne     2b
        jmp     \end
4:      add     $GROUP, %edi
5:      cmp     %ebx, %edi
        jne     2b
        jmp     \end
.endm

/* EAX, the low word of the present entry at \offset, becomes its frame * 16, of the domain in EDX. Or it is one that the
 * loop leaves to C. Loses ECX. */
.macro FRAME_OF_ENTRY offset, refused, otherwise
        mov     HV(\offset + 4(%edi)), %ecx
        test    $\refused, %eax
        jnz     \otherwise
        test    %ecx, HV(refused_hi)
        jnz     \otherwise
        FIND_OWN_FRAME \otherwise, %eax
.endm

#endif
