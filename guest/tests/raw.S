/* SPDX-License-Identifier: MIT */
/*
 * raw_call(): makes a hypercall with every register as raw_in says, and stores every register afterwards in raw_out. It
 * reaches its own data through SS alone, because DS and the others hold what the test has put there.
 */
        .text
        .globl  raw_call
raw_call:
        pusha
        pushf
        push    %ds
        push    %es
        push    %fs
        push    %gs
        mov     %esp, %ss:raw_esp
        mov     %ss:raw_in + 36, %es
        mov     %ss:raw_in + 40, %fs
        mov     %ss:raw_in + 44, %gs
        mov     %ss:raw_in + 32, %ds
        mov     %ss:raw_in + 4, %ebx
        mov     %ss:raw_in + 8, %ecx
        mov     %ss:raw_in + 12, %edx
        mov     %ss:raw_in + 16, %esi
        mov     %ss:raw_in + 20, %edi
        mov     %ss:raw_in + 24, %ebp
        cmpl    $0, %ss:raw_entry
        jne     1f
        pushl   %ss:raw_in + 28
        popf
        mov     %ss:raw_in + 0, %eax
        .globl  raw_int
raw_int:
        int     $0x82
        jmp     2f
1:      pushl   %ss:raw_in + 28
        popf
        mov     %ss:raw_in + 0, %eax
        call    *%ss:raw_entry
2:      mov     %eax, %ss:raw_out + 0
        pushf
        popl    %ss:raw_out + 28
        mov     %ebx, %ss:raw_out + 4
        mov     %ecx, %ss:raw_out + 8
        mov     %edx, %ss:raw_out + 12
        mov     %esi, %ss:raw_out + 16
        mov     %edi, %ss:raw_out + 20
        mov     %ebp, %ss:raw_out + 24
        mov     %ds, %eax
        mov     %eax, %ss:raw_out + 32
        mov     %es, %eax
        mov     %eax, %ss:raw_out + 36
        mov     %fs, %eax
        mov     %eax, %ss:raw_out + 40
        mov     %gs, %eax
        mov     %eax, %ss:raw_out + 44
        mov     %ss:raw_esp, %esp
        pop     %gs
        pop     %fs
        pop     %es
        pop     %ds
        popf
        popa
        ret

        .bss
        .balign 4
        .globl  raw_in, raw_out, raw_entry
raw_in: .skip   48
raw_out: .skip  48
raw_entry: .skip 4
raw_esp: .skip  4

        .section .note.GNU-stack, "", @progbits
