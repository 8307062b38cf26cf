/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts. Each vector pushes a word with its error code and number, then the registers, and goes on
 * in C (do_trap, do_irq); entry.S has the picture of the frame's top. Page faults are in bounce_fast.S: most often they
 * are for the guest's handler.
 */
#include <asm/asm.h>
#include <asm/irq_vectors.h>
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
        TRAP    7
        TRAP    9
        TRAP_EC 10
        TRAP_EC 11
        TRAP_EC 12
        TRAP    15
        TRAP    16
        TRAP_EC 17
        TRAP    18
        TRAP    19

/* An exception that most often means an instruction to be carried out for the guest. \emulate(frame): true if it was;
 * otherwise, and if it was the hypervisor's own, do_trap() takes care of it. */
.macro CARRY_OUT emulate
        mov     %esp, %eax
        call    \emulate
        test    %al, %al
        jz      trap_saved
        RESTORE_GUEST
.endm

ENTRY(trap_6)
        push    $TRAP_invalid_op << 16
        SAVE_REGS
        CARRY_OUT emulate_forced_invalid_op

/* The error code of an `int n` names a gate; most often that is for the guest's handler: bounce_fast.S. */
ENTRY(trap_13)
        testb   $ERROR_IDT, GUEST_FRAME(1, error_code)
        jnz     int_n
        .globl  gp_fault, trap_common
gp_fault:
        movw    $TRAP_gp_fault, GUEST_FRAME(1, entry_vector)
        SAVE_REGS
        cmpw    $0, UREGS_error_code(%esp)
        jne     trap_saved
        CARRY_OUT emulate_privileged_op
trap_common:
        SAVE_REGS
trap_saved:
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

/* Interrupts: asm/irq_vectors.h. */
        .macro IRQ number
ENTRY(irq_\number)
        push    $(FIRST_IRQ_VECTOR + \number) << 16
        jmp     irq_common
        .endm
        .altmacro
        .set i, 0
        .rept NR_IRQ_VECTORS
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
        .rept NR_IRQ_VECTORS
        IRQ_ENTRY %i
        .set i, i + 1
        .endr
