/* SPDX-License-Identifier: MIT */
/*
 * The trace of hypercalls (xen/trace.h): its gate, an entry of a multicall, and the way out. What is executed between
 * the two RDTSCs is the call and a known number of the clock's own instructions (TRACE_CLOCK_ON, TRACE_CLOCK_OFF).
 */
#include <asm/asm.h>

#if COUNTERS
        .text

/* TRACE_CLOCK_ON instructions behind RDTSC, with the jump. */
.macro CLOCK_ON to
        push    %eax
        push    %edx
        rdtsc
        mov     %eax, CPU(trace_since)
        mov     %edx, CPU(trace_since) + 4
        pop     %edx
        pop     %eax
        jmp     \to
.endm

/* TRACE_CLOCK_OFF in front of it. EDX:EAX: the time. */
.macro CLOCK_OFF
        push    %eax
        push    %edx
        rdtsc
.endm

/* In the place of `hypercall`, behind the gate. */
ENTRY(hypercall_traced)
        push    $HYPERCALL_ENTRY
        SAVE_REGS
        mov     %esp, %eax
        call    trace_call
        RESTORE_REGS
        CLOCK_ON hypercall

/* multicall.S, before an entry's call: EAX has its number, and ECX and EDX are free. */
        .weak   multicall_untraced              # the plain entry path has none
ENTRY(multicall_traced)
        CLOCK_OFF
        lea     (%edi,%esi), %ecx
        call    trace_entry                     # (now, entry)
        pop     %edx
        pop     %eax
        CLOCK_ON multicall_untraced

/* GUEST_IRET. */
ENTRY(trace_iret)
        CLOCK_OFF
        push    %ecx
        mov     8(%esp), %ecx
        call    trace_return                    # (now, result)
        pop     %ecx
        pop     %edx
        pop     %eax
        MAY_FAULT guest_iret_fault, iret
#endif
