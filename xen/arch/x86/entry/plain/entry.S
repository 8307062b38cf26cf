/*
 * The plain way in and out, as textbooks have it and as Xen did it: save every register, save and load every segment
 * register, dispatch in C, restore everything. It is here to be measured beside the tuned one (make ENTRY=plain).
 *
 *      16(%esp)  struct cpu_user_regs, up to SS
 *      12        guest's GS        4   ES
 *       8        FS                0   DS
 */
#include <asm/asm.h>

        .text

.macro RESTORE_SEGMENT offset, reg
        mov     \offset(%esp), %ecx
.Lload\@:
        mov     %ecx, %\reg
        .pushsection .fixup, "ax"
.Lbad\@: xor    %ecx, %ecx                      # no longer a segment of the guest's: null
        jmp     .Lload\@
        .popsection
        EXTABLE(.Lload\@, .Lbad\@)
.endm

ENTRY(hypercall)
        push    $HYPERCALL_ENTRY
        SAVE_REGS
        sub     $16, %esp
        mov     %ds, (%esp)
        mov     %es, 4(%esp)
        mov     %fs, 8(%esp)
        mov     %gs, 12(%esp)
        mov     $HYP_DS, %ecx
        mov     %ecx, %ds
        mov     %ecx, %es
        mov     %ecx, %fs
        mov     %ecx, %gs
        lea     16(%esp), %eax
        call    plain_hypercall
        RESTORE_SEGMENT 0, ds
        RESTORE_SEGMENT 4, es
        RESTORE_SEGMENT 8, fs
        RESTORE_SEGMENT 12, gs
ENTRY(segments_restored)
        add     $16, %esp
        cmpl    $0, CPU(work)
        jne     exit_work_frame
        jmp     restore_guest
