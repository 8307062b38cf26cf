/* SPDX-License-Identifier: MIT */
/*
 * The hot part of update_descriptor: the frame is the caller's and holds data or descriptors, and nothing of the
 * segment but its limit may need a correction. mm/descriptors.c has the rules and does everything else.
 *
 * EBX, ECX: machine address, low and high; EDX, ESI: the descriptor, low and high.
 */
#include <asm/asm.h>
#include <asm/frame_table.h>
#include <asm/page.h>
#include <asm/window.h>

/* EBP: the window's offset; EDI: the descriptor's in its page. */
#define DESCRIPTOR_LO   HV(WINDOWS_START + WIN_DATA_FIRST * PAGE_SIZE(%edi,%ebp))
#define DESCRIPTOR_HI   HV(WINDOWS_START + WIN_DATA_FIRST * PAGE_SIZE + 4(%edi,%ebp))

#define DESC_P          0x8000
#define DESC_DPL        0x6000
#define DESC_DPL1       0x2000
#define DESC_G          0x00800000

/* DPL, S, code and (of data) expand-down: five bits side by side. A bit for each value of these that is written here:
 * any DPL but 0; code, or data that does not expand down. */
#define DESC_KIND_SHIFT 10
#define DESC_KINDS_DPL  0xD0
#define DESC_KINDS      (DESC_KINDS_DPL << 8 | DESC_KINDS_DPL << 16 | DESC_KINDS_DPL << 24)

        .text

/* Writes the descriptor, or goes to \in_c with nothing changed in memory. Loses EAX, EDX, ESI, EDI, EBP. */
.macro UPDATE_DESCRIPTOR in_c
        test    $DESC_P, %esi
        jz      .Lgood\@                        # always faults: nothing to check
        mov     %esi, %eax
        shr     $DESC_KIND_SHIFT, %eax
        mov     $DESC_KINDS, %edi
        bt      %eax, %edi                      # by its lowest five bits
        jnc     \in_c
        test    $0xFF0000FF, %esi
        jnz     .Lbased\@
        cmp     $0x10000, %edx
        jae     .Lbased\@
        /* A base of 0, as most have it. */
        test    $DESC_G, %esi
        jz      .Lgood\@                        # 1 MiB at most
        mov     %esi, %eax
        and     $0xF0000, %eax
        mov     %dx, %ax
        cmp     $(RO_MPT_END >> PAGE_SHIFT) - 1, %eax
        jbe     .Lgood\@
        mov     $((RO_MPT_END >> PAGE_SHIFT) - 1) & 0xFFFF, %edx    # bits 19 to 16 of the limit are 0xF already

.Lgood\@:
        test    $7, %bl
        jnz     \in_c
        test    $~0xFFF, %ecx
        jnz     \in_c
        FRAME_NUMBER %ebx, %ecx, %edi, \in_c
        mov     %edi, %eax
        shl     $4, %eax
        mov     CPU(domain), %ebp
        cmp     %ebp, FRAME_AT(%eax, owner)
        jne     \in_c
        mov     FRAME_AT(%eax, type_info), %eax
        test    $PGT_NO_DATA, %al
        jnz     \in_c
        FIND_WINDOW %edi, %ebp, WIN_DATA_FIRST, WIN_DATA_SLOTS, \in_c
        mov     %ebx, %edi
        and     $0xFFF, %edi
        test    $PGT_SEG_DESC, %al
        jnz     .Lin_table\@
.Lwrite\@:
        movl    $0, DESCRIPTOR_HI               # not present while half of it is there
        mov     %edx, DESCRIPTOR_LO
        mov     %esi, DESCRIPTOR_HI
        .subsection 1

        /* One of DPL 1 may be that of flat_cs or flat_ss. */
.Lin_table\@:
        mov     DESCRIPTOR_HI, %eax
        and     $DESC_DPL, %eax
        cmp     $DESC_DPL1, %eax
        jne     .Lwrite\@
        mov     CPU(current), %eax
        movl    $RING1_DS, HV(VCPU_flat_ss(%eax))
        movl    $RING1_CS, HV(VCPU_flat_cs(%eax))
        jmp     .Lwrite\@

        /* Offsets of the segment: 0 to EBP. */
.Lbased\@:
        mov     %esi, %ebp
        and     $0xF0000, %ebp
        mov     %dx, %bp
        test    $DESC_G, %esi
        jz      1f
        shl     $PAGE_SHIFT, %ebp
        or      $0xFFF, %ebp
1:      mov     %esi, %eax                      # its base, EDI: the outer bytes of ESI, then the upper half of EDX
        rol     $8, %eax
        rol     $8, %ax
        mov     %edx, %edi
        mov     %ax, %di
        ror     $16, %edi
        cmp     $RO_MPT_END - PAGE_SIZE, %edi
        jae     \in_c
        add     %edi, %ebp
        jc      .Lcut\@
        cmp     $RO_MPT_END, %ebp
        jb      .Lgood\@

        /* The segment would reach into the hypervisor's region: cut it off there, in whole pages from EDI. */
.Lcut\@:
        test    $DESC_G, %esi
        jz      \in_c
        mov     $RO_MPT_END - PAGE_SIZE, %ebp
        sub     %edi, %ebp
        shr     $PAGE_SHIFT, %ebp
        mov     %bp, %dx
        and     $0xF0000, %ebp
        and     $~0xF0000, %esi
        or      %ebp, %esi
        jmp     .Lgood\@
        .previous
.endm

ENTRY(hypercall_update_descriptor)
        push    %edi
        push    %ebp
        push    %esi
        push    %edx
        UPDATE_DESCRIPTOR descriptor_in_c
        pop     %edx
        pop     %esi
        pop     %ebp
        pop     %edi
        xor     %eax, %eax
        GUEST_IRET
descriptor_in_c:
        pop     %edx
        pop     %esi
        pop     %ebp
        pop     %edi
        jmp     hypercall_update_descriptor_c

/* The same within a multicall: multicall.S explains the registers. C's piece reads the arguments again. */
ENTRY(multicall_update_descriptor)
        push    %edi
        push    %esi
        push    %ebp
        MAY_FAULT mc_descriptor_fault, mov MC_ARG(0), %ebx
        MAY_FAULT mc_descriptor_fault, mov MC_ARG(1), %ecx
        MAY_FAULT mc_descriptor_fault, mov MC_ARG(2), %edx
        MAY_FAULT mc_descriptor_fault, mov MC_ARG(3), %esi
        UPDATE_DESCRIPTOR mc_descriptor_in_c
        pop     %ebp
        pop     %esi
        pop     %edi
        mov     CPU(current), %ebx
        xor     %eax, %eax
        jmp     multicall_result
mc_descriptor_in_c:
        pop     %ebp
        pop     %esi
        pop     %edi
        mov     CPU(current), %ebx
        jmp     multicall_update_descriptor_c
mc_descriptor_fault:
        pop     %ebp
        pop     %esi
        pop     %edi
        mov     CPU(current), %ebx
        jmp     multicall_fault
