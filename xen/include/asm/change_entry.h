/* SPDX-License-Identifier: MIT */
/*
 * The assembly that changes an L1 entry of the domain's own. Where it stands:
 *              EDI  the entry, in its table's window      EAX, ECX  its new value, low and high
 *              EDX  the domain                            ESI       what differs in the low word, and scratch
 */
/* clang-format off */
#ifndef ASM_CHANGE_ENTRY_H
#define ASM_CHANGE_ENTRY_H

#include <asm/frame_table.h>
#include <asm/page.h>

#define SLOT_LO    HV((%edi))
#define SLOT_HI    HV(4(%edi))

/* EDI: an address. It becomes the L1 entry that maps it, if its L1 table is the remembered one. */
.macro FIND_ENTRY otherwise
        sub     CPU(va_start), %edi
        cmp     CPU(va_size), %edi
        jae     \otherwise
        shr     $PAGE_SHIFT - 3, %edi
        and     $~7, %edi
        add     CPU(va_window), %edi
.endm

/* Stores the entry if it differs in nothing but harmless bits. At \otherwise it does differ in more. */
.macro STORE_IF_HARMLESS otherwise
        mov     SLOT_LO, %esi
        xor     %eax, %esi
        test    $~HARMLESS_BITS, %esi
        jnz     \otherwise
        cmp     SLOT_HI, %ecx
        jne     \otherwise
        mov     %eax, SLOT_LO
.endm

/*
 * Changes one entry that may differ in more than harmless bits; ESI: SLOT_LO XOR EAX. \differs: it does, as
 * STORE_IF_HARMLESS has seen. Falls through when that is done, or does \done, which may stand in several places; or goes
 * to \slow with nothing changed and EDI, EAX, ECX, EDX as they were; or to \put_slow with the entry written, and ECX:EAX
 * the old one, whose references remain to be dropped in C. Keeps EBX, EBP, EDI. What is not mapping stands apart, and a
 * profile shows it as \name_unmap_or_protect.
 */
.macro CHANGE_ENTRY name, slow, put_slow, differs=0, done
        test    $_PAGE_PRESENT, %al
        jz      .Lclear\@
        test    $L1_REFUSED, %eax
        jnz     \slow
        test    %ecx, HV(refused_hi)            # bits above any frame number; NX where there is none
        jnz     \slow
        test    $_PAGE_PRESENT, %esi
        jz      .Lreplace\@

        /* Map: the frame must be the domain's own; for a writable entry it must be of the writable type already. */
        FIND_OWN_FRAME \slow
        test    $_PAGE_RW, %al
        jz      1f
        TAKE_WRITABLE_USE \slow, .Loverflow\@
1:      incl    FRAME(count)
        mov     %ecx, SLOT_HI                   # the entry is not present yet, so no page walk uses it
        mov     %eax, SLOT_LO
.Lchanged\@:
        .subsection 1
\name\()_unmap_or_protect:
.Loverflow\@:
        subl    $PGT_ONE, FRAME(type_info)
        jmp     \slow

        /* Both present: it is mostly RW that changes, and the frame stays. */
.Lreplace\@:
        cmp     SLOT_HI, %ecx
        jne     .Lother\@
        test    $~(HARMLESS_BITS | _PAGE_RW), %esi
        jnz     .Lother\@
    .if !\differs
        test    $_PAGE_RW, %esi
        jz      5f
    .endif
        FIND_OWN_FRAME \slow
        test    $_PAGE_RW, %al
        jz      2f
        TAKE_WRITABLE_USE \slow, .Loverflow\@
        mov     %eax, SLOT_LO
        CHANGE_DONE .Lchanged\@, \done
2:      mov     %eax, SLOT_LO
        DROP_WRITABLE_USE .Lchanged\@, \done

        /* Another frame, or other flags: its references are taken, as for a map, before the old ones are dropped. */
.Lother\@:
        FIND_OWN_FRAME \slow
        test    $_PAGE_RW, %al
        jz      3f
        TAKE_WRITABLE_USE \slow, .Loverflow\@
3:      incl    FRAME(count)
        mov     SLOT_LO, %esi
        cmp     SLOT_HI, %ecx
        jne     4f
        mov     %eax, SLOT_LO
        mov     %esi, %eax
        jmp     .Lold\@
4:      push    SLOT_HI                         # as write_pte(): the processor never sees a mixture
        movl    $0, SLOT_LO
        mov     %ecx, SLOT_HI
        mov     %eax, SLOT_LO
        mov     %esi, %eax
        pop     %ecx
        jmp     .Lold\@

        /* Not present afterwards, and not zero: it may name a frame where no processor would read that (l1tf.h); else C
         * decides. */
.Lnamed\@:
        cmpb    $0, HV(l1tf_vulnerable)
        jne     \slow
        test    $_PAGE_PRESENT, %esi
        jz      5f
        xor     %eax, %esi
        mov     %eax, SLOT_LO
        mov     %esi, %eax
        mov     SLOT_HI, %esi
        mov     %ecx, SLOT_HI
        mov     %esi, %ecx
        mov     %eax, %esi
        jmp     .Lold\@
.Lclear\@:
        test    %eax, %eax
        jnz     .Lnamed\@
        test    %ecx, %ecx
        jnz     .Lnamed\@
        test    $_PAGE_PRESENT, %esi            # the new one is 0, so this is the old one
        jz      5f
        mov     %eax, SLOT_LO
        mov     SLOT_HI, %ecx
        mov     %eax, SLOT_HI
        mov     %esi, %eax
.Lold\@:
        shrd    $PAGE_SHIFT, %ecx, %esi
        cmp     HV(max_page), %esi
        jae     .Lchanged\@                     # I/O: no references
        shl     $4, %esi
        cmp     %edx, FRAME(owner)
        jne     \put_slow
        test    $_PAGE_RW, %al
        jz      6f
        decl    FRAME(count)
        jz      7f
        DROP_WRITABLE_USE .Lchanged\@, \done
7:      incl    FRAME(count)                    # the last reference of all: C frees the frame
        jmp     \put_slow
5:      mov     %ecx, SLOT_HI
        mov     %eax, SLOT_LO
        CHANGE_DONE .Lchanged\@, \done
6:      testb   $PGT_SEG_DESC, FRAME(type_info)
        jnz     \put_slow                       # descriptors: C looks whether that is the LDT
        decl    FRAME(count)
        jz      7b
        CHANGE_DONE .Lchanged\@, \done
        .previous
.endm

/* After CHANGE_ENTRY's \slow: EAX is the result. */
.macro CHANGE_IN_C
        push    %ecx
        mov     %eax, %ecx
        mov     %edx, %eax
        mov     %edi, %edx
        call    mod_l1_words                    # (d, slot, low, high)
        add     $4, %esp
.endm

/* After its \put_slow. */
.macro PUT_OLD_IN_C
        xchg    %eax, %edx
        call    put_old_l1_words                # (d, low, high)
.endm

#endif
