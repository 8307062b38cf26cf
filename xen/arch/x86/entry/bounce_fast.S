/* SPDX-License-Identifier: MIT */
/*
 * The short ways from an exception to the guest's own handler: page faults and `int n`, on flat stacks. bounce.c is for
 * all else, and does the same. The frame on the guest kernel's stack, from its lowest word up:
 *
 *      error code (a page fault's); EIP; CS | saved upcall mask << 16; EFLAGS with IF = events were not masked;
 *      from ring 3 also ESP, SS
 *
 * When one of them gives up and C begins anew, nothing of the guest's has changed but memory below its stack pointer.
 *
 *      EAX  current      EDX  the new frame      ECX  anything       all three pushed below the processor's words
 */
#include <asm/asm.h>
#include <asm/processor.h>

#define FRAME(field)      GUEST_FRAME(4, field)         /* behind the error code and three registers */
#define INFO(field)       VCPU_INFO(4, field)
#define NEW_FRAME(field)  HV(UREGS_##field - \lowest(%edx))

/* EDX: the stack pointer, and then the place for a frame below it, if that lies below the hypervisor. */
.macro FRAME_BELOW lowest, end, slow
        sub     $\end - \lowest, %edx
        cmp     $HYP_START - (\end - \lowest), %edx
        ja      \slow
.endm

/* EIP, \behind the instruction; CS and mask; EFLAGS. */
.macro PUSH_STATE lowest, behind, slow
        mov     FRAME(eip), %ecx
    .if \behind
        add     $\behind, %ecx
    .endif
        MAY_FAULT \slow, mov %ecx, NEW_FRAME(eip)
        movzbl  INFO(upcall_mask), %ecx
        shl     $16, %ecx
        mov     FRAME(cs), %cx
        MAY_FAULT \slow, mov %ecx, NEW_FRAME(cs)
        mov     FRAME(eflags), %ecx
        testb   $0xFF, INFO(upcall_mask)
        jz      .Lopen\@
        and     $~X86_EFLAGS_IF, %ecx
.Lopen\@:
        MAY_FAULT \slow, mov %ecx, NEW_FRAME(eflags)
.endm

/* From ring 1: on the stack that it uses. */
.macro PUSH_FROM_KERNEL lowest, behind, slow
        mov     FRAME(ss), %edx
        cmp     HV(VCPU_flat_ss(%eax)), %edx
        jne     \slow                           # one that must be looked up
        mov     FRAME(esp), %edx
        FRAME_BELOW \lowest, UREGS_esp, \slow
        PUSH_STATE \lowest, \behind, \slow
.endm

/* From ring 3: on the kernel's stack, as stack_switch has set it. */
.macro PUSH_FROM_USER lowest, behind, slow
        mov     HV(tss + TSS_ss1), %edx
        cmp     HV(VCPU_flat_ss(%eax)), %edx
        jne     \slow
        mov     HV(tss + TSS_esp1), %edx
        FRAME_BELOW \lowest, UREGS_end, \slow
        PUSH_STATE \lowest, \behind, \slow
        mov     FRAME(esp), %ecx
        MAY_FAULT \slow, mov %ecx, NEW_FRAME(esp)
        mov     FRAME(ss), %ecx
        MAY_FAULT \slow, mov %ecx, NEW_FRAME(ss)
.endm

/* After all of that: nothing can fail any more. */
.macro SWITCH_STACK
        mov     HV(VCPU_flat_ss(%eax)), %ecx
        mov     %ecx, FRAME(ss)
.endm

/* \trap: the operand of the handler's struct guest_trap, without a field. It may want events masked. */
.macro MASK_EVENTS_FOR trap:vararg
        testb   $4, HV(TRAP_flags + \trap)
        jz      .Lnot_masked\@
        movb    $1, INFO(upcall_mask)
.Lnot_masked\@:
.endm

/* The guest goes on there, with its frame at EDX. */
.macro ENTER_HANDLER trap:vararg
        mov     %edx, FRAME(esp)
        mov     HV(TRAP_address + \trap), %edx
        mov     %edx, FRAME(eip)
        movzwl  HV(TRAP_cs + \trap), %edx
        mov     %edx, FRAME(cs)
        andl    $~(X86_EFLAGS_TF | X86_EFLAGS_NT | X86_EFLAGS_RF | X86_EFLAGS_VM), FRAME(eflags)
        pop     %edx
        pop     %ecx
        pop     %eax
        add     $4, %esp
        GUEST_IRET
.endm

        .text

/*
 * Page fault. From ring 1 it may be a store to a page table; whoever it is from, it may be about the hypervisor's own
 * region (the LDT's window) or a reserved bit. Those take the long way.
 */
#define HANDLER  VCPU_traps + TRAP_page_fault * TRAP_SIZE(%eax)

.macro PUSH_ERROR_CODE lowest
        mov     FRAME(error_code), %ecx
        MAY_FAULT page_fault_slow, mov %ecx, NEW_FRAME(error_code)
.endm

ENTRY(trap_14)
        push    %eax
        push    %ecx
        push    %edx
        COUNT(page_faults)
        mov     %cr2, %ecx
        mov     FRAME(cs), %eax
        and     $3, %eax
        dec     %eax
        jnz     page_fault_of_user
        mov     FRAME(error_code), %eax
        and     $PFEC_present | PFEC_write | PFEC_reserved, %eax
        cmp     $PFEC_present | PFEC_write, %eax
        jae     store_of_kernel
        cmp     $HYP_START, %ecx
        jae     page_fault_slow
        mov     CPU(current), %eax
        cmpw    $0, HV(TRAP_cs + HANDLER)
        je      page_fault_slow                 # no handler: the guest's end
        mov     %ecx, INFO(cr2)
        PUSH_FROM_KERNEL UREGS_error_code, 0, page_fault_slow
        PUSH_ERROR_CODE UREGS_error_code
        COUNT(page_faults_bounced)
        MASK_EVENTS_FOR HANDLER
        ENTER_HANDLER HANDLER

page_fault_of_user:
        cmp     $3 - 1, %eax
        jne     page_fault_slow                 # from ring 2, or the hypervisor's own
        testb   $PFEC_reserved, FRAME(error_code)
        jnz     page_fault_slow
        cmp     $HYP_START, %ecx
        jae     page_fault_slow
        mov     CPU(current), %eax
        cmpw    $0, HV(TRAP_cs + HANDLER)
        je      page_fault_slow
        mov     %ecx, INFO(cr2)
        PUSH_FROM_USER UREGS_error_code, 0, page_fault_slow
        PUSH_ERROR_CODE UREGS_error_code
        SWITCH_STACK
        COUNT(page_faults_bounced)
        MASK_EVENTS_FOR HANDLER
        ENTER_HANDLER HANDLER

store_of_kernel:                                # to a page that is mapped read-only
        jne     page_fault_slow                 # a reserved bit
        cmp     $HYP_START, %ecx
        jb      page_table_store                # perhaps
        jmp     page_fault_slow

/* CR2 may have been overwritten by a fault on the guest's stack: then the fault to report is that one, as on Xen. */
page_fault_slow:
        pop     %edx
        pop     %ecx
        pop     %eax
        movw    $TRAP_page_fault, GUEST_FRAME(1, entry_vector)
        jmp     trap_common
#undef HANDLER

/*
 * `int n` for which the gate is not the guest's: #GP, with the error code n * 8 + 2 (exceptions.S:trap_13). What the
 * guest has for vector n must allow its ring. A frame without an error code; EIP is that behind the instruction.
 */
#define INT_N        2                          /* bytes of the instruction */
#define ERROR_OF(n)  ((n) * TRAP_SIZE + 2)
#define HANDLER      VCPU_traps - ERROR_OF(0)(%eax,%ecx)        /* ECX: the error code */
.if TRAP_SIZE != 8
        .error "an error code's index of a gate is that of a struct guest_trap"
.endif

ENTRY(int_n)
        push    %eax
        push    %ecx
        push    %edx
        movzwl  FRAME(error_code), %ecx
        lea     -ERROR_OF(0)(%ecx), %eax
        test    $~(ERROR_OF(255) - ERROR_OF(0)), %eax
        jnz     gp_slow                         # nothing of a gate
        mov     CPU(current), %eax
        cmpw    $0, HV(TRAP_cs + HANDLER)
        je      gp_slow
        mov     FRAME(cs), %edx
        and     $3, %edx
        dec     %edx
        jnz     int_n_of_user
        testb   $3, HV(TRAP_flags + HANDLER)
        jz      gp_slow                         # DPL 0: not for ring 1
        PUSH_FROM_KERNEL UREGS_eip, INT_N, gp_slow
        movzwl  FRAME(error_code), %ecx
        MASK_EVENTS_FOR HANDLER
        ENTER_HANDLER HANDLER

int_n_of_user:
        cmp     $3 - 1, %edx
        jne     gp_slow
        mov     HV(TRAP_flags + HANDLER), %edx
        not     %edx
        test    $3, %dl
        jnz     gp_slow
        PUSH_FROM_USER UREGS_eip, INT_N, gp_slow
        SWITCH_STACK
        movzwl  FRAME(error_code), %ecx
        MASK_EVENTS_FOR HANDLER
        ENTER_HANDLER HANDLER

gp_slow:
        pop     %edx
        pop     %ecx
        pop     %eax
        jmp     gp_fault

/*
 * The gate of a ring-3 program's system call, where the handler wants events masked; no gate of the processor's does
 * that. It leads here as long as there is such a handler, and has its DPL. EIP is that behind the instruction already.
 */
#define SYSCALL_HANDLER  VCPU_traps + SYSCALL_VECTOR * TRAP_SIZE(%eax)

ENTRY(int80_masked)
        push    $ERROR_OF(SYSCALL_VECTOR)
        push    %eax
        push    %ecx
        push    %edx
        testb   $2, FRAME(cs)
        jz      int80_slow                      # from ring 1
        mov     CPU(current), %eax
        PUSH_FROM_USER UREGS_eip, 0, int80_slow
        SWITCH_STACK
        movb    $1, INFO(upcall_mask)
        ENTER_HANDLER SYSCALL_HANDLER
int80_slow:                                     # as if the gate were nobody's
        subl    $INT_N, FRAME(eip)
        jmp     gp_slow
