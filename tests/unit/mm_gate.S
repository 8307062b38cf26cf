/* SPDX-License-Identifier: MIT */
/*
 * The way from a test into the hypervisor's entry stubs and back: what the gate pushes, and where iret leads. In user
 * mode the iret stays in its ring, so it leaves ESP and SS on the stack.
 */
        .text
/* long gate(const void *entry, const uint32_t arguments[5]): regparm(3) */
        .globl  gate
gate:
        push    %ebx
        push    %esi
        push    %edi
        push    %ebp
        push    %edx
        mov     %eax, gate_entry
        mov     0(%edx), %ebx
        mov     4(%edx), %ecx
        mov     12(%edx), %esi
        mov     16(%edx), %edi
        mov     8(%edx), %edx
        mov     $0x12345678, %ebp
        push    %ss
        push    %esp
        pushf
        push    %cs
        push    $1f
        jmp     *gate_entry
1:      add     $8, %esp
        push    %eax
        mov     4(%esp), %eax           /* the arguments: each one is still in its register */
        cmp     0(%eax), %ebx
        jne     2f
        cmp     4(%eax), %ecx
        jne     2f
        cmp     8(%eax), %edx
        jne     2f
        cmp     12(%eax), %esi
        jne     2f
        cmp     16(%eax), %edi
        jne     2f
        cmp     $0x12345678, %ebp
        je      3f
2:      incl    gate_clobbered
3:      pop     %eax
        add     $4, %esp
        pop     %ebp
        pop     %edi
        pop     %esi
        pop     %ebx
        ret

/* Calls C as entry.S does for a call of four arguments. */
        .macro  c_call name
        .globl  hypercall_\name\()_c
hypercall_\name\()_c:
        push    %edx
        push    %ecx
        push    %esi
        mov     %ebx, %eax
        xchg    %ecx, %edx
        call    do_\name
        add     $4, %esp
        pop     %ecx
        pop     %edx
        iret
        .endm
        c_call  mmu_update
        c_call  update_va_mapping
        c_call  mmuext_op

        .globl  exit_work
exit_work:
        iret

        .globl  guest_iret_fault, multicall_entry, multicall_long_result, multicall_chunk_done, multicall_work
        .globl  multicall_fault, multicall_update_va_mapping_c, multicall_mmuext_op_c
guest_iret_fault:
multicall_entry:
multicall_chunk_done:
multicall_work:
multicall_long_result:
multicall_fault:
multicall_update_va_mapping_c:
multicall_mmuext_op_c:
        ud2

        .bss
        .balign 4
gate_entry:
        .skip   4
        .globl  gate_clobbered
gate_clobbered:
        .skip   4

        .section .note.GNU-stack, "", @progbits
