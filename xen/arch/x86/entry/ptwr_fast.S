/* SPDX-License-Identifier: MIT */
/*
 * The stores to page tables that kernels make most often, without the decoder: MOV to half of an entry, XCHG with half
 * of it, CMPXCHG8B, and ANDB and ORB of a constant to its lowest byte. ptwr.c carries out all others, and does the same
 * as this file with these.
 *
 * The segment of the operand is not looked at. The processor has reported a fault at an address, not a #GP, so its
 * limit allows the access; and if this address is the operand's offset, its base is 0. The code segment is the one that
 * was last found flat.
 *
 * If it is certain what the guest would execute next, and that this faults as well, that is carried out in the same
 * exception: the store to the other half of the entry after a MOV, and the second turn of `1: lock cmpxchg8b (%esi);
 * jne 1b` after a first comparison that failed. COMES_NEXT has the conditions. Nobody can come in between, since the
 * hypervisor does not look for interrupts here. If the second store is refused, the guest has its fault there, with all
 * that came before it done.
 *
 * Throughout: EBP  the address of the store      EDI  the entry, in its window
 *             EBX  the instruction from its opcode on, without prefixes
 *             ESI  the address in the guest's code of what follows what has been decoded
 */
#include <asm/change_entry.h>
#include <asm/processor.h>
#include <asm/window.h>

#define PUSHED         8                                /* registers, in PUSHA's order */
#define GUEST(field)   GUEST_FRAME(PUSHED + 1, field)   /* behind the error code, too */
#define GPR(number)    4 * (PUSHED - 1 - (number))(%esp)
#define EAX 0
#define ECX 1
#define EDX 2
#define EBX 3

/* In the place of ESP: the entry that maps the address, only to be compared; or what else must be kept. */
#define KEPT           GPR(4)
/* In the place of the error code: EIP. That of a store to a read-only page from ring 1 is known. */
#define START          4 * PUSHED(%esp)
#define STORE_ERROR    PFEC_present | PFEC_write

#define MAX_INSN       15
#define FLAGS_RESULT   0xC4                             /* SF, ZF, PF: as LAHF shows them */
#define FLAGS_ALL      0x8D5
#define X86_EFLAGS_ZF  0x40

        .section .rodata
/* For each ModRM byte of the forms (reg) and disp8(reg): 4 + where GPR() finds that register. 0 for others, and where
 * the register operand would be ESP. */
plain_operands:
        .set modrm, 0
        .rept 256
        .if modrm >= 0x80 || (modrm & 7) == 4 || (modrm & 0xC7) == 5 || (modrm & 0x38) == 0x20
        .byte   0
        .else
        .byte   4 * (PUSHED - (modrm & 7))
        .endif
        .set modrm, modrm + 1
        .endr

        .text

/* ESI moves behind ModRM and displacement. Loses EAX, ECX. */
.macro OPERAND_IS_THERE otherwise
        movzbl  %bh, %ecx
        movzbl  HV(plain_operands(%ecx)), %eax
        test    %al, %al
        jz      \otherwise
        mov     -4(%esp,%eax), %eax
        add     $2, %esi
        test    $0x40, %cl
        jz      .Lno_displacement\@
        mov     %ebx, %ecx
        shl     $8, %ecx
        sar     $24, %ecx
        add     %ecx, %eax
        inc     %esi
.Lno_displacement\@:
        cmp     %ebp, %eax
        jne     \otherwise
.endm

/* \offset: of GPR() of the register in ModRM's middle field. */
.macro REGISTER_OPERAND offset
        movzbl  %bh, \offset
        shr     $3, \offset
        not     \offset
        and     $7, \offset
.endm

/* A MOV to where the fault was. EAX: its value. */
.macro MOV_STORE otherwise
        OPERAND_IS_THERE \otherwise
        cmp     $0x89, %bl
        jne     .Lconstant\@
        REGISTER_OPERAND %eax
        mov     (%esp,%eax,4), %eax
        jmp     .Lvalue\@
.Lconstant\@:
        test    $0x38, %bh
        jnz     \otherwise
        MAY_FAULT \otherwise, mov HV((%esi)), %eax
        add     $4, %esi
.Lvalue\@:
.endm

/*
 * Whether the guest, if it went on, would execute the instruction from \start (a register; lost) to ESI next, with
 * nothing in between. Work that is due comes first, and a breakpoint of the guest's. It must lie on the page on which
 * the instruction before it has ended: the processor has just executed from that page, and may do so again whatever
 * the store has changed, as nothing has been flushed since. Another page might not be executable, which reading it does
 * not show. There is no single step, as TF is clear. Loses EAX.
 */
.macro COMES_NEXT start, otherwise
        lea     -1(%esi), %eax
        dec     \start
        xor     \start, %eax
        test    $~0xFFF, %eax
        jnz     \otherwise
        cmpl    $0, CPU(work)
        jne     \otherwise
        mov     CPU(current), %eax
        cmpb    $0, HV(VCPU_debugreg + 4 * 7(%eax))
        jne     \otherwise
.endm

/* The registers again: PUSHED words. */
.macro POP_PUSHED
        pop     %edi
        pop     %esi
        pop     %ebp
        add     $4, %esp
        pop     %ebx
        pop     %edx
        pop     %ecx
        pop     %eax
.endm

/* From bounce_fast.S: a store from ring 1 to a page that is mapped read-only. ECX: the address; EAX, ECX, EDX have been
 * pushed. */
ENTRY(page_table_store)
        push    %ebx
        push    %eax
        push    %ebp
        push    %esi
        push    %edi
        mov     %ecx, %ebp
        mov     %ecx, %edi
        FIND_ENTRY find_mapping
.Lmapping:
        mov     %edi, KEPT
        mov     SLOT_LO, %esi
        mov     SLOT_HI, %ecx
        test    $_PAGE_PRESENT, %esi
        jz      store_in_c
        shrd    $PAGE_SHIFT, %ecx, %esi
        cmp     HV(max_page), %esi
        jae     store_in_c
        mov     %esi, %ecx
        shl     $4, %esi
        mov     CPU(domain), %edx
        cmp     %edx, FRAME(owner)
        jne     store_in_c
        mov     FRAME(type_info), %al
        and     $~PGT_PINNED, %al
        cmp     $PGT_L1_VALIDATED, %al
        jne     store_in_c
        FIND_WINDOW %ecx, %edi, WIN_L1_FIRST, WIN_L1_SLOTS, find_window
        add     $WINDOWS_START + WIN_L1_FIRST * PAGE_SIZE, %edi
.Lwindow:
        mov     %ebp, %eax
        and     $0xFF8, %eax
        add     %eax, %edi

        mov     CPU(current), %eax
        movzwl  GUEST(cs), %ecx
        cmp     HV(VCPU_flat_cs(%eax)), %ecx
        jne     store_in_c
        mov     GUEST(eip), %esi
        cmp     $HYP_START - 2 * MAX_INSN, %esi
        ja      store_in_c
        testl   $X86_EFLAGS_TF | X86_EFLAGS_RF, GUEST(eflags)
        jnz     store_in_c
        mov     %esi, START
        MAY_FAULT store_in_c, mov HV((%esi)), %ebx
        cmp     $0x89, %bl
        je      store_mov
        cmp     $0xC7, %bl
        je      store_mov
        cmp     $0x87, %bl
        je      store_xchg
        cmp     $0xF0, %bl
        je      1f
        cmp     $0x3E, %bl                      # what Linux makes of LOCK on one processor
        jne     2f
1:      inc     %esi
        MAY_FAULT store_in_c, mov HV((%esi)), %ebx
2:      cmp     $0x0F, %bl
        je      store_cmpxchg8b
        cmp     $0x80, %bl
        je      store_byte
        jmp     store_in_c

find_mapping:
        mov     %ebp, %eax
        call    find_l1_entry_of
        test    %eax, %eax
        jz      store_in_c
        mov     %eax, %edi
        jmp     .Lmapping

find_window:
        mov     %ecx, %eax
        call    map_l1_window
        mov     %eax, %edi
        jmp     .Lwindow

/* Stores ECX:EAX, with validation. Returns only if that has been done. */
change_entry:
        mov     CPU(domain), %edx
        STORE_IF_HARMLESS .Lchange
        ret
.Lchange:
        CHANGE_ENTRY store, .Lchange_slow, .Lput_slow, differs=1
.Lchanged:
        ret
.Lput_slow:
        PUT_OLD_IN_C
        ret
.Lchange_slow:
        mov     %ebp, %esi
        and     $4, %esi                        # Xen's rule for halves is for plain stores only (ptwr.c)
        cmp     $0x87, %bl
        jne     1f
        xor     %esi, %esi
1:      push    %esi
        mov     %eax, %edx
        mov     %edi, %eax
        call    store_words                     # (slot, low, high, upper half of a MOV)
        add     $4, %esp
        test    %al, %al
        jnz     .Lchanged
        add     $4, %esp                        # change_entry does not return
        jmp     store_refused

store_mov:
        test    $3, %ebp
        jnz     store_in_c
        MOV_STORE store_in_c
.Lstore_half:
        mov     %esi, GUEST(eip)
        test    $4, %ebp
        jnz     1f
        mov     SLOT_HI, %ecx
        jmp     2f
1:      mov     %eax, %ecx
        mov     SLOT_LO, %eax
2:      call    change_entry

        /* The store to the other half: the same opcode and register, and so the same segment. Its base is 0, and
         * above 1 MiB its limit ends with a page. KEPT: the mapping of the table has not changed. Once only. */
        mov     GUEST(eip), %esi
        MAY_FAULT store_done, mov HV((%esi)), %eax
        xor     %ebx, %eax
        test    $0x7FF, %eax
        jnz     store_done
        cmp     KEPT, %edi
        je      store_done
        mov     %edi, KEPT
        xor     %eax, %ebx
        xor     $4, %ebp
        cmp     $1 << 20, %ebp
        jb      store_done
        MOV_STORE store_done
        mov     GUEST(eip), %ecx
        mov     %ecx, START
        mov     %eax, %edx
        COMES_NEXT %ecx, store_done
        mov     %edx, %eax
        jmp     .Lstore_half

store_xchg:
        OPERAND_IS_THERE store_in_c
        test    $3, %ebp
        jnz     store_in_c
        mov     %esi, GUEST(eip)
        REGISTER_OPERAND %edx
        mov     (%esp,%edx,4), %eax
        test    $4, %ebp
        jnz     1f
        mov     SLOT_LO, %ecx
        mov     %ecx, KEPT
        mov     SLOT_HI, %ecx
        jmp     2f
1:      mov     %eax, %ecx
        mov     SLOT_HI, %eax
        mov     %eax, KEPT
        mov     SLOT_LO, %eax
2:      call    change_entry
        REGISTER_OPERAND %eax
        mov     KEPT, %ecx
        mov     %ecx, (%esp,%eax,4)
        jmp     store_done

store_cmpxchg8b:
        inc     %esi
        MAY_FAULT store_in_c, mov HV((%esi)), %ebx
        cmp     $0xC7, %bl
        jne     store_in_c
        mov     %bh, %al
        and     $0x38, %al
        cmp     $1 << 3, %al
        jne     store_in_c
        OPERAND_IS_THERE store_in_c
        test    $7, %ebp
        jnz     store_in_c
        mov     %esi, GUEST(eip)
        mov     SLOT_LO, %eax
        mov     SLOT_HI, %edx
        cmp     GPR(EAX), %eax
        jne     2f
        cmp     GPR(EDX), %edx
        jne     2f
1:      mov     GPR(EBX), %eax
        mov     GPR(ECX), %ecx
        call    change_entry
        orl     $X86_EFLAGS_ZF, GUEST(eflags)
        jmp     store_done
2:      mov     %eax, GPR(EAX)
        mov     %edx, GPR(EDX)
        andl    $~X86_EFLAGS_ZF, GUEST(eflags)
        MAY_FAULT store_done, mov HV((%esi)), %ecx
        cmp     $0x75, %cl                      # JNE, as Linux executes it now
        jne     store_done
        movsbl  %ch, %ecx
        add     $2, %esi
        add     %esi, %ecx
        cmp     START, %ecx
        jne     store_done
        lea     -2(%esi), %ecx
        COMES_NEXT %ecx, store_done
        jmp     1b                              # now they are equal

/* AND or OR of a constant to the lowest byte: they leave CF, OF and AF clear. */
store_byte:
        mov     %bh, %dl
        and     $0xC7, %bh                      # the operand's form alone
        OPERAND_IS_THERE store_in_c
        test    $7, %ebp
        jnz     store_in_c
        MAY_FAULT store_in_c, movb HV((%esi)), %cl
        inc     %esi
        and     $0x38, %dl
        cmp     $4 << 3, %dl
        je      1f
        cmp     $1 << 3, %dl
        jne     store_in_c
        mov     SLOT_LO, %edx
        or      %cl, %dl
        jmp     2f
1:      mov     SLOT_LO, %edx
        and     %cl, %dl
2:      lahf
        mov     %esi, GUEST(eip)
        movzbl  %ah, %eax
        and     $FLAGS_RESULT, %eax
        mov     %eax, KEPT
        mov     %edx, %eax
        mov     SLOT_HI, %ecx
        call    change_entry
        mov     GUEST(eflags), %eax
        and     $~FLAGS_ALL, %eax
        or      KEPT, %eax
        mov     %eax, GUEST(eflags)

store_done:
        COUNT(page_faults_ptwr)
        POP_PUSHED
        add     $4, %esp
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

/* The frame of struct cpu_user_regs, with the address in the place of the error code. */
.macro COMPLETE_FRAME
        mov     %ebp, START
        POP_PUSHED
        SAVE_REGS
        mov     %esp, %eax
        mov     UREGS_error_code(%esp), %edx
        movl    $STORE_ERROR | TRAP_page_fault << 16, UREGS_error_code(%esp)
.endm

/* Another instruction, or what looks like one of these; nothing has changed. */
store_in_c:
        COMPLETE_FRAME
        mov     %edx, %ebx
        call    ptwr_fault
        test    %al, %al
        jz      1f
        COUNT(page_faults_ptwr)
        RESTORE_GUEST
1:      mov     %esp, %eax
        mov     %ebx, %edx
        jmp     2f

/* The fault is the guest's, at the instruction that is at START. */
store_refused:
        mov     START, %eax
        mov     %eax, GUEST(eip)
        COMPLETE_FRAME
2:      call    bounce_page_fault
        RESTORE_GUEST
