/* SPDX-License-Identifier: MIT */
/*
 * The measured loops. Each exists twice: <name> does the thing, <name>_empty leaves it out and is equal otherwise, so that
 * the difference is the thing alone. Under TCG with icount the difference is exact.
 *
 *     uint64_t loop(struct bench_call *calls, struct bench_call *end)
 */
#include <public/xen.h>
#include "cow.h"

        .text

/* loop_begin: up to the call. loop_end: from after the call to the store of EAX. EBP points to the call, (%esp) is the
 * end of the array. */
        .macro  loop_begin name:req
        .balign 64
        .globl  \name
        .type   \name, @function
\name:  push    %ebp
        push    %ebx
        push    %esi
        push    %edi
        mov     20(%esp), %ebp
        pushl   24(%esp)
        lfence
        rdtsc
        push    %edx
        push    %eax
        pushl   8(%esp)
        lfence
        .balign 16
1:      mov     0(%ebp), %eax
        mov     4(%ebp), %ebx
        mov     8(%ebp), %ecx
        mov     12(%ebp), %edx
        mov     16(%ebp), %esi
        mov     20(%ebp), %edi
        .endm

        .macro  loop_end
        mov     %eax, 24(%ebp)
        add     $32, %ebp
        cmp     (%esp), %ebp
        jne     1b
        lfence
        rdtsc
        sub     4(%esp), %eax
        sbb     8(%esp), %edx
        add     $16, %esp
        pop     %edi
        pop     %esi
        pop     %ebx
        pop     %ebp
        ret
        .endm

/* The least that a kernel does when an event has come. EAX keeps the answer of the call. */
        .macro  clear_event
        mov     bench_pending_word, %ecx
        mov     shared_info, %edx
        movl    $0, (%ecx)
        movl    $0, 4(%edx)             /* evtchn_pending_sel */
        movb    $0, 0(%edx)             /* evtchn_upcall_pending */
        .endm

        loop_begin empty_loop
        loop_end

        loop_begin int82_loop
        int     $0x82
        loop_end

        loop_begin page_loop
        call    *%eax
        loop_end

        loop_begin send_loop
        int     $0x82
        clear_event
        loop_end

        loop_begin send_empty_loop
        clear_event
        loop_end

/* The instruction faults. An instruction that faults does not count as executed. */
        loop_begin read_loop
        mov     (%ebx), %eax
        loop_end

        loop_begin store_loop
        mov     %eax, (%ebx)
        loop_end

        loop_begin store_halves_loop
        mov     %eax, (%ebx)
        mov     %ecx, 4(%ebx)
        loop_end

        loop_begin store_xchg_loop
        xchg    %eax, (%ebx)
        loop_end

        loop_begin store_cmpxchg8b_loop
        lock cmpxchg8b (%esi)
        loop_end

        loop_begin store_exchange_loop
2:      lock cmpxchg8b (%esi)
        jne     2b
        loop_end

        loop_begin store_andb_loop
        lock andb $~2, (%ebx)
        loop_end

/* A step is a call, or a store of one of two kinds: bench.h. */
        .macro  steps_loop name:req, measured:req
        loop_begin \name
        cmpl    $1, 28(%ebp)
        ja      3f
        je      2f
        .if     \measured
        int     $0x82
        .endif
        jmp     4f
2:
        .if     \measured
        lock andb $~2, (%ebx)
        .endif
        jmp     4f
3:
        .if     \measured
        xchg    %eax, (%ebx)
        mov     %ecx, 4(%ebx)
        .endif
4:
        loop_end
        .endm
        steps_loop steps_loop_full, 1
        steps_loop steps_loop_empty, 0

        loop_begin soft_int_loop
        int     $0x81
        loop_end

        loop_begin read_cr3_loop
        mov     %cr3, %eax
        loop_end

        loop_begin cpuid_loop
        XEN_CPUID
        loop_end

/* Reads bench_refill_pages pages from bench_refill_from on. Each read needs a TLB entry of its own. EAX is kept. */
        .macro  read_pages
        mov     bench_refill_pages, %ecx
        mov     bench_refill_from, %edx
2:      cmpb    $0, (%edx)
        add     $4096, %edx
        dec     %ecx
        jnz     2b
        .endm

        loop_begin refill_loop
        int     $0x82
        read_pages
        loop_end

        loop_begin refill_empty_loop
        read_pages
        loop_end

/* A loop for ring 3, to be copied to a page of its own. EDI: the number of turns, below 2^16. Bit 31 set: the call is
 * left out. */
        .globl  syscall_user, user_leave, syscall_user_end
syscall_user:
1:      test    %edi, %edi
        js      2f
        int     $0x80
2:      dec     %edi
        test    %di, %di
        jnz     1b
user_leave:
        int     $0x20
syscall_user_end:

/* The same with a read where nothing is mapped, of two bytes, too. */
        .globl  fault_user, fault_user_end
fault_user:
        xor     %ebx, %ebx
1:      test    %edi, %edi
        js      2f
        mov     (%ebx), %eax
2:      dec     %edi
        test    %di, %di
        jnz     1b
        int     $0x20
fault_user_end:

/* The same with a store to one page after another. Bits 16 to 30 of EDI: the number of the first page. */
        .globl  cow_user, cow_user_end
cow_user:
        mov     %edi, %ebx              /* where the first page is */
        shr     $16, %ebx
        and     $0x7fff, %ebx
        shl     $12, %ebx
        add     $BENCH_COW_VA, %ebx
1:      test    %edi, %edi
        js      2f
        movb    $0x5a, (%ebx)
2:      add     $4096, %ebx
        dec     %edi
        test    %di, %di
        jnz     1b
        int     $0x20
cow_user_end:

/* What a kernel does about such a fault, at least: bench_cow_entries[] has the page's new entry. */
        .macro  cow_begin               /* EBX: the address. EBP: the page's index */
        pusha
        mov     shared_info, %eax
        mov     8(%eax), %ebx           /* vcpu_info[0].arch.cr2 */
        mov     %ebx, %ebp
        sub     $BENCH_COW_VA, %ebp
        shr     $12, %ebp
        .endm

        .macro  cow_end flags:req
        mov     bench_cow_entries(,%ebp,8), %ecx
        mov     bench_cow_entries + 4(,%ebp,8), %edx
        mov     $\flags, %esi
        mov     $14, %eax               /* update_va_mapping */
        int     $0x82
        incl    bench_entry_count
        popa
        add     $4, %esp
        iret
        .endm

        .globl  entry_cow
        .balign 16
entry_cow:
        cow_begin
        cow_end 2                       /* UVMF_INVLPG */

        .globl  entry_cow_stores
        .balign 16
entry_cow_stores:
        cow_begin
        mov     bench_cow_slots(,%ebp,4), %edi
        xor     %eax, %eax
        xchg    %eax, (%edi)
        movl    $0, 4(%edi)
        push    %ebx
        mov     %ebx, bench_cow_flush + 4
        mov     $bench_cow_flush, %ebx
        mov     $1, %ecx
        xor     %edx, %edx
        mov     $0x7ff0, %esi           /* DOMID_SELF */
        mov     $26, %eax               /* mmuext_op */
        int     $0x82
        pop     %ebx
        cow_end 0

        .globl  entry_skip2
        .balign 16
entry_skip2:
        pop     %eax
        addl    $2, (%esp)
        iret

        .globl  entry_skip2_hypercall
        .balign 16
entry_skip2_hypercall:
        pop     %eax
        addl    $2, (%esp)
        jmp     hypercall_page + 23 * HYPERCALL_STUB_SIZE

        .globl  entry_soft_int
        .balign 16
entry_soft_int:
        iret

        .globl  entry_count
        .balign 16
entry_count:
        incl    bench_entry_count
        iret

        .globl  entry_count_skip2       /* a page fault's */
        .balign 16
entry_count_skip2:
        add     $4, %esp
        addl    $2, (%esp)
        incl    bench_entry_count
        iret

        .globl  entry_event
        .balign 16
entry_event:
        clear_event
        incl    bench_entry_count
        movb    $0, 1(%edx)             /* evtchn_upcall_mask */
        iret
        .size   entry_event, . - entry_event

/* Waiting for an interrupt. Before each instruction up to the loop's end, EAX holds the last reading. */
        .globl  bench_await_event
        .balign 16
bench_await_event:
        mov     shared_info, %ecx
        rdtsc
        movb    $0, 1(%ecx)             /* evtchn_upcall_mask */
        cmpb    $0, 0(%ecx)             /* evtchn_upcall_pending */
        jne     2f
        .balign 16
1:      rdtsc
        jmp     1b
2:      xor     %eax, %eax
3:      mov     shared_info, %ecx
        movb    $1, 1(%ecx)
        ret

/* If the JMP was the last instruction, it ran between the two readings, and is not counted. */
        .globl  entry_stamp
        .balign 16
entry_stamp:
        mov     %eax, %ecx
        rdtsc
        sub     %ecx, %eax
        cmpl    $1b, (%esp)
        jne     4f
        dec     %eax
4:      clear_event
        incl    bench_entry_count
        movl    $3b, (%esp)
        iret
        .size   entry_stamp, . - entry_stamp

        .globl  bench_await_nothing
bench_await_nothing:
        rdtsc
        mov     %eax, %ecx
        rdtsc
        sub     %ecx, %eax
        ret

        .section .rodata
        .macro  loop_pair name:req, measured:req, empty:req
        .globl  \name
        .size   \name, 8
\name:  .long   \measured, \empty
        .endm
        loop_pair loop_int82, int82_loop, empty_loop
        loop_pair loop_page, page_loop, empty_loop
        loop_pair loop_send, send_loop, send_empty_loop
        loop_pair loop_read, read_loop, empty_loop
        loop_pair loop_store, store_loop, empty_loop
        loop_pair loop_store_halves, store_halves_loop, empty_loop
        loop_pair loop_store_xchg, store_xchg_loop, empty_loop
        loop_pair loop_store_cmpxchg8b, store_cmpxchg8b_loop, empty_loop
        loop_pair loop_store_exchange, store_exchange_loop, empty_loop
        loop_pair loop_store_andb, store_andb_loop, empty_loop
        loop_pair loop_steps, steps_loop_full, steps_loop_empty
        loop_pair loop_soft_int, soft_int_loop, empty_loop
        loop_pair loop_read_cr3, read_cr3_loop, empty_loop
        loop_pair loop_refill, refill_loop, refill_empty_loop
        loop_pair loop_cpuid, cpuid_loop, empty_loop

        .bss
        .globl  bench_entry_count
        .balign 4
bench_entry_count: .long 0
        .globl  bench_pending_word
bench_pending_word: .long 0

        .section .note.GNU-stack, "", @progbits
