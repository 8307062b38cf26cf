/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts. Each vector pushes a word with its error code and number, then the registers, and goes on
 * in C (do_trap, do_irq); entry.S has the picture of the frame's top. The page fault of a guest kernel, by far the most
 * frequent, is handed to the guest's handler right here.
 */
#include <asm/asm.h>
#include <asm/processor.h>

        .text

/* Exceptions that push no error code of their own. */
.macro TRAP vector
ENTRY(trap_\vector)
        push    $\vector << 16
        jmp     trap_common
.endm

/* Error codes have 16 significant bits: the vector goes above them. */
.macro TRAP_EC vector
ENTRY(trap_\vector)
        movw    $\vector, GUEST_FRAME(1, entry_vector)
        jmp     trap_common
.endm

        TRAP    0
        TRAP    1
        TRAP    2
        TRAP    3
        TRAP    4
        TRAP    5
        TRAP    6
        TRAP    7
        TRAP    9
        TRAP_EC 10
        TRAP_EC 11
        TRAP_EC 12
        TRAP_EC 13
        TRAP    15
        TRAP    16
        TRAP_EC 17
        TRAP    18
        TRAP    19

trap_common:
        SAVE_REGS
        mov     %esp, %eax
        call    do_trap
ENTRY(return_from_trap)
        testb   $3, UREGS_cs(%esp)
        jz      1f
        cmpl    $0, CPU(work)
        jne     exit_work_frame
        jmp     restore_guest
1:      RESTORE_REGS                            # back into the hypervisor
        iret

/*
 * Page fault. If it comes from ring 1 on a flat stack, and the hypervisor has nothing to do itself (no store to a page
 * table, and not in its own region), then build the guest's frame below its ESP (from there up: error code, EIP, CS |
 * saved upcall mask << 16, EFLAGS with IF = events were not masked), and go to its handler. Anything else goes the long
 * way, which does the same in C.
 */
#define PF_FRAME(field)   GUEST_FRAME(4, field)         /* after the error code and three registers */
#define PF_INFO(field)    VCPU_INFO(4, field)
#define NEW_FRAME(field)  HV(UREGS_##field - UREGS_error_code(%edx))
#define NEW_FRAME_SIZE    (UREGS_esp - UREGS_error_code)

ENTRY(trap_14)
        push    %eax
        push    %ecx
        push    %edx
        COUNT(page_faults)
        mov     %cr2, %ecx
        mov     PF_FRAME(cs), %eax
        and     $3, %eax
        dec     %eax
        jnz     page_fault_slow                 # not from ring 1
        mov     PF_FRAME(error_code), %eax
        and     $PFEC_present | PFEC_write | PFEC_reserved, %eax
        cmp     $PFEC_present | PFEC_write, %eax
        jae     page_fault_slow                 # perhaps a page table, or a reserved bit
        cmp     $HYP_START, %ecx
        jae     page_fault_slow                 # perhaps the LDT's window
        mov     CPU(current), %eax
        mov     PF_FRAME(ss), %edx
        cmp     HV(VCPU_flat_ss(%eax)), %edx
        jne     page_fault_slow                 # the stack segment has to be looked up
        mov     PF_FRAME(esp), %edx
        sub     $NEW_FRAME_SIZE, %edx
        cmp     $HYP_START - NEW_FRAME_SIZE, %edx
        ja      page_fault_slow                 # the frame would not lie below the hypervisor
        cmpw    $0, HV(VCPU_traps + TRAP_page_fault * TRAP_SIZE + TRAP_cs(%eax))
        je      page_fault_slow                 # no handler: C ends the guest
        mov     %ecx, PF_INFO(cr2)
        mov     PF_FRAME(error_code), %ecx
        MAY_FAULT page_fault_slow, mov %ecx, NEW_FRAME(error_code)
        mov     PF_FRAME(eip), %ecx
        MAY_FAULT page_fault_slow, mov %ecx, NEW_FRAME(eip)
        movzbl  PF_INFO(upcall_mask), %ecx
        shl     $16, %ecx
        mov     PF_FRAME(cs), %cx
        MAY_FAULT page_fault_slow, mov %ecx, NEW_FRAME(cs)
        mov     PF_FRAME(eflags), %ecx
        testb   $0xFF, PF_INFO(upcall_mask)
        jz      1f
        and     $~X86_EFLAGS_IF, %ecx
1:      MAY_FAULT page_fault_slow, mov %ecx, NEW_FRAME(eflags)
        mov     %edx, PF_FRAME(esp)
        testb   $4, HV(VCPU_traps + TRAP_page_fault * TRAP_SIZE + TRAP_flags(%eax))
        jz      2f
        movb    $1, PF_INFO(upcall_mask)
2:      mov     HV(VCPU_traps + TRAP_page_fault * TRAP_SIZE + TRAP_address(%eax)), %ecx
        mov     %ecx, PF_FRAME(eip)
        movzwl  HV(VCPU_traps + TRAP_page_fault * TRAP_SIZE + TRAP_cs(%eax)), %ecx
        mov     %ecx, PF_FRAME(cs)
        andl    $~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM), PF_FRAME(eflags)
        COUNT(page_faults_bounced)
        pop     %edx
        pop     %ecx
        pop     %eax
        add     $4, %esp
        GUEST_IRET

/* CR2 may have been overwritten by a fault on the guest's stack: then the fault to report is that one, as on Xen. */
page_fault_slow:
        pop     %edx
        pop     %ecx
        pop     %eax
        movw    $TRAP_page_fault, GUEST_FRAME(1, entry_vector)
        jmp     trap_common

/* Interrupts of the two 8259s: vectors 0x20 to 0x2F. */
        .macro IRQ number
ENTRY(irq_\number)
        push    $(FIRST_IRQ_VECTOR + \number) << 16
        jmp     irq_common
        .endm
        .altmacro
        .set i, 0
        .rept NR_IRQS
        IRQ     %i
        .set i, i + 1
        .endr

irq_common:
        SAVE_REGS
        mov     %esp, %eax
        call    do_irq
        jmp     return_from_trap

/* All other vectors: nobody should send them. */
ENTRY(trap_unexpected)
        push    $TRAP_spurious_int << 16
        jmp     trap_common

/* A task of its own (descriptors.c), because the stack itself may be broken. */
ENTRY(double_fault)
        call    do_double_fault

        .section .rodata
        .p2align 4
TABLE(trap_entries)
        .long   trap_0, trap_1, trap_2, trap_3, trap_4, trap_5, trap_6, trap_7, trap_unexpected, trap_9
        .long   trap_10, trap_11, trap_12, trap_13, trap_14, trap_15, trap_16, trap_17, trap_18, trap_19
        .set i, 0
        .altmacro
        .macro IRQ_ENTRY number
        .long   irq_\number
        .endm
TABLE(irq_entries)
        .rept NR_IRQS
        IRQ_ENTRY %i
        .set i, i + 1
        .endr
