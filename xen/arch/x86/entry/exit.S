/* SPDX-License-Identifier: MIT */
/*
 * The long way out: back to a guest with its complete frame (struct cpu_user_regs up to SS) after something else has
 * been done; and the switch from one vCPU's stack to another's.
 */
#include <asm/asm.h>
#include <asm/processor.h>
#include <asm/upcall.h>

        .text

/*
 * Something has to be done before the guest goes on. All its registers are live, and EAX holds the call's result; so
 * the frame is completed here, off the fast path.
 */
ENTRY(exit_work)
        cmpl    $WORK_UPCALL, CPU(work)
        je      upcall
exit_work_slow:
        push    $HYPERCALL_ENTRY
        SAVE_REGS
ENTRY(exit_work_frame)
        mov     %esp, %eax
        call    do_exit_work                    # returns where the frame has to be
        cmp     %eax, %esp
        jne     move_frame
ENTRY(restore_guest)
        RESTORE_REGS
        GUEST_IRET

/* Where a vCPU's first context switch returns to. */
ENTRY(start_guest)
        call    schedule_tail
        jmp     exit_work_frame

/* The vCPU's stack top has moved with its vcpu_info. The frame waits in this_cpu; EAX: its new place. */
move_frame:
        lea     4 * MOVED_FRAME_WORDS(%eax), %esp
        mov     $MOVED_FRAME_WORDS, %ecx
1:      push    HV(this_cpu + CPU_moved_frame - 4(,%ecx,4))
        dec     %ecx
        jnz     1b
        jmp     restore_guest

/*
 * `iret` to the guest faulted: its own CS or SS is to blame. The guest's five words are at the top of the stack, and
 * its registers are live.
 */
ENTRY(guest_iret_fault)
        push    $HYPERCALL_ENTRY
        SAVE_REGS
        mov     %esp, %eax
        call    do_guest_iret_fault
        jmp     exit_work_frame

/* context_switch()'s last step. EAX: where to save this stack pointer; EDX: the one to go on with. */
ENTRY(switch_stacks)
        push    %ebx
        push    %esi
        push    %edi
        push    %ebp
        mov     %esp, %ss:(%eax)
        mov     %edx, %esp
        pop     %ebp
        pop     %edi
        pop     %esi
        pop     %ebx
        ret

/* The only work is an event: the short way, and what it leaves. */
ENTRY(upcall)
        push    %eax
        push    %ecx
        push    %edx
        cmpw    $1, VCPU_INFO(3, upcall_pending)
        jne     upcall_slow
        mov     CPU(current), %ecx
        ENTER_UPCALL 3, %ecx, upcall_slow
        pop     %edx
        pop     %ecx
        pop     %eax
        GUEST_IRET
upcall_slow:
        pop     %edx
        pop     %ecx
        pop     %eax
        jmp     exit_work_slow
