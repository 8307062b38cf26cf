/* SPDX-License-Identifier: MIT */
/* Macros of the assembly files: no C, so clang-format stays away. */
/* clang-format off */
#ifndef ASM_ASM_H
#define ASM_ASM_H

#include <asm/layout.h>
#include <asm/offsets.h>
#include <public/xen.h>

/* Error code and vector in the frame of a hypercall. */
#define HYPERCALL_ENTRY (HYPERCALL_VECTOR << 16)

#define ENTRY(name)                                                                                                    \
    .globl name;                                                                                                       \
    .type name, @function;                                                                                             \
    .p2align 4;                                                                                                        \
    name:

/* Constants of the assembly's own, in .rodata. */
#define TABLE(name)                                                                                                    \
    .globl name;                                                                                                       \
    .type name, @object;                                                                                               \
    name:

/* The hypervisor's own data: its segment is SS (docs/entry-path.md). */
#define HV(operand)  %ss:operand
#define CPU(field)   %ss:this_cpu + CPU_##field

/*
 * From ESP, after `pushes` pushes on top of the processor's five words (struct cpu_user_regs from EIP to SS): one of
 * these words, and a field of the vCPU's vcpu_info, which is above the stack's top (asm/layout.h).
 */
#define GUEST_FRAME(pushes, field)  4 * (pushes) + UREGS_##field - UREGS_eip(%esp)
#define VCPU_INFO(pushes, field)    4 * (pushes) + GUEST_FRAME_SIZE + STACK_TO_INFO + VCPUINFO_##field(%esp)

/* In a multicall: an entry of the guest's array (tuned/multicall.S has the registers). */
#define MC_OP      HV(MULTICALL_op(%edi,%esi))
#define MC_RESULT  HV(MULTICALL_result(%edi,%esi))
#define MC_ARG(n)  HV(MULTICALL_args + 4 * (n)(%edi,%esi))

/* An instruction that may fault because of a guest's address or value. Then execution goes on at \to. */
.macro MAY_FAULT to, instruction:vararg
.Lmay_fault\@:
        \instruction
        .pushsection .extable, "a"
        .long   .Lmay_fault\@, \to
        .popsection
.endm

/* The next entry of the array; and that after this one's result, EAX, has been stored. */
.macro MULTICALL_NEXT
        add     $MULTICALL_SIZE, %esi
        jnz     multicall_entry
        jmp     multicall_chunk_done
.endm
.macro MULTICALL_RESULT
        MAY_FAULT multicall_fault, mov %eax, MC_RESULT
        cmpl    $0, CPU(work)
        jne     multicall_work
        MULTICALL_NEXT
.endm

/* Counts one, in a counter or in one of an array of them. As in xen/counters.h there is no code for it in the measured
 * build. */
#if COUNTERS
#define COUNTED(name) .weak counted_##name; .set counted_##name, 1
#define COUNT(name)                                                                                                    \
    COUNTED(name);                                                                                                     \
    addl    $1, HV(int82_counters + COUNTERS_##name);                                                                  \
    adcl    $0, HV(int82_counters + COUNTERS_##name + 4)
#define COUNT_AT(name, index)                                                                                          \
    COUNTED(name);                                                                                                     \
    addl    $1, HV(int82_counters + COUNTERS_##name(,index,8));                                                        \
    adcl    $0, HV(int82_counters + COUNTERS_##name + 4(,index,8))
#else
#define COUNT(name)
#define COUNT_AT(name, index)
#endif

/* Every return to a guest. The guest's CS or SS may have become invalid: then the fault is the guest's own. */
.macro GUEST_IRET
#if COUNTERS
        cmpl    $0, CPU(trace_on)
        jne     trace_iret
#endif
        MAY_FAULT guest_iret_fault, iret
.endm

/* struct cpu_user_regs, from the word with error code and vector down. */
.macro SAVE_REGS
        push    %eax
        push    %ebp
        push    %edi
        push    %esi
        push    %edx
        push    %ecx
        push    %ebx
.endm

.macro RESTORE_REGS
        pop     %ebx
        pop     %ecx
        pop     %edx
        pop     %esi
        pop     %edi
        pop     %ebp
        pop     %eax
        add     $4, %esp
.endm

/* The way out with all registers saved, if there is nothing else to do. */
.macro RESTORE_GUEST
        cmpl    $0, CPU(work)
        jne     exit_work_frame
        RESTORE_REGS
        GUEST_IRET
.endm

#endif
