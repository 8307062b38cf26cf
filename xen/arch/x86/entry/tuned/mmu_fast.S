/* SPDX-License-Identifier: MIT */
/*
 * The hot part of mmu_update and update_va_mapping: updates of L1 entries by their owner, one or a batch. Everything
 * else (other tables, other domains, first uses as a type, frames beyond RAM ...) goes to mmu_update.c, together with
 * the words that have been read. Both follow the rules of docs/memory.md.
 *
 * mmu_update remembers the table that it found last, the held one (this_cpu.held): an L1 table of the domain that runs,
 * validated, in its window. Whoever changes one of these facts calls forget_held_table(), which leaves no address below
 * held.limit: so there is no way around looking the table up again.
 */
#include <asm/change_entry.h>
#include <asm/flush.h>
#include <asm/page.h>
#include <asm/window.h>
#include <public/xen.h>
#include <public/errno.h>

/* A request of mmu_update: machine address of the entry, and its new value. */
#define PTR_LO(request)  HV(REQUEST_ptr request)
#define PTR_HI(request)  HV(REQUEST_ptr + 4 request)
#define VAL_LO(request)  HV(REQUEST_val request)
#define VAL_HI(request)  HV(REQUEST_val + 4 request)
#define SINGLE           (%ebx)
#define NEXT             (%ebp,%ebx)            /* of a batch */
#define REQUESTS_END     (HYP_START - REQUEST_SIZE + 1)

        .text

/* mmu_update's third argument, EDX, points to where the number of updates done, ECX, goes. NULL or a bad address is no
 * error. */
.macro STORE_SUCCESS
        test    %edx, %edx
        jz      .Lstored\@
        cmp     $HYP_START - 4, %edx
        ja      .Lstored\@
        MAY_FAULT .Lstored\@, mov %ecx, HV((%edx))
.Lstored\@:
.endm

/* ECX:EDI: the pointer that a request gives. Falls through with the entry's offset in EDI if that is in the held table.
 * \other: EDI is the low word XOR the held table's. */
.macro IN_HELD_TABLE other
        xor     CPU(held_lo), %edi
        test    $~0xFF8, %edi
        jnz     \other
        cmp     CPU(held_hi), %ecx
        jne     \other
.endm

/* The L1 table of the pointer ECX:EAX becomes the held one, and EDI is the entry's offset in it. \otherwise: it is not
 * one of the domain's own; ECX:EAX is still the pointer. EDX: the domain. Loses ESI. */
.macro HOLD_TABLE otherwise
        test    $~0xFFF, %ecx
        jnz     \otherwise
        FRAME_NUMBER %eax, %ecx, %esi, \otherwise
        mov     %esi, %edi
        shl     $4, %esi
        mov     CPU(domain), %edx
        cmp     %edx, FRAME(owner)
        jne     \otherwise
        movzbl  FRAME(type_info), %esi
        and     $~PGT_PINNED, %esi
        cmp     $PGT_L1_VALIDATED, %esi
        jne     \otherwise
        FIND_WINDOW %edi, %esi, WIN_L1_FIRST, WIN_L1_SLOTS, .Lmap\@
        add     $WINDOWS_START + WIN_L1_FIRST * PAGE_SIZE, %esi
.Lmapped\@:
        mov     %esi, CPU(held_window)
        mov     %ecx, CPU(held_hi)
        mov     %eax, %edi
        and     $~0xFFF, %eax
        mov     %eax, CPU(held_lo)
        and     $0xFF8, %edi
        movl    $REQUESTS_END, CPU(held_limit)
        .subsection 1
.Lmap\@:
        push    %eax
        push    %ecx
        mov     %edi, %eax
        call    map_l1_window
        mov     %eax, %esi
        pop     %ecx
        pop     %eax
        mov     CPU(domain), %edx
        jmp     .Lmapped\@
        .previous
.endm

/* ECX: how many of one request were done. Loses EAX. */
.macro COUNT_SINGLE
#if COUNTERS
        push    %ecx
        push    %edx
        mov     $1, %eax
        mov     %ecx, %edx
        call    count_batch                     # (requests, done)
        pop     %edx
        pop     %ecx
#endif
.endm

/* The way out after one request that was done. */
.macro SINGLE_DONE
        pop     %edi
        pop     %edx
        mov     $1, %ecx
        COUNT_SINGLE
        xor     %eax, %eax
        STORE_SUCCESS
        mov     $DOMID_SELF, %esi
        GUEST_IRET
.endm

/*
 * mmu_update(EBX: requests, ECX: count, EDX: success, ESI: domain).
 *
 * One request is the most frequent call of real guests. It has code of its own, with as few registers as possible: ECX
 * and ESI are not saved, because their values are known.
 */
ENTRY(hypercall_mmu_update)
        cmp     $DOMID_SELF, %esi
        jne     hypercall_mmu_update_c
        cmp     $1, %ecx
        jne     mmu_update_batch
        cmp     CPU(held_limit), %ebx
        jae     mmu_update_find
        push    %edx
        push    %edi
        MAY_FAULT .Lsingle_fault, mov PTR_LO(SINGLE), %edi
        MAY_FAULT .Lsingle_fault, mov PTR_HI(SINGLE), %ecx
        IN_HELD_TABLE mmu_update_another
.Lsingle_held:
        add     CPU(held_window), %edi
        MAY_FAULT .Lsingle_fault, mov VAL_LO(SINGLE), %eax
        MAY_FAULT .Lsingle_fault, mov VAL_HI(SINGLE), %ecx
        STORE_IF_HARMLESS mmu_update_change
        SINGLE_DONE

mmu_update_change:
        mov     CPU(domain), %edx
        CHANGE_ENTRY mmu_update, .Lsingle_slow, .Lsingle_put_slow, differs=1
        SINGLE_DONE

.Lsingle_slow:
        CHANGE_IN_C
        jmp     .Lsingle_result
.Lsingle_put_slow:
        PUT_OLD_IN_C
        SINGLE_DONE

mmu_update_find:                                # no table is held, or the request is too high
        cmp     $REQUESTS_END, %ebx
        jae     hypercall_mmu_update_c
        push    %edx
        push    %edi
        MAY_FAULT .Lsingle_fault, mov PTR_LO(SINGLE), %eax
        MAY_FAULT .Lsingle_fault, mov PTR_HI(SINGLE), %ecx
        jmp     1f
mmu_update_another:
        xor     CPU(held_lo), %edi
        mov     %edi, %eax
1:      test    $7, %al
        jnz     mmu_update_other
        HOLD_TABLE mmu_update_other
        jmp     .Lsingle_held

/* Not a plain L1 entry: ECX:EAX the pointer, which has been read already. */
mmu_update_other:
        mov     %ecx, %edx
        MAY_FAULT .Lsingle_fault, mov VAL_HI(SINGLE), %esi
        MAY_FAULT .Lsingle_fault, mov VAL_LO(SINGLE), %ecx
        push    %esi
        call    mmu_update_one                  # (pointer low, high, entry low, high)
        add     $4, %esp
.Lsingle_result:
        xor     %ecx, %ecx
        test    %eax, %eax
        setz    %cl
.Lsingle_exit:                                  # ECX: how many were done
        pop     %edi
        pop     %edx
        push    %eax
        COUNT_SINGLE
        pop     %eax
        STORE_SUCCESS
        mov     $1, %ecx
        mov     $DOMID_SELF, %esi
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET
.Lsingle_fault:
        call    refuse_access
        xor     %ecx, %ecx
        jmp     .Lsingle_exit

/*
 * Several requests, with struct batch_frame (asm-offsets.c) on the stack. EBP: where the chunk ends; EBX: the request,
 * counted from there, so that it gets to 0.
 */
#define BATCH(field)  BATCH_##field(%esp)
#define BATCH_CHUNK   64                        /* requests: then interrupts get a chance */

/* Goes on at \entry with the next request of the chunk, if there is one. */
.macro BATCH_NEXT entry
        add     $REQUEST_SIZE, %ebx
        jnz     \entry
.endm

mmu_update_batch:                               # the flags: count compared with 1
        jb      hypercall_mmu_update_c
        cmp     $HYP_START / REQUEST_SIZE, %ecx
        ja      hypercall_mmu_update_c
        push    %ebp
        push    %edi
        push    %edx
        push    %ecx
        push    %ebx
        shl     $4, %ecx
        add     %ebx, %ecx
        jc      .Lbatch_out_of_range
        cmp     $HYP_START, %ecx
        ja      .Lbatch_out_of_range
        push    %ecx

.Lbatch_chunk:                                  # EBX: the address of the request
        lea     BATCH_CHUNK * REQUEST_SIZE(%ebx), %ebp
        cmp     BATCH(end), %ebp
        cmova   BATCH(end), %ebp
        sub     %ebp, %ebx

.Lbatch_fresh:                                  # perhaps no table is held any more
        mov     CPU(domain), %edx
        cmpl    $0, CPU(held_limit)
        je      mmu_update_batch_find
mmu_update_batch_entry:
        MAY_FAULT .Lbatch_fault, mov PTR_LO(NEXT), %edi
        MAY_FAULT .Lbatch_fault, mov PTR_HI(NEXT), %ecx
        IN_HELD_TABLE mmu_update_batch_another
.Lbatch_held:
        add     CPU(held_window), %edi
        MAY_FAULT .Lbatch_fault, mov VAL_LO(NEXT), %eax
        MAY_FAULT .Lbatch_fault, mov VAL_HI(NEXT), %ecx
        STORE_IF_HARMLESS mmu_update_batch_change
.Lbatch_done:
        BATCH_NEXT mmu_update_batch_entry
mmu_update_batch_pause:
        cmp     BATCH(end), %ebp
        je      mmu_update_batch_end
#if COUNTERS
        call    count_preemption
#endif
        call    pause_point
        mov     %ebp, %ebx
        test    %al, %al
        jz      .Lbatch_chunk
        mov     %ebp, %eax                      # the guest makes another call for the rest
        mov     BATCH(end), %edx
        call    mmu_update_again                # (next, end)
        xor     %ebx, %ebx
        jmp     .Lbatch_stopped

.macro BATCH_CHANGED
        BATCH_NEXT mmu_update_batch_entry
        jmp     mmu_update_batch_pause
.endm
mmu_update_batch_change:
        CHANGE_ENTRY mmu_update_batch, mmu_update_batch_slow, .Lbatch_put_slow, differs=1, done=BATCH_CHANGED
        BATCH_CHANGED

mmu_update_batch_end:
        xor     %eax, %eax
        mov     BATCH(count), %ecx
.Lbatch_exit:                                   # ECX: how many were done
#if COUNTERS
        push    %eax
        push    %ecx
        mov     8 + BATCH(count), %eax
        mov     %ecx, %edx
        call    count_batch
        pop     %ecx
        pop     %eax
#endif
        mov     BATCH(success), %edx
        STORE_SUCCESS
        pop     %ebx
.Lbatch_restore:
        pop     %ebx
        pop     %ecx
        pop     %edx
        pop     %edi
        pop     %ebp
        mov     $DOMID_SELF, %esi
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

.Lbatch_out_of_range:
        mov     %ebx, %eax
        call    refuse_pointer
        jmp     .Lbatch_restore
.Lbatch_fault:
        call    refuse_access
.Lbatch_stopped:                                # at a request that was not done
        lea     (%ebp,%ebx), %ecx
        sub     BATCH(requests), %ecx
        shr     $4, %ecx
        jmp     .Lbatch_exit

mmu_update_batch_slow:
        CHANGE_IN_C
        test    %eax, %eax
        jnz     .Lbatch_stopped
.Lbatch_next:
        BATCH_NEXT .Lbatch_fresh
        jmp     mmu_update_batch_pause
.Lbatch_put_slow:
        PUT_OLD_IN_C
        cmpl    $0, CPU(effort_left)
        jge     .Lbatch_next
.Lbatch_long:                                   # it took long: the chunk ends here
        lea     REQUEST_SIZE(%ebp,%ebx), %ebp
        jmp     mmu_update_batch_pause

mmu_update_batch_find:
        MAY_FAULT .Lbatch_fault, mov PTR_LO(NEXT), %eax
        MAY_FAULT .Lbatch_fault, mov PTR_HI(NEXT), %ecx
        test    $7, %al
        jnz     mmu_update_batch_command
.Lbatch_hold:
        HOLD_TABLE mmu_update_batch_other
        jmp     .Lbatch_held

/* Another table than the held one, or another command: EDI is the pointer's low word XOR the held table's. */
mmu_update_batch_another:
        mov     %edi, %eax
        and     $~0xFF8, %eax
        cmp     $MMU_PT_UPDATE_PRESERVE_AD, %eax
        jne     1f
        cmp     CPU(held_hi), %ecx
        jne     1f
        xor     %eax, %edi
.Lbatch_preserve:                               # an entry that keeps Accessed and Dirty
        add     CPU(held_window), %edi
        MAY_FAULT .Lbatch_fault, mov VAL_LO(NEXT), %eax
        MAY_FAULT .Lbatch_fault, mov VAL_HI(NEXT), %ecx
        mov     SLOT_LO, %esi
        and     $_PAGE_ACCESSED | _PAGE_DIRTY, %esi
        or      %esi, %eax
        STORE_IF_HARMLESS mmu_update_batch_change
        jmp     .Lbatch_done
1:      mov     %edi, %eax
        xor     CPU(held_lo), %eax
        test    $7, %al
        jz      .Lbatch_hold

mmu_update_batch_command:
        mov     %eax, %esi
        and     $7, %esi
        cmp     $MMU_PT_UPDATE_PRESERVE_AD, %esi
        jne     mmu_update_batch_other
        HOLD_TABLE mmu_update_batch_other
        jmp     .Lbatch_preserve

mmu_update_batch_other:                         # ECX:EAX the pointer
        mov     %ecx, %edx
        MAY_FAULT .Lbatch_fault, mov VAL_HI(NEXT), %esi
        MAY_FAULT .Lbatch_fault, mov VAL_LO(NEXT), %ecx
        push    %esi
        call    mmu_update_in_batch             # (pointer low, high, entry low, high)
        add     $4, %esp
        test    %eax, %eax
        jz      .Lbatch_next
        js      .Lbatch_stopped
        jmp     .Lbatch_long

/* The other way round than FIND_ENTRY: the page that an entry of that table maps. */
.macro PAGE_OF_ENTRY entry
        and     $0xFF8, \entry
        shl     $PAGE_SHIFT - 3, \entry
        add     CPU(va_start), \entry
.endm

.macro VA_RESTORE
        pop     %ecx
        pop     %edx
        pop     %edi
        pop     %esi
.endm

/* The way out after the entry was changed. */
.macro VA_DONE
        xor     %eax, %eax
        testb   $UVMF_FLUSHTYPE_MASK, VA_flags(%esp)
        jnz     update_va_mapping_flush
        VA_RESTORE
        GUEST_IRET
.endm

/*
 * update_va_mapping(EBX: address, ECX, EDX: new entry, ESI: flags). The L1 table of the last address is remembered
 * (this_cpu.va_table) for as long as nothing above it changes.
 */
ENTRY(hypercall_update_va_mapping)
        push    %esi
        push    %edi
        push    %edx
        push    %ecx
        mov     %ebx, %edi
        FIND_ENTRY .Lva_in_c
        mov     %ecx, %eax
        mov     %edx, %ecx
        STORE_IF_HARMLESS update_va_mapping_change
        VA_DONE

update_va_mapping_change:
        mov     CPU(domain), %edx
        CHANGE_ENTRY update_va_mapping, .Lva_in_c, update_va_mapping_slow, differs=1
        VA_DONE

update_va_mapping_flush:
        cmpl    $UVMF_INVLPG | UVMF_LOCAL, VA_flags(%esp)
        jne     1f
        FLUSH_PAGE %ebx                         # below the hypervisor: its table has been found
        VA_RESTORE
        GUEST_IRET
1:      cmpl    $UVMF_TLB_FLUSH | UVMF_LOCAL, VA_flags(%esp)
        jne     2f
        FLUSH_TLB %ecx
        VA_RESTORE
        GUEST_IRET
2:      mov     VA_flags(%esp), %edx            # flush_after_va(va, flags)
        mov     %ebx, %eax
        call    flush_after_va
        VA_RESTORE
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET
update_va_mapping_slow:
        PUT_OLD_IN_C
        VA_DONE
.Lva_in_c:                                      # nothing has been changed: C does the whole call
        VA_RESTORE
        jmp     hypercall_update_va_mapping_c

/*
 * The same within a multicall: multicall.S explains the registers. If the short way does not do, C's piece starts again
 * and reads the arguments anew.
 */
ENTRY(multicall_update_va_mapping)
        push    %esi
        push    %edi
        MAY_FAULT .Lmc_va_fault, mov MC_ARG(1), %eax
        MAY_FAULT .Lmc_va_fault, mov MC_ARG(2), %ecx
        MAY_FAULT .Lmc_va_fault, mov MC_ARG(0), %edi
        FIND_ENTRY .Lmc_va_in_c
        mov     SLOT_LO, %esi
        xor     %eax, %esi
        mov     CPU(domain), %edx
        CHANGE_ENTRY multicall_update_va_mapping, .Lmc_va_in_c, .Lmc_va_put_slow
        mov     %edi, %eax
        pop     %edi
        pop     %esi
        MAY_FAULT multicall_fault, mov MC_ARG(3), %edx
        test    $UVMF_FLUSHTYPE_MASK, %dl
        jnz     .Lmc_va_flush
        MAY_FAULT multicall_fault, movl $0, MC_RESULT
        MULTICALL_NEXT                          # as after leaf calls, nothing is left to be done
.Lmc_va_flush:
        PAGE_OF_ENTRY %eax
        call    flush_after_va                  # (address, flags)
        MULTICALL_RESULT
.Lmc_va_put_slow:
        PAGE_OF_ENTRY %edi
        PUT_OLD_IN_C
        mov     %edi, %eax
        pop     %edi
        pop     %esi
        MAY_FAULT multicall_fault, mov MC_ARG(3), %edx
        test    $UVMF_FLUSHTYPE_MASK, %dl
        jnz     .Lmc_va_put_flush
        xor     %eax, %eax
        jmp     multicall_long_result           # a frame of a dead domain may have been cleared
.Lmc_va_put_flush:
        call    flush_after_va                  # (address, flags)
        jmp     multicall_long_result
.Lmc_va_in_c:                                   # nothing has been changed: C does the whole call
        pop     %edi
        pop     %esi
        jmp     multicall_update_va_mapping_c
.Lmc_va_fault:
        pop     %edi
        pop     %esi
        jmp     multicall_fault
