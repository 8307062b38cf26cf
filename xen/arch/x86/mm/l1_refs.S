/* SPDX-License-Identifier: MIT */
/*
 * Takes and drops the references of a whole L1 table. Pinning and unpinning mostly consist of this. Plain mappings of
 * the owner's own RAM are done here. At any other entry the loop stops, and page_tables.c does that entry with the
 * functions of frames.h, which follow the same rules. Most entries of most tables are absent, so they are skipped
 * sixteen at a time.
 *
 *      uint32_t take_l1_refs(pte_t *table, uint32_t index, struct domain *d)
 *      uint32_t drop_l1_refs(pte_t *table, uint32_t index, struct domain *d)
 *
 * The arguments are in EAX, EDX and ECX, as in C. The result is the index of the first entry that was not done, or
 * L1_ENTRIES.
 *
 *      EDI  entry      EBX  end of the table      EDX  the domain
 *      EAX, ECX  the entry's words, then EAX frame * 16
 */
#include <asm/table_loop.h>

        .text

.macro ENTER_LOOP
        push    %ebx
        push    %edi
        lea     L1_ENTRIES * 8(%eax), %ebx
        lea     (%eax,%edx,8), %edi
        mov     %ecx, %edx
.endm

/* EDI: the entry at which the loop has ended. */
l1_refs_end:
        mov     %edi, %eax
        sub     %ebx, %eax
        sar     $3, %eax
        add     $L1_ENTRIES, %eax
        pop     %edi
        pop     %ebx
        ret

.macro TAKE offset
        mov     HV(\offset(%edi)), %eax
        test    $_PAGE_PRESENT | _PAGE_RW, %al
        jnp     .Lone\@                         # just one of the two: odd parity
        jz      .Lnext\@
        FRAME_OF_ENTRY \offset, L1_REFUSED, .Lstop\@
        TAKE_WRITABLE_USE .Lstop\@, .Ltoo_many\@, %eax
        incl    FRAME_AT(%eax, count)
.Lnext\@:
        .subsection 1
.Lone\@:
        test    $_PAGE_PRESENT, %al
        jz      .Lnext\@
        FRAME_OF_ENTRY \offset, L1_REFUSED, .Lstop\@    # a read-only mapping
        incl    FRAME_AT(%eax, count)
        jmp     .Lnext\@
.Ltoo_many\@:
        subl    $PGT_ONE, FRAME_AT(%eax, type_info)     # C finds the overflow, too, and refuses
.Lstop\@:
        add     $\offset, %edi
        jmp     l1_refs_end
        .previous
.endm

ENTRY(take_l1_refs)
        ENTER_LOOP
        ALL_ENTRIES TAKE, l1_refs_end

/*
 * If the domain never mapped I/O space, every present entry of its validated tables names a frame that the frame table
 * has. The counts of the frame go down in the same way, whoever owns it. If the domain has mapped I/O space, \find
 * checks the frame's number and its owner.
 */
#define DROPPED(f) FRAME_AT(%eax, f)            /* EAX: frame * 16 */

.macro VALIDATED_FRAME otherwise
    .ifb \otherwise
        .error "called as OWN_FRAME is"
    .endif
        shrd    $PAGE_SHIFT, %ecx, %eax
        shl     $4, %eax
.endm

.macro OWN_FRAME otherwise
        FIND_OWN_FRAME \otherwise, %eax
.endm

.macro DROP offset, find=VALIDATED_FRAME
        mov     HV(\offset(%edi)), %eax
        test    $_PAGE_PRESENT | _PAGE_RW, %al
        jnp     .Lone\@                         # just one of the two: odd parity
        jz      .Lnext\@
        mov     HV(\offset + 4(%edi)), %ecx
        \find   .Lstop\@
        decl    DROPPED(count)
        jz      .Llast\@
        subl    $PGT_ONE, DROPPED(type_info)
        cmpl    $PGT_ONE, DROPPED(type_info)
        jae     .Lnext\@
        mov     CPU(tlb_clock), %ecx            # the last use as writable is over
        mov     %ecx, DROPPED(stamp)
.Lnext\@:
        .subsection 1
.Lone\@:
        test    $_PAGE_PRESENT, %al
        jz      .Lnext\@
        mov     HV(\offset + 4(%edi)), %ecx     # a read-only mapping
        \find   .Lstop\@
        testb   $PGT_SEG_DESC, DROPPED(type_info)
        jnz     .Lstop\@                        # C looks whether that was the LDT
        decl    DROPPED(count)
        jnz     .Lnext\@
.Llast\@:
        incl    DROPPED(count)                  # the last reference of all: C frees the frame
.Lstop\@:
        add     $\offset, %edi
        jmp     l1_refs_end
        .previous
.endm

.macro DROP_OWN offset
        DROP    \offset, OWN_FRAME
.endm

ENTRY(drop_l1_refs)
        ENTER_LOOP
        cmpb    $0, HV(DOMAIN_maps_io(%edx))
        jne     drop_own
        ALL_ENTRIES DROP, l1_refs_end
drop_own:
        ALL_ENTRIES DROP_OWN, l1_refs_end
