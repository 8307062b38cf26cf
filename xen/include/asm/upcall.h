/* SPDX-License-Identifier: MIT */
/* The way into a guest's event handler, in assembly: no C, so clang-format stays away. */
/* clang-format off */
#ifndef ASM_UPCALL_H
#define ASM_UPCALL_H

#include <asm/asm.h>
#include <asm/processor.h>

#define NEW_FRAME(field)     HV(UREGS_##field - UREGS_eip(%edx))
#define NEW_FRAME_SIZE       (UREGS_esp - UREGS_eip)

/*
 * Enters the handler of a guest kernel that runs on a flat stack: builds the frame as bounce.c's enter() does. From the
 * new ESP up it is EIP, CS, EFLAGS. An event is pending, events are not masked, and there is no other work. There are
 * \pushes on top of the processor's five words; \vcpu is the vCPU. Loses EAX, EDX. At \otherwise nothing has changed.
 */
.macro ENTER_UPCALL pushes, vcpu, otherwise
        mov     GUEST_FRAME(\pushes, cs), %eax
        and     $3, %eax
        dec     %eax
        jnz     \otherwise
        mov     GUEST_FRAME(\pushes, ss), %eax
        cmp     HV(VCPU_flat_ss(\vcpu)), %eax
        jne     \otherwise
        cmpb    $0, HV(VCPU_nmi_pending(\vcpu))
        jne     \otherwise
        cmpw    $0, HV(VCPU_event_callback + ENTRY_cs(\vcpu))
        je      \otherwise
        mov     GUEST_FRAME(\pushes, esp), %edx
        sub     $NEW_FRAME_SIZE, %edx
        cmp     $HYP_START - NEW_FRAME_SIZE, %edx
        ja      \otherwise
        mov     GUEST_FRAME(\pushes, eip), %eax
        MAY_FAULT \otherwise, mov %eax, NEW_FRAME(eip)
        movzwl  GUEST_FRAME(\pushes, cs), %eax
        MAY_FAULT \otherwise, mov %eax, NEW_FRAME(cs)
        mov     GUEST_FRAME(\pushes, eflags), %eax
        MAY_FAULT \otherwise, mov %eax, NEW_FRAME(eflags)
        movzwl  HV(VCPU_event_callback + ENTRY_cs(\vcpu)), %eax
        mov     %eax, GUEST_FRAME(\pushes, cs)
        andl    $~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM), GUEST_FRAME(\pushes, eflags)
        mov     HV(VCPU_event_callback + ENTRY_eip(\vcpu)), %eax
        mov     %eax, GUEST_FRAME(\pushes, eip)
        mov     %edx, GUEST_FRAME(\pushes, esp)
        movb    $1, VCPU_INFO(\pushes, upcall_mask)
        movl    $0, CPU(work)
.endm

#endif
