/* SPDX-License-Identifier: MIT */
/*
 * uint32_t gate(const struct call *c, uint64_t *ticks): a hypercall, as from the gate in ring 1 on, on the vCPU's stack.
 * The processor would push five words; an IRET that stays in its ring takes only three of them.
 *
 * The stack pointer of the caller, and where the ticks go, wait in memory: all registers are the call's. Other lines
 * than the hypervisor's are used by that, so that they are warm in a cold call.
 */
        .text
        .globl  gate
gate:   push    %ebx
        push    %esi
        push    %edi
        push    %ebp
        mov     20(%esp), %ebp
        mov     0(%ebp), %eax
        mov     %eax, gate_entry
        mov     %esp, gate_caller
        mov     gate_stack, %esp
        mov     4(%ebp), %ebx
        mov     12(%ebp), %edx
        mov     %edx, gate_edx
        mov     16(%ebp), %esi
        mov     20(%ebp), %edi
        mov     8(%ebp), %ebp
        mfence
        lfence
        rdtsc
        lfence
        mov     %eax, gate_began
        mov     %edx, gate_began + 4
        mov     gate_edx, %edx
        mov     %ebp, %ecx
        mov     $0x12345678, %ebp
        push    %ss
        push    gate_caller
        pushf
        push    %cs
        push    $1f
        jmp     *gate_entry
1:      mov     gate_caller, %esp
        mov     %eax, gate_result
        mov     %edx, gate_edx
        mov     %ecx, gate_ecx
        lfence
        rdtsc
        lfence
        sub     gate_began, %eax
        sbb     gate_began + 4, %edx
        mov     24(%esp), %ecx
        mov     %eax, 0(%ecx)
        mov     %edx, 4(%ecx)
        mov     20(%esp), %eax          /* each argument is still in its register */
        mov     gate_ecx, %ecx
        mov     gate_edx, %edx
        cmp     4(%eax), %ebx
        jne     2f
        cmp     8(%eax), %ecx
        jne     2f
        cmp     12(%eax), %edx
        jne     2f
        cmp     16(%eax), %esi
        jne     2f
        cmp     20(%eax), %edi
        jne     2f
        cmp     $0x12345678, %ebp
        je      3f
2:      incl    gate_clobbered
3:      mov     gate_result, %eax
        pop     %ebp
        pop     %edi
        pop     %esi
        pop     %ebx
        ret

        .globl  gate_iret
        .p2align 4
gate_iret:
        iret

        .bss
        .balign 64
        .globl  gate_stack, gate_clobbered
gate_stack:     .skip 4
gate_clobbered: .skip 4
gate_entry:     .skip 4
gate_caller:    .skip 4
gate_result:    .skip 4
gate_edx:       .skip 4
gate_ecx:       .skip 4
gate_began:     .skip 8

        .section .note.GNU-stack, "", @progbits
