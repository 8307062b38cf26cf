/* SPDX-License-Identifier: MIT */
/* Entry by Multiboot 1, and the way out of it, with dirt in all registers that the command line names. */
#define MB_MAGIC 0x1BADB002
#define MB_FLAGS 0x00000003

        .section .start, "ax"
        .p2align 2
        .long   MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

        .globl  start
start:  mov     $stack_top, %esp
        push    %ebx
        call    load                            # the next image's entry
        pop     %ebx
        mov     %eax, %edi

        .macro  unless bit, label
        testl   $\bit, dirt
        jz      \label
        .endm

        unless  1, 1f                           # cr4: VME PVI TSD DE MCE PCE OSFXSR UMIP OSXSAVE
        mov     $0x00040B4F, %eax
        mov     %eax, %cr4
1:      unless  2, 1f                           # efer: SCE NXE SVME
        mov     $0xC0000080, %ecx
        xor     %edx, %edx
        mov     $0x1801, %eax
        wrmsr
1:      unless  4, 1f                           # sysenter: to ring 0
        mov     $0x174, %ecx
        xor     %edx, %edx
        mov     $0xE008, %eax
2:      wrmsr
        mov     $start, %eax
        inc     %ecx
        cmp     $0x176, %ecx
        jbe     2b
1:      unless  8, 1f                           # debug: writes to 0xE0010100, where a test will write
        mov     $0xE0010100, %eax
        mov     %eax, %db0
        mov     $0xFFFF4FFF, %eax
        mov     %eax, %db6
        mov     $0x000D0402, %eax
        mov     %eax, %db7
1:      mov     $0x2BADB002, %eax
        unless  16, 1f                          # flags: NT DF
        push    $0x4402
        popf
1:      jmp     *%edi

        .globl  ignore_interrupt
ignore_interrupt:
        iret

        .bss
        .p2align 4
        .fill   4096
stack_top:
        .section .note.GNU-stack, "", @progbits
