/* SPDX-License-Identifier: MIT */
/*
 * iret, with a complete frame at the guest's ESP: EAX, EIP, CS, EFLAGS, and unless it is for ring 1, ESP, SS. Where this
 * gives up, do_iret() of traps.c begins anew. All that it reads of the processor's frame is ESP, which EDX still has.
 *
 *      EDX  the guest's frame      EAX, ECX  anything      the guest's EDX, ECX pushed below the processor's words
 */
#include <asm/asm.h>
#include <asm/processor.h>

#define FRAME(field)  GUEST_FRAME(2, field)
#define WORD(n)       HV(4 * (n)(%edx))

        .text

ENTRY(hypercall_iret)
        push    %edx
        push    %ecx
        mov     FRAME(esp), %edx
        cmp     $HYP_START - 6 * 4, %edx
        ja      iret_slow
        mov     CPU(current), %ecx
        cmpb    $0, HV(VCPU_on_iret(%ecx))
        jne     iret_slow
        MAY_FAULT iret_slow, mov WORD(3), %eax
        test    $X86_EFLAGS_VM, %eax
        jnz     iret_slow
        MAY_FAULT iret_slow, mov WORD(2), %ecx
        test    $3, %cl
        jz      iret_slow                       # ring 0: the guest's end
        mov     %ecx, FRAME(cs)
        test    $2, %cl
        jz      3f
        MAY_FAULT iret_slow, mov WORD(5), %ecx
        mov     %ecx, FRAME(ss)
        MAY_FAULT iret_slow, mov WORD(4), %ecx
1:      mov     %ecx, FRAME(esp)
        MAY_FAULT iret_slow, mov WORD(1), %ecx
        mov     %ecx, FRAME(eip)
        test    $X86_EFLAGS_IF, %eax            # which means here: events are not masked
        setz    VCPU_INFO(2, upcall_mask)
        and     $~(X86_EFLAGS_IOPL | X86_EFLAGS_NT), %eax
        or      $X86_EFLAGS_IF | 2, %eax
        mov     %eax, FRAME(eflags)
        MAY_FAULT iret_slow, mov WORD(0), %eax
        pop     %ecx
        pop     %edx
        cmpb    $0, VCPU_INFO(0, upcall_pending)
        jne     4f
2:      cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

3:      lea     4 * 4(%edx), %ecx               # ring 1: no stack to change
        jmp     1b
4:      cmpb    $0, VCPU_INFO(0, upcall_mask)
        jne     2b
        orl     $WORK_UPCALL, CPU(work)
        jmp     exit_work

iret_slow:
        mov     %edx, FRAME(esp)
        pop     %ecx
        pop     %edx
        jmp     hypercall_iret_c
