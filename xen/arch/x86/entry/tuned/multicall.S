/* SPDX-License-Identifier: MIT */
/*
 * multicall: several hypercalls for one gate. Each entry of the guest's array (op, result, six arguments) jumps through
 * multicall_table, the sibling of hypervisor_call_table, to a piece that reads the arguments straight from the array
 * (each of them once), calls the same C function or does the same leaf work, and stores the result. It stops early only
 * if the array cannot be accessed, if the domain must not go on, or if others are to run: then the guest makes another
 * call for the rest.
 *
 * EDI: the entry before which interrupts are looked for next, at most the end; ESI: this entry's offset from there,
 * negative; EBX: the vCPU; MC_END: the end.
 */
#include <asm/asm.h>
#include <public/errno.h>
#include <xen/version.h>

#define MC_SIZE    MULTICALL_SIZE
#define MC_CHUNK   64                           /* entries between two looks for interrupts */
#define MC_END     (%esp)

        .text

/* EBX: array, ECX: number of entries. */
ENTRY(hypercall_multicall)
        push    %edx
        push    %ecx
        push    %esi
        push    %edi
        push    %ebx
        mov     %ebx, %edi
        cmp     $HYP_START / MC_SIZE, %ecx
        ja      multicall_out_of_range
        shl     $5, %ecx
        jz      multicall_empty
        add     %edi, %ecx
        jc      multicall_out_of_range
        cmp     $HYP_START, %ecx
        ja      multicall_out_of_range
        mov     CPU(current), %ebx
        push    %ecx                            # MC_END

/* EDI: a chunk's first entry. Entries can lie on two pages only if the array is not aligned; most kernels' are not. */
multicall_chunk:
        mov     %edi, %esi
        test    $MC_SIZE - 1, %edi
        jnz     multicall_unaligned
        add     $MC_CHUNK * MC_SIZE, %edi
        cmp     MC_END, %edi
        cmova   MC_END, %edi
        sub     %edi, %esi

        .globl  multicall_entry, multicall_result, multicall_long_result, multicall_work
        .globl  multicall_chunk_done, multicall_fault
multicall_entry:
        MAY_FAULT multicall_fault, mov MC_OP, %eax
        cmp     $HYPERCALL_SLOTS - 1, %eax
        cmova   %cs:last_slot, %eax
        COUNT_AT(hypercalls, %eax)
#if COUNTERS
        cmpl    $0, CPU(trace_on)
        jne     multicall_traced
        .globl  multicall_untraced
multicall_untraced:
#endif
        jmp     *%cs:multicall_table(,%eax,4)

/* EAX: the result. */
multicall_result:
        MULTICALL_RESULT
multicall_next:
        MULTICALL_NEXT

/* The same for a call that may have taken long, or after many calls: interrupts get a chance before the next call. */
multicall_long_result:
        subl    $CALL_STEPS, CPU(effort_left)
        jge     multicall_result
        MAY_FAULT multicall_fault, mov %eax, MC_RESULT
        jmp     multicall_work

multicall_chunk_done:
        cmp     MC_END, %edi
        jae     multicall_done
        call    pause_point
        test    %al, %al
        jz      multicall_chunk
        mov     %edi, %eax
        mov     MC_END, %edx
        call    multicall_leave                 # (next, end)
        jmp     multicall_done

/*
 * A chunk consists of entries that lie on one page, or of one entry that lies on two: such an entry must be accessible
 * as a whole before its call is made.
 */
multicall_unaligned:
        mov     %edi, %eax
        not     %eax
        and     $PAGE_SIZE - 1, %eax
        inc     %eax                            # bytes up to the page's end
        and     $-MC_SIZE, %eax
        jz      multicall_straddling
        cmp     $MC_CHUNK * MC_SIZE, %eax
        jbe     1f
        mov     $MC_CHUNK * MC_SIZE, %eax
1:      add     %eax, %edi
        cmp     MC_END, %edi
        cmova   MC_END, %edi
        sub     %edi, %esi
        jmp     multicall_entry
multicall_straddling:
        add     $MC_SIZE, %edi
        mov     $-MC_SIZE, %esi
        MAY_FAULT multicall_fault, testl $0, MC_ARG(5)
        jmp     multicall_entry

/*
 * Something is to be done before the guest goes on, or others have waited long: see whether the rest of the calls may
 * still be made.
 */
multicall_work:
        lea     MC_SIZE(%edi,%esi), %eax
        mov     MC_END, %edx
        call    multicall_go_on                 # (next, end)
        test    %al, %al
        jnz     multicall_next
multicall_done:
        add     $4, %esp
multicall_empty:
        xor     %eax, %eax
2:      pop     %ebx
        pop     %edi
        pop     %esi
        pop     %ecx
        pop     %edx
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET
multicall_fault:
        andl    $~WORK_RESTART, CPU(work)       # the entry of that call has become unreadable
        add     $4, %esp
multicall_out_of_range:
        mov     $-EFAULT, %eax
        jmp     2b

.macro FETCH_ARG n, reg, fault=multicall_fault
        MAY_FAULT \fault, mov MC_ARG(\n), \reg
.endm

.macro C_ENTRY entry, name, args, result
ENTRY(\entry)
    .if \args >= 5
        FETCH_ARG 4, %edx
        FETCH_ARG 3, %eax
        push    %edx
        push    %eax
    .elseif \args >= 4
        FETCH_ARG 3, %eax
        push    %eax
    .endif
    .if \args >= 4
        FETCH_ARG 0, %eax, multicall_fault_pushed\args
        FETCH_ARG 1, %edx, multicall_fault_pushed\args
        FETCH_ARG 2, %ecx, multicall_fault_pushed\args
    .else
      .if \args >= 1
        FETCH_ARG 0, %eax
      .endif
      .if \args >= 2
        FETCH_ARG 1, %edx
      .endif
      .if \args >= 3
        FETCH_ARG 2, %ecx
      .endif
    .endif
        call    do_\name
    .if \args >= 4
        add     $4 * (\args - 3), %esp
    .endif
        jmp     \result
.endm

multicall_fault_pushed5:
        add     $4, %esp
multicall_fault_pushed4:
        add     $4, %esp
        jmp     multicall_fault

/* The piece of a HOT call is multicall_<name>_c, which calls C, unless another file here has one. */
.macro HOT_ENTRY name, args
        C_ENTRY multicall_\name\()_c, \name, \args, multicall_long_result
        .weak   multicall_\name
        .set    multicall_\name, multicall_\name\()_c
.endm

#define ENTRY_LEAF(name, args)
#define ENTRY_HOT(name, args)  HOT_ENTRY name, args
#define ENTRY_FAST(name, args) C_ENTRY multicall_##name, name, args, multicall_long_result
#define ENTRY_FULL(name, args)
#define HYPERCALL(number, name, args, tier, text) ENTRY_##tier(name, args)
#include <xen/hypercalls.def>

/* The leaf calls: leaf.S explains them. */
ENTRY(multicall_xen_version)
        MAY_FAULT multicall_fault, cmpl $0, MC_ARG(0)
        jne     1f
        MAY_FAULT multicall_fault, movl $XEN_VERSION, MC_RESULT
        MULTICALL_NEXT
1:      FETCH_ARG 0, %eax
        FETCH_ARG 1, %edx
        call    do_xen_version
        jmp     multicall_long_result

ENTRY(multicall_fpu_taskswitch)
        FETCH_ARG 0, %eax
        cmp     %eax, HV(VCPU_guest_cr0_ts(%ebx))
        jne     1f
        MAY_FAULT multicall_fault, movl $0, MC_RESULT
        MULTICALL_NEXT
1:      call    do_fpu_taskswitch
        jmp     multicall_result

ENTRY(multicall_stack_switch)
        FETCH_ARG 0, %eax
        FETCH_ARG 1, %edx
        test    $3, %al
        jz      2f
1:      mov     %edx, HV(tss + TSS_esp1)
        mov     %ax, HV(tss + TSS_ss1)
        xor     %eax, %eax
        jmp     multicall_result
2:      or      $1, %eax
        jmp     1b

ENTRY(multicall_get_debugreg)
        FETCH_ARG 0, %eax
        cmp     $7, %eax
        cmova   %cs:bad_debugreg, %eax
        mov     HV(VCPU_debugreg(%ebx,%eax,4)), %eax
        jmp     multicall_result

/* iret replaces the guest's registers, so the entries behind it are not done (XSA-213). */
ENTRY(multicall_iret)
        add     $4, %esp
        pop     %ebx
        pop     %edi
        pop     %esi
        pop     %ecx
        pop     %edx
        jmp     hypercall_iret

/* No multicall in a multicall, as on Xen. */
ENTRY(multicall_multicall)
        mov     $-EINVAL, %eax
        jmp     multicall_result
ENTRY(multicall_enosys)
        mov     $-ENOSYS, %eax
        jmp     multicall_result
