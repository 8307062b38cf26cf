/*
 * From the boot loader (Multiboot 1: protected mode, no paging, EBX the information structure) to start_xen() in the
 * upper half. Runs at its load address until paging is on, so symbols are used through PHYS().
 */
#include <asm/page.h>
#include <asm/processor.h>

#define PHYS(symbol) ((symbol) - DIRECTMAP_START)

#define MB_MAGIC     0x1BADB002
#define MB_FLAGS     0x00000003                 /* modules page-aligned; memory map wanted */

#define CPUID_FXSR   (1 << 24)
#define CPUID_PGE    (1 << 13)
#define CPUID_NEEDED ((1 << 3) | (1 << 4) | (1 << 6) | (1 << 8) | CPUID_FXSR)   /* PSE TSC PAE CX8 FXSR */
#define CPUID_NX     (1 << 20)
#define MSR_EFER     0xC0000080
#define EFER_NXE     (1 << 11)
#define CR4_BOOT     0x0630                     /* PSE PAE OSFXSR OSXMMEXCPT */
#define CR4_PGE      0x0080
#define CR0_SET      0x80010033                 /* PG WP NE ET MP PE */
#define CR0_CLEAR    0x6000000C                 /* CD NW TS EM */

        .section .boot, "ax"
        .p2align 2
        .long   MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

        .globl  start
start:  cli
        cld
        lgdt    PHYS(boot_gdtr)
        ljmp    $HYP_CS, $PHYS(1f)
1:      mov     $HYP_DS, %ecx
        mov     %ecx, %ds
        mov     %ecx, %es
        mov     %ecx, %fs
        mov     %ecx, %gs
        mov     %ecx, %ss
        mov     $PHYS(boot_stack_top), %esp
        mov     %eax, %esi                      # the loader's magic number
        mov     %ebx, %edi                      # and its information

        xor     %eax, %eax                      # .bss: some loaders leave it as it was
        mov     %edi, %ebp                      # (the stack is in it)
        mov     $PHYS(bss_start), %edi
        mov     $PHYS(_end), %ecx
        sub     %edi, %ecx
        shr     $2, %ecx
        rep stosl
        mov     %ebp, %edi

        mov     $1, %eax
        cpuid
        mov     %edx, %ebp
        not     %edx
        test    $CPUID_NEEDED, %edx
        jnz     too_old

        /* The direct map, 2 MiB pages, and the same memory at its own addresses until the jump. */
        mov     $PHYS(idle_l2) + (DIRECTMAP_START >> L2_SHIFT & 511) * 8, %edx
        mov     $_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_PSE, %eax
        mov     $DIRECTMAP_SIZE >> L2_SHIFT, %ecx
2:      mov     %eax, (%edx)
        add     $1 << L2_SHIFT, %eax
        add     $8, %edx
        loop    2b
        mov     $PHYS(identity_l2), %edx
        mov     $_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_PSE, %eax
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

        mov     %cr4, %eax
        or      $CR4_BOOT, %eax
        test    $CPUID_PGE, %ebp
        jz      4f
        or      $CR4_PGE, %eax
4:      mov     %eax, %cr4
        mov     $PHYS(idle_l3), %eax
        mov     %eax, %cr3
        mov     $0x80000000, %eax
        cpuid
        cmp     $0x80000001, %eax
        jb      5f
        mov     $0x80000001, %eax
        cpuid
        test    $CPUID_NX, %edx
        jz      5f
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_NXE, %eax
        wrmsr
5:      mov     %cr0, %eax
        and     $~CR0_CLEAR, %eax
        or      $CR0_SET, %eax
        mov     %eax, %cr0
        mov     $6f, %eax
        jmp     *%eax
6:      lgdt    %cs:boot_gdtr_high
        mov     $boot_stack_top, %esp
        mov     %esi, %eax
        mov     %edi, %edx
        call    start_xen

/* No paging, no console yet: a line on COM1 as the loader left it. */
too_old:
        mov     $PHYS(too_old_text), %esi
1:      mov     $0x3FD, %edx
2:      in      %dx, %al
        test    $0x20, %al
        jz      2b
        mov     $0x3F8, %edx
        lodsb
        test    %al, %al
        jz      3f
        out     %al, %dx
        jmp     1b
3:      mov     $0x2000, %eax                   # where emulators listen for power off
        mov     $0x604, %edx
        out     %ax, %dx
4:      hlt
        jmp     4b

too_old_text:
        .asciz  "(XEN) This processor has no PAE, PSE, TSC, CMPXCHG8B or FXSR: Int82 needs them all.\r\n"

        .p2align 3
boot_gdt:
        .quad   0
        .quad   0x00CF9B000000FFFF              # HYP_CS
        .quad   0x00CF93000000FFFF              # HYP_DS
        /* Based so that the two have the selectors that they keep. */
boot_gdtr:
        .word   HYP_DS + 7
        .long   PHYS(boot_gdt) - HYP_GDT_BASE
boot_gdtr_high:
        .word   HYP_DS + 7
        .long   boot_gdt - HYP_GDT_BASE

        .section .bss.first, "aw", @nobits
        .p2align 12
        .globl  idle_l2, idle_l3, vcpu_area_pte
idle_l2:
        .fill   4096
identity_l2:
        .fill   3 * 4096
vcpu_area_pte:
        .fill   8 * 4096
boot_stack:
        .fill   8192
boot_stack_top:
idle_l3:
        .fill   32
