/* SPDX-License-Identifier: MIT */
/*
 * The hot part of mmuext_op: one flush of the caller's own, or one change of its base pointer. mm/mmuext.c does
 * everything else.
 *
 * EBX: the operation; ECX: how many; EDX: where to tell how many were done; ESI: domain. The values of ECX and EDX are
 * known here, so they need not be saved. No work can be waiting, not even a flush: that of the guest's last exit is
 * done. So only after a call of C it is looked for.
 */
#include <asm/asm.h>
#include <asm/flush.h>
#include <public/xen.h>

        .text

ENTRY(hypercall_mmuext_op)
        cmp     $1, %ecx
        jne     hypercall_mmuext_op_c
        test    %edx, %edx
        jnz     hypercall_mmuext_op_c
        cmp     $DOMID_SELF, %esi
        jne     hypercall_mmuext_op_c
        cmp     $HYP_START - MMUEXT_SIZE, %ebx
        ja      hypercall_mmuext_op_c
        MAY_FAULT mmuext_fault, mov HV(MMUEXT_cmd(%ebx)), %eax
        cmp     $MMUEXT_TLB_FLUSH_LOCAL, %eax
        jne     mmuext_other
mmuext_flush:
        FLUSH_TLB %eax
mmuext_done:
        xor     %eax, %eax
        GUEST_IRET

mmuext_other:
        MAY_FAULT mmuext_fault, mov HV(MMUEXT_arg1(%ebx)), %ecx
        cmp     $MMUEXT_INVLPG_LOCAL, %eax
        jne     mmuext_base
        cmp     $HYP_START, %ecx
        jae     1f                              # of the hypervisor's: it has no effect
        FLUSH_PAGE %ecx
1:      mov     $1, %ecx
        jmp     mmuext_done

mmuext_base:
        cmp     $MMUEXT_NEW_BASEPTR, %eax
        jne     mmuext_in_c
        mov     CPU(current), %eax
        cmp     %ecx, HV(VCPU_guest_l3(%eax))
        je      mmuext_same_base
        mov     %ecx, %eax
        call    new_base_pointer
mmuext_c_done:
        mov     $1, %ecx
        xor     %edx, %edx
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

mmuext_in_c:                                    # other_single_op(cmd, arg1, the operation)
        mov     %ecx, %edx
        mov     %ebx, %ecx
        call    other_single_op
        jmp     mmuext_c_done
mmuext_same_base:
        mov     $1, %ecx
        jmp     mmuext_flush
mmuext_fault:                                   # C begins anew
        mov     $1, %ecx
        jmp     hypercall_mmuext_op_c

/*
 * One change of the caller's base pointer in a multicall, as a switch between processes has it: multicall.S explains
 * the registers. C's piece reads the arguments again.
 */
ENTRY(multicall_mmuext_op)
        MAY_FAULT multicall_fault, cmpl $1, MC_ARG(1)
        jne     multicall_mmuext_op_c
        MAY_FAULT multicall_fault, cmpl $0, MC_ARG(2)
        jne     multicall_mmuext_op_c
        MAY_FAULT multicall_fault, cmpl $DOMID_SELF, MC_ARG(3)
        jne     multicall_mmuext_op_c
        MAY_FAULT multicall_fault, mov MC_ARG(0), %ecx
        cmp     $HYP_START - MMUEXT_SIZE, %ecx
        ja      multicall_mmuext_op_c
        MAY_FAULT multicall_mmuext_op_c, cmpl $MMUEXT_NEW_BASEPTR, HV(MMUEXT_cmd(%ecx))
        jne     multicall_mmuext_op_c
        MAY_FAULT multicall_mmuext_op_c, mov HV(MMUEXT_arg1(%ecx)), %eax
        call    new_base_pointer
        jmp     multicall_long_result
