/* SPDX-License-Identifier: MIT */
/*
 * The way from a test into ptwr_fast.S, as if a page fault had come (bounce_fast.S), and back: iret, which in user mode
 * stays in its ring. The test's C functions take their arguments on the stack, those of the hypervisor in registers.
 */
#include <asm/asm.h>
#include <asm/processor.h>

        .text
/* void run_fault(void): the registers are in `native`, the code is at native_code, the address in native_fault. */
        .globl  run_fault
run_fault:
        push    %ebx
        push    %esi
        push    %edi
        push    %ebp
        mov     %esp, native_stack
        mov     native, %eax
        mov     native + 4, %ecx
        mov     native + 8, %edx
        mov     native + 12, %ebx
        mov     native + 16, %ebp
        mov     native + 20, %esi
        mov     native + 24, %edi
        push    %ss
        push    %esp
        pushl   native + 28
        push    %cs
        pushl   native_code
        push    $PFEC_present | PFEC_write
        push    %eax
        push    %ecx
        push    %edx
        mov     native_fault, %ecx
        jmp     page_table_store

        .macro  by_stack name, fourth
        .globl  by_registers_\name
by_registers_\name:
    .ifnb \fourth
        pushl   4(%esp)
    .endif
        push    %ecx
        push    %edx
        push    %eax
        call    \name
    .ifnb \fourth
        add     $4, %esp
    .endif
        add     $12, %esp
        ret
        .endm
        by_stack ptwr_fault
        by_stack bounce_page_fault
        by_stack find_l1_entry_of
        by_stack map_l1_window
        by_stack put_old_l1_words
        by_stack store_words, 1

        .globl  exit_work, exit_work_frame, guest_iret_fault
exit_work_frame:
        RESTORE_REGS
exit_work:
        incl    exits_with_work
        iret
guest_iret_fault:
        ud2

        .bss
        .balign 4
        .globl  native_fault, exits_with_work
native_fault:
        .skip   4
exits_with_work:
        .skip   4

        .section .note.GNU-stack, "", @progbits
