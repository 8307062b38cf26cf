/* SPDX-License-Identifier: MIT */
/*
 * The plain way in and out, as in textbooks and in Xen: save every register, save and load every segment register,
 * dispatch in C, restore everything. It exists to be compared with the tuned one (make ENTRY=plain).
 *
 * From ESP up: the guest's DS, ES, FS and GS (asm-offsets.c), then struct cpu_user_regs up to SS.
 */
#include <asm/asm.h>

        .text

.macro RESTORE_SEGMENT offset, reg
        mov     \offset(%esp), %ecx
.Lload\@:
        MAY_FAULT .Lbad\@, mov %ecx, %\reg
        .pushsection .fixup, "ax"
.Lbad\@:
        xor     %ecx, %ecx                      # null: no segment of the guest's remains
        jmp     .Lload\@
        .popsection
.endm

ENTRY(hypercall)
        push    $HYPERCALL_ENTRY
        SAVE_REGS
        sub     $SEGMENTS_SIZE, %esp
        mov     %ds, SEGMENTS_ds(%esp)
        mov     %es, SEGMENTS_es(%esp)
        mov     %fs, SEGMENTS_fs(%esp)
        mov     %gs, SEGMENTS_gs(%esp)
        mov     $HYP_DS, %ecx
        mov     %ecx, %ds
        mov     %ecx, %es
        mov     %ecx, %fs
        mov     %ecx, %gs
        lea     SEGMENTS_SIZE(%esp), %eax
        call    plain_hypercall
        RESTORE_SEGMENT SEGMENTS_ds, ds
        RESTORE_SEGMENT SEGMENTS_es, es
        RESTORE_SEGMENT SEGMENTS_fs, fs
        RESTORE_SEGMENT SEGMENTS_gs, gs
ENTRY(segments_restored)
        add     $SEGMENTS_SIZE, %esp
        cmpl    $0, CPU(work)
        jne     exit_work_frame
        jmp     restore_guest
