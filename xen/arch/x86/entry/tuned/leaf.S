/* SPDX-License-Identifier: MIT */
/*
 * Tier LEAF: hypercalls of a few instructions. On entry nothing has been saved (entry.S has the picture of the stack),
 * and every register but EAX must be preserved. Only xen_version's rare commands check for work on the way out. The
 * others need not: interrupts are off from the gate to `iret`, so whatever becomes pending meanwhile comes as an
 * interrupt right after `iret`.
 */
#include <asm/asm.h>
#include <public/errno.h>
#include <xen/version.h>

        .text

/* EBX: command. Guests also use version 0 to ask for pending events after they have unmasked them, so it looks for
 * events. */
ENTRY(hypercall_xen_version)
        test    %ebx, %ebx
        jnz     hypercall_xen_version_slow
        cmpw    $1, VCPU_INFO(0, upcall_pending) # pending, and (next byte) not masked
        je      1f
        mov     $XEN_VERSION, %eax
        GUEST_IRET
1:      mov     $XEN_VERSION, %eax
        jmp     exit_work

ENTRY(hypercall_xen_version_slow)
        push    %edx
        push    %ecx
        mov     %ebx, %eax
        mov     %ecx, %edx
        call    do_xen_version
        pop     %ecx
        pop     %edx
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

/* EBX, ECX: SS, ESP for traps from ring 3. They live in the TSS, where the processor itself may use them. */
ENTRY(hypercall_stack_switch)
        mov     %ebx, %eax
        test    $3, %bl
        jz      2f
1:      mov     %ecx, HV(tss + TSS_esp1)
        mov     %ax, HV(tss + TSS_ss1)
        xor     %eax, %eax
        GUEST_IRET
2:      or      $1, %eax                        # never ring 0's
        jmp     1b

/* EBX: 0 clears, 1 sets the guest's CR0.TS. CR0 is written only when that changes. */
ENTRY(hypercall_fpu_taskswitch)
        mov     CPU(current), %eax
        cmp     %ebx, HV(VCPU_guest_cr0_ts(%eax))
        jne     1f
        xor     %eax, %eax
        GUEST_IRET
1:      push    %edx
        push    %ecx
        mov     %ebx, %eax
        call    do_fpu_taskswitch
        pop     %ecx
        pop     %edx
        GUEST_IRET

/* EBX: 0..7. Slot 8 of the array holds -EINVAL; 4 and 5: alias_debug_registers(). */
ENTRY(hypercall_get_debugreg)
        push    %ecx
        mov     %ebx, %eax
        cmp     $7, %ebx
        cmova   %cs:bad_debugreg, %eax          # not a branch: no speculated load leaves the array
        mov     CPU(current), %ecx
        mov     HV(VCPU_debugreg(%ecx,%eax,4)), %eax
        pop     %ecx
        GUEST_IRET

        .section .rodata
        .p2align 2
TABLE(bad_debugreg)
        .long   8
