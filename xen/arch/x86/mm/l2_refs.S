/* SPDX-License-Identifier: MIT */
/*
 * Takes and drops the references of the entries of an L2 table that name L1 tables in use: all it takes is a look and
 * two counts. A process has those of its kernel in common with all the others, so most entries are such. At any other
 * entry the loop stops, and page_tables.c does that entry with the functions of frames.h, which follow the same rules.
 *
 *      const pte_t *take_l2_refs(const pte_t *from, const pte_t *end, struct domain *d)
 *      const pte_t *drop_l2_refs(const pte_t *from, const pte_t *end)
 *
 * The arguments are in EAX, EDX and ECX, as in C. The result is the first entry that was not done, or end.
 *
 *      EDI  entry      EBX  end, where a group ends      EDX  the domain
 *      EAX, ECX  the entry's words, then EAX frame * 16
 */
#include <asm/table_loop.h>

        .text

.macro ENTER_LOOP
        push    %ebx
        push    %edi
        mov     %eax, %edi
        mov     %edx, %ebx
        mov     %ecx, %edx
.endm

l2_refs_end:
        mov     %edi, %eax
        pop     %edi
        pop     %ebx
        ret

.macro TAKE offset
        mov     HV(\offset(%edi)), %eax
        test    $_PAGE_PRESENT, %al
        jz      .Lnext\@
        FRAME_OF_ENTRY \offset, L2_REFUSED, .Lstop\@
        mov     FRAME_AT(%eax, type_info), %cl
        and     $~PGT_PINNED, %cl
        cmp     $PGT_L1_VALIDATED, %cl
        jne     .Lstop\@
        addl    $PGT_ONE, FRAME_AT(%eax, type_info)
        jc      .Ltoo_many\@
        incl    FRAME_AT(%eax, count)
.Lnext\@:
        .subsection 1
.Ltoo_many\@:
        subl    $PGT_ONE, FRAME_AT(%eax, type_info)     # C finds the overflow, too, and refuses
.Lstop\@:
        add     $\offset, %edi
        jmp     l2_refs_end
        .previous
.endm

ENTRY(take_l2_refs)
        ENTER_LOOP
        ALL_ENTRIES TAKE, l2_refs_end

/* The frame's number need not be checked again. A last use as a table is C's: the table has to be undone. */
.macro DROP offset
        mov     HV(\offset(%edi)), %eax
        test    $_PAGE_PRESENT, %al
        jz      .Lnext\@
        mov     HV(\offset + 4(%edi)), %ecx
        shrd    $PAGE_SHIFT, %ecx, %eax
        shl     $4, %eax
        cmpl    $2 * PGT_ONE, FRAME_AT(%eax, type_info)
        jb      .Lstop\@
        subl    $PGT_ONE, FRAME_AT(%eax, type_info)
        decl    FRAME_AT(%eax, count)           # the other use has a reference, too
.Lnext\@:
        .subsection 1
.Lstop\@:
        add     $\offset, %edi
        jmp     l2_refs_end
        .previous
.endm

ENTRY(drop_l2_refs)
        ENTER_LOOP
        ALL_ENTRIES DROP, l2_refs_end
