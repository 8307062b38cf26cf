/* SPDX-License-Identifier: MIT */
/*
 * What the domain builder reads (ELF notes), the entry point, the hypercall page, and the entries of traps and events.
 * All of it runs in ring 1 on flat segments that end below the hypervisor.
 */
#include <public/elfnote.h>
#include <public/xen.h>

#define VIRT_BASE 0xC0000000

/* ---- ELF notes */
        .macro begin_note type:req
        .pushsection .note.Xen, "a", @note
        .balign 4
        .long 4, 2f - 1f, \type
        .asciz "Xen"
1:
        .endm

        .macro end_note
2:      .balign 4
        .popsection
        .endm

        .macro note_number type:req, value:req
        begin_note \type
        .long   \value
        end_note
        .endm

        .macro note_string type:req, value:req
        begin_note \type
        .asciz  "\value"
        end_note
        .endm

        note_string XEN_ELFNOTE_GUEST_OS, "Int82 guest"
        note_string XEN_ELFNOTE_GUEST_VERSION, "1"
        note_string XEN_ELFNOTE_LOADER, "generic"
        note_string XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
        note_number XEN_ELFNOTE_VIRT_BASE, VIRT_BASE
        note_number XEN_ELFNOTE_PADDR_OFFSET, 0
        note_number XEN_ELFNOTE_ENTRY, _start
        note_number XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page
        note_string XEN_ELFNOTE_PAE_MODE, "yes"
        note_string XEN_ELFNOTE_FEATURES, "pae_pgdir_above_4gb"
        note_number XEN_ELFNOTE_HV_START_LOW, HYPERVISOR_VIRT_START

/* The older form, for Xen before 3.0.3. It gives the hypercall page as a page number. */
        .section __xen_guest, "a"
        .ascii  "GUEST_OS=Int82,XEN_VER=xen-3.0,VIRT_BASE=0xC0000000,PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x100,PAE=yes,"
        .asciz  "LOADER=generic"

/* ---- The hypercall page: the image's first page */
        .section .text.hypercall_page, "ax"
        .balign 4096
        .globl hypercall_page
        .type hypercall_page, @object
        .size hypercall_page, 4096
hypercall_page:
        .skip 4096, 0xcc

/* ---- Start of day: ESI = start_info. All registers are saved for those who want to look at them. */
        .section .text.start, "ax"
        .globl _start
_start:
        mov     %eax, boot_registers + 0
        mov     %ebx, boot_registers + 4
        mov     %ecx, boot_registers + 8
        mov     %edx, boot_registers + 12
        mov     %esi, boot_registers + 16
        mov     %edi, boot_registers + 20
        mov     %ebp, boot_registers + 24
        mov     %esp, boot_registers + 28
        pushf
        pop     boot_registers + 32
        mov     %cs, boot_registers + 36
        mov     %ss, boot_registers + 40
        mov     %ds, boot_registers + 44
        mov     %es, boot_registers + 48
        mov     %fs, boot_registers + 52
        mov     %gs, boot_registers + 56
        cld
        mov     $boot_stack_end, %esp
        xor     %ebp, %ebp
        sub     $12, %esp               /* the stack is aligned to 16 bytes at the call */
        push    %esi
        call    guest_start
        ud2

/* ---- Traps: struct trap_frame of guest/traps.h */
        .text
        .set    vector, 0
        .rept   33
        .balign 16
        .if     vector == 0
        .globl  trap_stubs
trap_stubs:
        .endif
        .if     (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17)
        .else
        push    $0
        .endif
        push    $vector
        jmp     trap_common
        .set    vector, vector + 1
        .endr

        .macro  save_registers
        pusha
        push    %ds
        push    %es
        push    %fs
        push    %gs
        mov     $FLAT_KERNEL_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        cld
        .endm

        .macro  restore_registers
        pop     %gs
        pop     %fs
        pop     %es
        pop     %ds
        popa
        .endm

trap_common:
        save_registers
        mov     %esp, %ebx
        push    %ebx
        call    trap_dispatch
        mov     %ebx, %esp
        restore_registers
        add     $8, %esp                /* vector and error code */
        iret

/*
 * ---- Event upcall. The mask was set on the way here. This code clears it by hand. An event that comes between that
 * and the iret nests, which uses more stack but does no other harm: event_dispatch() leaves nothing half done.
 */
        .globl  event_entry
event_entry:
        push    $0
        push    $-1
        save_registers
        mov     %esp, %ebx
1:      call    event_dispatch
        mov     shared_info, %eax
        movb    $0, 1(%eax)             /* evtchn_upcall_mask */
        cmpb    $0, 0(%eax)             /* evtchn_upcall_pending: came after event_dispatch() had looked */
        je      2f
        movb    $1, 1(%eax)
        jmp     1b
2:      mov     %ebx, %esp
        restore_registers
        add     $8, %esp
        iret

/* The hypervisor could not load a segment register on its way back. Nothing here is prepared for that. */
        .globl  failsafe_entry
failsafe_entry:
        mov     $FLAT_KERNEL_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        call    failsafe_panic
        ud2

/*
 * ---- int trap_catch_enter(struct recovery *r, void (*fn)(void *), void *arg)
 * 0 when fn returns; 1 when trap_catch_leave(r) was called instead. r: ebx esi edi ebp esp eip fs gs.
 */
        .globl  trap_catch_enter
trap_catch_enter:
        mov     4(%esp), %eax
        mov     %ebx, 0(%eax)
        mov     %esi, 4(%eax)
        mov     %edi, 8(%eax)
        mov     %ebp, 12(%eax)
        mov     %esp, 16(%eax)
        mov     %fs, 24(%eax)
        mov     %gs, 28(%eax)
        mov     8(%esp), %ecx
        mov     12(%esp), %edx
        sub     $8, %esp
        push    %edx
        call    *%ecx
        add     $12, %esp
        xor     %eax, %eax
        ret

        .globl  trap_catch_leave
trap_catch_leave:
        mov     4(%esp), %ecx
        mov     0(%ecx), %ebx
        mov     4(%ecx), %esi
        mov     8(%ecx), %edi
        mov     12(%ecx), %ebp
        mov     16(%ecx), %esp
        mov     24(%ecx), %fs
        mov     28(%ecx), %gs
        mov     $1, %eax
        ret

/* ---- void enter_user(uint32_t eip, uint32_t esp, uint32_t arg): never returns */
        .globl  enter_user
enter_user:
        mov     4(%esp), %eax
        mov     8(%esp), %edx
        mov     12(%esp), %edi
        push    $FLAT_USER_SS
        push    %edx
        pushf
        orl     $0x200, (%esp)
        push    $FLAT_USER_CS
        push    %eax
        mov     $FLAT_USER_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %fs
        mov     %eax, %gs
        xor     %eax, %eax
        xor     %ebx, %ebx
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %ebp, %ebp
        iret

        .bss
        .balign 4096
        .skip   65536
        .globl  boot_stack_end
boot_stack_end:
        .skip   16384
        .globl  trap_stack_end
trap_stack_end:

        .section .note.GNU-stack, "", @progbits
