/* SPDX-License-Identifier: MIT */
/* HYPERVISOR_iret by hand: raw.h. Its frame holds EAX, EIP, CS, EFLAGS, and for ring 3 also ESP and SS. */
#include <public/xen.h>

        .macro  ring1_iret name
        .globl  \name
\name:
        pusha
        mov     44(%esp), %esi          /* result */
        mov     36(%esp), %edx          /* eflags */
        mov     40(%esp), %ecx          /* cs */
        mov     $0xb0b0b0b0, %ebx
        mov     $0xb1b1b1b1, %ebp
        mov     %esp, 12(%esi)
        push    %edx
        push    %ecx
        push    $1f
        .endm

        .macro  ring1_arrive
1:      mov     %eax, 0(%esi)
        pushf
        pop     20(%esi)
        mov     %ebx, 4(%esi)
        mov     %ebp, 8(%esi)
        mov     %esp, 16(%esi)
        cld
        popa
        ret
        .endm

        .text
        ring1_iret iret_ring1
        push    $0x600d
        mov     $23, %eax
        int     $0x82
        ud2
        ring1_arrive

        ring1_iret iret_ring1_page
        mov     $0x600d, %eax           /* the stub saves it */
        jmp     hypercall_page + 23 * 32
        ring1_arrive

        .globl  iret_ring3
iret_ring3:
        mov     4(%esp), %ecx
        mov     8(%esp), %edx
        push    $FLAT_USER_SS
        push    %edx
        push    $0x202
        push    $FLAT_USER_CS
        push    %ecx
        push    $0
        mov     $FLAT_USER_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     $23, %eax
        int     $0x82
        ud2

        .section .note.GNU-stack, "", @progbits
