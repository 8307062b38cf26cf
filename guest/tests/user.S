/* SPDX-License-Identifier: MIT */
/*
 * Code for ring 3. The test copies all of it, from user_begin to user_end, into a page that ring 3 can reach. So
 * nothing here may use an absolute address within this code. EDI is the test's argument. `int $0x20` is the way back;
 * the registers are the result.
 */
        .section .rodata
        .macro snippet name
        .balign 16
        .globl  \name
\name:
        .endm

        .globl  user_begin, user_end
user_begin:
        snippet user_leave
        int     $0x20
        ud2

        snippet user_selectors          /* EAX: CS << 16 | SS */
        mov     %cs, %eax
        shl     $16, %eax
        mov     %ss, %ax
        pushf
        pop     %ebx
        int     $0x20

        snippet user_read               /* EAX = *EDI */
        mov     (%edi), %eax
        int     $0x20

        snippet user_write              /* *EDI = 0x12345678 */
        movl    $0x12345678, (%edi)
        int     $0x20

        snippet user_jump               /* executes what is at EDI */
        jmp     *%edi

        snippet user_hypercall          /* number 17, xen_version */
        mov     $17, %eax
        xor     %ebx, %ebx
        int     $0x82
        int     $0x20

        snippet user_int80
        mov     $0x80808080, %eax
        int     $0x80
        mov     $0x81818181, %ebx
        int     $0x20

        snippet user_int21
        int     $0x21
        int     $0x20

        snippet user_int3
        int3
        int     $0x20

        snippet user_ud2
        ud2

        snippet user_divide
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     $1, %eax
        div     %ecx

        snippet user_hlt
        hlt
        int     $0x20

        snippet user_cli
        cli
        int     $0x20

        snippet user_in
        in      $0x80, %al
        int     $0x20

        snippet user_read_cr0
        mov     %cr0, %eax
        int     $0x20

        snippet user_push
        push    %eax
        int     $0x20

        snippet user_rdtsc
        rdtsc
        int     $0x20

        snippet user_cpuid              /* forced emulation, leaf EDI: EAX EBX ECX EDX */
        mov     %edi, %eax
        xor     %ecx, %ecx
        .byte   0x0f, 0x0b, 0x78, 0x65, 0x6e
        cpuid
        int     $0x20

        snippet user_load_ds            /* DS = EDI */
        mov     %edi, %ds
        int     $0x20

        snippet user_popf_iopl          /* tries to get IOPL 3 and IF 0; EAX = the flags that it got */
        pushl   $0x3002
        popf
        pushf
        pop     %eax
        int     $0x20

        snippet user_fpu                /* an x87 instruction: #NM when TS is set */
        fninit
        int     $0x20

        snippet user_single_step        /* trap flag: #DB after the nop */
        pushf
        orl     $0x100, (%esp)
        popf
        nop
        int     $0x20

        snippet user_read_gs            /* GS = EDI[0]; EAX = GS:[EDI[1]] */
        mov     (%edi), %gs
        mov     4(%edi), %ecx
        mov     %gs:(%ecx), %eax
        int     $0x20

        snippet user_write_gs
        mov     (%edi), %gs
        mov     4(%edi), %ecx
        movl    $0x82828282, %gs:(%ecx)
        int     $0x20

        /* CS = EDI[3], GS = EDI[0], ECX = EDI[1], EAX = EDI[2], EDX = 0. These are many ways to write GS:[ECX]. */
        .macro  gs_snippet name
        snippet \name
        pushl   12(%edi)
        call    1f
1:      addl    $2f - 1b, (%esp)
        lret
2:      mov     (%edi), %gs
        mov     4(%edi), %ecx
        mov     8(%edi), %eax
        xor     %edx, %edx
        .endm
        gs_snippet user_gs_read
        mov     %gs:(%ecx), %eax                # 65 8b 01
        int     $0x20
        gs_snippet user_gs_write
        movl    $0x82828282, %gs:(%ecx)         # 65 c7 01, immediate
        int     $0x20
        gs_snippet user_gs_disp8
        mov     %gs:16(%edx,%ecx,1), %eax       # 65 8b 44 0a 10
        int     $0x20
        gs_snippet user_gs_disp32
        mov     %gs:0x12345678(%ecx), %eax
        int     $0x20
        gs_snippet user_gs_add
        add     %eax, %gs:(%ecx)
        int     $0x20
        gs_snippet user_gs_immediate
        movl    $0x82828282, %gs:-4(%ecx)       # 65 c7 41 fc, immediate
        int     $0x20
        gs_snippet user_gs_cmpxchg
        lock cmpxchg %ecx, %gs:(%ecx)
        int     $0x20
        gs_snippet user_gs_movzx
        movzbl  %gs:(%ecx), %eax
        int     $0x20
        gs_snippet user_gs_fild
        fildl   %gs:(%ecx)
        fistpl  -16(%esp)
        mov     -16(%esp), %eax
        int     $0x20
        gs_snippet user_gs_plain                # the form without ModRM byte
        .byte   0x65, 0xa1
        .long   -8
        int     $0x20
        gs_snippet user_gs_push
        pushl   %gs:(%ecx)
        pop     %eax
        int     $0x20
        gs_snippet user_gs_both                 # above and below in turn
        mov     %gs:(%ecx), %eax
        add     %gs:(%edx), %eax
        add     %gs:(%ecx), %eax
        int     $0x20

        snippet user_far_jump           /* to EDI[1]:EDI[0] */
        ljmp    *(%edi)

        snippet user_far_call
        lcall   *(%edi)
        int     $0x20

        snippet user_sysenter
        sysenter

        snippet user_rdpmc
        xor     %ecx, %ecx
        rdpmc
        int     $0x20
user_end:
        .section .note.GNU-stack, "", @progbits
