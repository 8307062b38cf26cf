/* SPDX-License-Identifier: MIT */
/* Where the test program without a C library begins, and where its signal handlers end. */
        .text
        .globl  _start
_start: xor     %ebp, %ebp
        mov     %esp, %eax
        mov     $stack_end, %esp        /* below the hypervisor, because the guests' arguments lie on this stack */
        call    test_main
        mov     %eax, %ebx
        mov     $1, %eax
        int     $0x80

        .globl  signal_restorer
signal_restorer:
        mov     $173, %eax              /* rt_sigreturn */
        int     $0x80

        .bss
        .balign 16
        .skip   65536
stack_end:

        .section .note.GNU-stack, "", @progbits
