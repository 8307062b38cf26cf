/* SPDX-License-Identifier: MIT */
/*
 * The probe: the smallest guest that needs from an engine what Int82 needs, to be booted under a time-out before the
 * real run. Protected mode with PAE paging, a kernel in ring 1 whose segments end below the top, `int $0x82` from there
 * to ring 0 through an interrupt gate, `iret` back, many times over. /dev/kvm can exist and be unable to do any of this.
 *
 * It says "int82-probe: ok" on COM1 and leaves through QEMU's isa-debug-exit (port 0xf4, exit status 33).
 */
#define MAGIC 0x1BADB002
#define FLAGS 0
#define LOOPS 1000

#define CS0 0x08
#define DS0 0x10
#define CS1 0x19
#define DS1 0x21
#define TSS 0x28

        .section .text
        .balign 4
        .long   MAGIC, FLAGS, -(MAGIC + FLAGS)

        .globl  _start
_start:
        cli
        mov     $stack0_top, %esp
        lgdt    gdtr
        ljmp    $CS0, $1f
1:      mov     $DS0, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss

        /* The first 4 MiB, identity, in pages of 2 MiB. */
        movl    $l2 + 1, l3
        movl    $0x000000e7, l2
        movl    $0x002000e7, l2 + 8
        mov     $l3, %eax
        mov     %eax, %cr3
        mov     %cr4, %eax
        or      $0x30, %eax             /* PSE, PAE */
        mov     %eax, %cr4
        mov     %cr0, %eax
        or      $0x80010000, %eax       /* PG, WP */
        mov     %eax, %cr0

        /* The gate for 0x82, and the task state that holds ring 0's stack. */
        mov     $gate, %eax
        mov     %ax, idt + 0x82 * 8
        movw    $CS0, idt + 0x82 * 8 + 2
        movw    $0xae00, idt + 0x82 * 8 + 4     /* present, DPL 1, 32-bit interrupt gate */
        shr     $16, %eax
        mov     %ax, idt + 0x82 * 8 + 6
        lidt    idtr
        movl    $stack0_top, tss + 4
        movl    $DS0, tss + 8
        mov     $tss, %eax
        mov     %ax, gdt + TSS + 2
        shr     $16, %eax
        mov     %al, gdt + TSS + 4
        mov     %ah, gdt + TSS + 7
        mov     $TSS, %eax
        ltr     %ax

        mov     $DS1, %eax
        mov     %eax, %ds
        mov     %eax, %es
        pushl   $DS1
        pushl   $stack1_top
        pushl   $2
        pushl   $CS1
        pushl   $ring1
        iret

ring1:
        mov     $LOOPS, %ecx
1:      xor     %eax, %eax
        int     $0x82
        cmp     $0x82, %eax
        jne     2f
        loop    1b
        mov     $1, %eax
        int     $0x82
2:      jmp     2b                      /* wrong answer: the time-out says so */

gate:
        test    %eax, %eax
        jnz     finish
        mov     $0x82, %eax
        iret

finish:
        mov     $DS0, %eax
        mov     %eax, %ds
        mov     $text, %esi
1:      mov     $0x3fd, %dx
2:      inb     %dx, %al
        test    $0x20, %al
        jz      2b
        mov     (%esi), %al
        inc     %esi
        test    %al, %al
        jz      3f
        mov     $0x3f8, %dx
        outb    %al, %dx
        jmp     1b
3:      mov     $0xf4, %dx
        mov     $0x10, %eax
        outl    %eax, %dx
4:      hlt
        jmp     4b

text:   .asciz  "int82-probe: ok\n"

        .section .data
        .balign 8
gdt:    .quad   0
        .quad   0x00cf9a000000ffff      /* ring 0 code, data */
        .quad   0x00cf92000000ffff
        .quad   0x00cfba000000f57f      /* ring 1 code, data, below 0xF5800000 */
        .quad   0x00cfb2000000f57f
        .quad   0x0000890000000067      /* task state */
gdtr:   .word   . - gdt - 1
        .long   gdt
idtr:   .word   0x83 * 8 - 1
        .long   idt

        .section .bss
        .balign 4096
l2:     .skip   4096
l3:     .skip   32
tss:    .skip   104
        .balign 8
idt:    .skip   0x83 * 8
        .skip   1024
stack0_top:
        .skip   1024
stack1_top:

        .section .note.GNU-stack, "", @progbits
