/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader to start_xen() in the upper half. By Multiboot 1 and 2 the processor is in protected mode
 * without paging; EAX holds the one's or the other's magic number, EBX the address of its information. Section .boot is linked at the
 * address where it is loaded. So it makes no difference whether a loader takes the entry point as a virtual or as a
 * physical address. Code in this section uses other symbols through PHYS().
 */
#include <asm/page.h>
#include <asm/processor.h>

#define PHYS(symbol) ((symbol) - DIRECTMAP_START)

#define MB_MAGIC     0x1BADB002
#define MB_FLAGS     0x00000003                 /* modules page-aligned; memory map wanted */
#define MB2_MAGIC    0xE85250D6
#define MB2_I386     0
#define MB2_SIZE     (mb2_end - mb2_header)
#define MB2_TAG_END  0
#define MB2_TAG_CONSOLE 4
#define MB2_TEXT_KNOWN  2
#define MB2_TAG_SCREEN  5
#define MB2_OPTIONAL    1
#define MB2_TAG_PAGE_ALIGN 6                    /* modules */

/* CPUID 1, EDX */
#define CPUID_PSE    (1 << 3)
#define CPUID_TSC    (1 << 4)
#define CPUID_PAE    (1 << 6)
#define CPUID_CX8    (1 << 8)
#define CPUID_PGE    (1 << 13)
#define CPUID_FXSR   (1 << 24)
#define CPUID_SSE    (1 << 25)
#define CPUID_NEEDED (CPUID_PSE | CPUID_TSC | CPUID_PAE | CPUID_CX8 | CPUID_FXSR)
#define CPUID_NX     (1 << 20)                  /* 0x80000001, EDX */
#define CPUID_EFER   (1 << 11 | CPUID_NX | 1 << 29) /* SYSCALL, NX, long mode: with any of these there is an EFER */
#define EFLAGS_ID    (1 << 21)                  /* if it can be changed, there is a CPUID instruction */
#define MSR_EFER     0xC0000080
#define EFER_NXE     (1 << 11)
#define CR4_BOOT     0x0230                     /* PSE PAE OSFXSR */
#define CR4_PGE      0x0080
#define CR4_XMMEXCPT 0x0400
#define CR0_SET      0x80050033                 /* PG AM WP NE ET MP PE */
#define DR7_RESET    0x400
#define EFLAGS_RESET 0x2
#define BIG_PAGE     (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_PSE)

#define COM1         0x3F8

.macro OUTPORT port, value
        mov     $\port, %edx
        mov     $\value, %al
        out     %al, %dx
.endm

        .section .boot, "ax"
        .p2align 2
        .long   MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

        .p2align 3
mb2_header:
        .long   MB2_MAGIC, MB2_I386, MB2_SIZE, -(MB2_MAGIC + MB2_I386 + MB2_SIZE)
        .short  MB2_TAG_PAGE_ALIGN, 0
        .long   8
        .short  MB2_TAG_CONSOLE, MB2_OPTIONAL
        .long   12, MB2_TEXT_KNOWN, 0
        .short  MB2_TAG_SCREEN, MB2_OPTIONAL
        .long   20, 0, 0, 32, 0                 # of any size, 32 bits for each pixel
        .short  MB2_TAG_END, 0
        .long   8
mb2_end:

        .globl  start
start:  cli
        cld
        mov     $DR7_RESET, %ecx                # if boot code left a breakpoint, there is no handler for it here
        mov     %ecx, %db7
        lgdt    boot_gdtr
        ljmp    $HYP_CS, $1f
1:      mov     $HYP_DS, %ecx
        mov     %ecx, %ds
        mov     %ecx, %es
        mov     %ecx, %fs
        mov     %ecx, %gs
        mov     %ecx, %ss
        mov     $PHYS(boot_stack_top), %esp
        push    $EFLAGS_RESET                   # NT would make the first iret a task switch
        popf
        mov     %eax, %esi                      # the loader's magic number
        mov     %ebx, %ebp                      # and its information

        xor     %eax, %eax                      # .bss, with the stack in it: some loaders do not clear it
        mov     $PHYS(bss_start), %edi
        mov     $PHYS(_end), %ecx
        sub     %edi, %ecx
        shr     $2, %ecx
        rep stosl

        pushf
        pop     %eax
        xor     $EFLAGS_ID, %eax
        push    %eax
        popf
        pushf
        pop     %ecx
        xor     %eax, %ecx
        test    $EFLAGS_ID, %ecx
        jnz     too_old
        mov     $1, %eax
        cpuid
        mov     %edx, %edi
        not     %edx
        test    $CPUID_NEEDED, %edx
        jnz     too_old

        /* Maps the direct map in 2 MiB pages and, only while the hypervisor boots, machine memory below 3 GiB at its
         * own addresses. */
        mov     $PHYS(idle_l2) + (DIRECTMAP_START >> L2_SHIFT & 511) * 8, %edx
        mov     $BIG_PAGE, %eax
        mov     $DIRECTMAP_SIZE >> L2_SHIFT, %ecx
2:      mov     %eax, (%edx)
        add     $1 << L2_SHIFT, %eax
        add     $8, %edx
        loop    2b
        mov     $PHYS(identity_l2), %edx
        mov     $BIG_PAGE, %eax
        mov     $3 * 512, %ecx
3:      mov     %eax, (%edx)
        add     $1 << L2_SHIFT, %eax
        add     $8, %edx
        loop    3b
        mov     $PHYS(identity_l2) + _PAGE_PRESENT, %eax
        mov     %eax, PHYS(idle_l3)
        add     $PAGE_SIZE, %eax
        mov     %eax, PHYS(idle_l3) + 8
        add     $PAGE_SIZE, %eax
        mov     %eax, PHYS(idle_l3) + 16
        movl    $PHYS(idle_l2) + _PAGE_PRESENT, PHYS(idle_l3) + 24

        mov     $CR4_BOOT, %eax                 # no others: nobody would switch AVX's registers, for example
        test    $CPUID_SSE, %edi
        jz      4f
        or      $CR4_XMMEXCPT, %eax
4:      test    $CPUID_PGE, %edi
        jz      5f
        or      $CR4_PGE, %eax
5:      mov     %eax, %cr4
        mov     $PHYS(idle_l3), %eax
        mov     %eax, %cr3
        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      6f
        mov     $0x80000001, %eax
        cpuid
        test    $CPUID_EFER, %edx
        jz      6f
        xor     %eax, %eax
        test    $CPUID_NX, %edx
        jz      7f
        mov     $EFER_NXE, %eax
7:      xor     %edx, %edx
        mov     $MSR_EFER, %ecx
        wrmsr
6:      mov     $CR0_SET, %eax
        mov     %eax, %cr0
        mov     $start_high, %eax
        jmp     *%eax

/* No paging, no console yet. */
too_old:
        OUTPORT COM1 + 3, 0x80                  # 115200 8n1
        OUTPORT COM1 + 0, 1
        OUTPORT COM1 + 1, 0
        OUTPORT COM1 + 3, 3
        mov     $too_old_text, %esi
1:      lodsb
        test    %al, %al
        jz      3f
        mov     %al, %ah
        mov     $COM1 + 5, %edx
        mov     $1000000, %ecx                  # waits no longer than this if there is no such port
2:      in      %dx, %al
        test    $0x20, %al
        loopz   2b
        mov     $COM1, %edx
        mov     %ah, %al
        out     %al, %dx
        jmp     1b
3:      mov     $0x2000, %eax                   # the power-off ports of QEMU, Bochs, and Bochs without ACPI
        mov     $0x604, %edx
        out     %ax, %dx
        mov     $0xB004, %edx
        out     %ax, %dx
        mov     $bochs_text, %esi
        mov     $8, %ecx
        mov     $0x8900, %edx
        rep outsb
4:      hlt
        jmp     4b

too_old_text:
        .asciz  "(XEN) Int82 needs a processor with PAE, PSE, TSC, CMPXCHG8B and FXSAVE. Powering off.\r\n"
bochs_text:
        .ascii  "Shutdown"

        /* The base makes the selectors of the two descriptors the ones that they also have later. */
        .p2align 3
boot_gdt:
        .quad   0
        .quad   0x00CF9B000000FFFF              # HYP_CS
        .quad   0x00CF93000000FFFF              # HYP_DS
boot_gdtr:
        .word   HYP_DS + 7
        .long   boot_gdt - HYP_GDT_BASE
boot_gdtr_high:
        .word   HYP_DS + 7
        .long   boot_gdt + DIRECTMAP_START - HYP_GDT_BASE

        .section .init.text, "ax"
start_high:
        lgdt    %cs:boot_gdtr_high + DIRECTMAP_START
        mov     $boot_stack_top, %esp
        mov     %esi, %eax
        mov     %ebp, %edx
        xor     %ebp, %ebp
        call    start_xen

        .section .bss.first, "aw", @nobits
        .p2align 12
        .globl  idle_l2, idle_l3, vcpu_area_pte
idle_l2:
        .fill   4096
identity_l2:
        .fill   3 * 4096
vcpu_area_pte:
        .fill   MAX_VCPU_AREAS * (VCPU_AREA_SIZE / PAGE_SIZE) * 8
boot_stack:                                     # later the idle vCPU's
        .fill   8192
boot_stack_top:
idle_l3:
        .fill   32
