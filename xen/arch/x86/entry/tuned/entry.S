/* SPDX-License-Identifier: MIT */
/*
 * The way into a hypercall, and the short way out. The long one is ../exit.S. docs/entry-path.md explains both.
 *
 * `int $0x82` in ring 1 passes an interrupt gate: the processor takes SS:ESP from the TSS, pushes the guest's five
 * words, and clears IF, TF and NT. Interrupts stay off until `iret`; long operations open windows for them
 * (preempt_point(), pause_point()). No segment register is touched: SS is the hypervisor's data segment, CS its
 * constants'.
 *
 * From ESP up: the guest's EIP (after the `int`), CS, EFLAGS, ESP, SS; that is the stack's top. The vCPU's vcpu_info is
 * STACK_TO_INFO above it. GUEST_FRAME() and VCPU_INFO() of asm/asm.h find both, whatever has been pushed.
 *
 * EAX holds the call's number and gets its result; EBX ECX EDX ESI EDI hold the arguments and are preserved.
 */
#include <asm/asm.h>
#include <public/errno.h>

        .text

ENTRY(hypercall)
        cmp     $HYPERCALL_SLOTS - 1, %eax
        cmova   %cs:last_slot, %eax             # not a branch: no speculated load leaves the table
        COUNT_AT(hypercalls, %eax)
        jmp     *%cs:hypervisor_call_table(,%eax,4)

/* For the slots of the table without a hypercall. The last slot is always free: numbers beyond the table use it. */
ENTRY(hypercall_enosys)
        mov     $-ENOSYS, %eax
        GUEST_IRET

/*
 * Tier FAST, and HOT where the assembly goes on to C: a C function with up to five arguments, three in EAX, EDX, ECX
 * (regparm). C keeps EBX, ESI, EDI and EBP; so ECX and EDX are all that the stub must save.
 */
.macro C_CALL entry, name, args
ENTRY(\entry)
        push    %edx
        push    %ecx
    .if \args >= 5
        push    %edi
    .endif
    .if \args >= 4
        push    %esi
    .endif
    .if \args >= 1
        mov     %ebx, %eax
    .endif
    .if \args >= 3
        xchg    %ecx, %edx
    .elseif \args == 2
        mov     %ecx, %edx
    .endif
        call    do_\name
    .if \args >= 4
        add     $4 * (\args - 3), %esp
    .endif
        pop     %ecx
        pop     %edx
        cmpl    $0, CPU(work)                   # the one test on the way out
        jne     exit_work
        GUEST_IRET
.endm

/* Tier FULL: where the assembly goes on to C, on the guest's complete frame; the result is the guest's EAX. */
.macro FRAME_CALL name
ENTRY(hypercall_\name\()_c)
        push    $HYPERCALL_ENTRY
        SAVE_REGS
        mov     %esp, %eax
        call    do_\name
        mov     %eax, UREGS_eax(%esp)
        cmpl    $0, CPU(work)
        jne     exit_work_frame
        jmp     restore_guest
.endm

#define STUB_LEAF(name, args)
#define STUB_HOT(name, args)  C_CALL hypercall_##name##_c, name, args
#define STUB_FAST(name, args) C_CALL hypercall_##name, name, args
#define STUB_FULL(name, args) FRAME_CALL name
#define HYPERCALL(number, name, args, tier, text) STUB_##tier(name, args)
#include <xen/hypercalls.def>

        .section .rodata
        .p2align 2
TABLE(last_slot)
        .long   HYPERCALL_SLOTS - 1
