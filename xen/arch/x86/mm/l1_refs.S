/* SPDX-License-Identifier: MIT */
/*
 * The references of a whole L1 table, taken and dropped: what pinning and unpinning mostly are. Plain mappings of the
 * owner's own RAM are done here; at anything else the loop stops, and page_tables.c does that entry with the functions
 * of frames.h, which have the same sense.
 *
 *      uint32_t take_l1_refs(pte_t *table, uint32_t index, struct domain *d)
 *      uint32_t drop_l1_refs(pte_t *table, uint32_t index, struct domain *d)
 *
 * EAX, EDX, ECX as C has them; the result is the index of the first entry that was not done, or L1_ENTRIES.
 *
 *      EDI  entry      EBX  end of the table      EDX  the domain      EAX, ECX  the entry's words      ESI  frame * 16
 */
#include <asm/asm.h>
#include <asm/frame_table.h>
#include <asm/page.h>

        .text

.macro ENTER_LOOP
        push    %ebx
        push    %esi
        push    %edi
        lea     L1_ENTRIES * 8(%eax), %ebx
        lea     (%eax,%edx,8), %edi
        mov     %ecx, %edx
        cmp     %ebx, %edi
        jae     9f
.endm

.macro LEAVE_LOOP
9:      mov     %edi, %eax
        sub     %ebx, %eax
        sar     $3, %eax
        add     $L1_ENTRIES, %eax
        pop     %edi
        pop     %esi
        pop     %ebx
        ret
.endm

ENTRY(take_l1_refs)
        ENTER_LOOP
1:      mov     HV((%edi)), %eax
        test    $_PAGE_PRESENT, %al
        jz      3f
        mov     HV(4(%edi)), %ecx
        test    $L1_REFUSED, %eax
        jnz     9f
        test    %ecx, HV(refused_hi)
        jnz     9f
        FIND_OWN_FRAME 9f
        test    $_PAGE_RW, %al
        jz      2f
        TAKE_WRITABLE_USE 9f, 4f
2:      incl    FRAME(count)
3:      add     $8, %edi
        cmp     %ebx, %edi
        jne     1b
        LEAVE_LOOP
4:      subl    $PGT_ONE, FRAME(type_info)      # too many uses: C says so
        jmp     9b

/*
 * The most frequent case of dropping: writable mappings of RAM, or nothing, in a table of a domain that never mapped I/O
 * space. Every present entry names a frame of the frame table then, as it was validated: nothing to compare.
 * Anything else goes on in the careful loop. EAX: frame * 16.
 */
#define DROPPED(f) FRAME_AT(%eax, f)

.macro DROP_WRITABLE offset
        mov     HV(\offset(%edi)), %eax
        test    $_PAGE_PRESENT | _PAGE_RW, %al
        jnp     .Lcareful\@                     # just one of the two: odd parity
        jz      .Lnext\@
        mov     HV(\offset + 4(%edi)), %ecx
        shrd    $PAGE_SHIFT, %ecx, %eax
        shl     $4, %eax
        cmp     %edx, DROPPED(owner)
        jne     .Lcareful\@
        decl    DROPPED(count)
        jz      .Llast\@
        subl    $PGT_ONE, DROPPED(type_info)
        cmpl    $PGT_ONE, DROPPED(type_info)
        jae     .Lnext\@
        mov     CPU(tlb_clock), %ecx            # the last use as writable is over
        mov     %ecx, DROPPED(stamp)
.Lnext\@:
        .subsection 1
.Llast\@:
        incl    DROPPED(count)
.Lcareful\@:
        add     $\offset, %edi
        jmp     drop_carefully
        .previous
.endm

ENTRY(drop_l1_refs)
        ENTER_LOOP
        cmpb    $0, HV(DOMAIN_maps_io(%edx))
        jne     drop_carefully
        test    $31, %edi
        jnz     drop_carefully
1:      DROP_WRITABLE 0
        DROP_WRITABLE 8
        DROP_WRITABLE 16
        DROP_WRITABLE 24
        add     $32, %edi
        cmp     %ebx, %edi
        jne     1b
        jmp     9f

drop_carefully:
1:      mov     HV((%edi)), %eax
        test    $_PAGE_PRESENT, %al
        jz      3f
        mov     HV(4(%edi)), %ecx
        FIND_OWN_FRAME 9f
        test    $_PAGE_RW, %al
        jz      5f
        decl    FRAME(count)
        jz      4f
        subl    $PGT_ONE, FRAME(type_info)
        cmpl    $PGT_ONE, FRAME(type_info)
        jb      6f
3:      add     $8, %edi
        cmp     %ebx, %edi
        jne     1b
        LEAVE_LOOP
4:      incl    FRAME(count)                    # the last reference of all: C frees the frame
        jmp     9b
5:      testb   $PGT_SEG_DESC, FRAME(type_info)
        jnz     9b                              # C looks whether that was the LDT
        decl    FRAME(count)
        jnz     3b
        jmp     4b
6:      mov     CPU(tlb_clock), %ecx            # the last use as writable is over
        mov     %ecx, FRAME(stamp)
        jmp     3b
