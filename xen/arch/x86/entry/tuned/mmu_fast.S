/* SPDX-License-Identifier: MIT */
/*
 * The hot part of mmu_update and update_va_mapping: updates of L1 entries by their owner, one or a batch. Everything
 * else (other tables, other domains, first uses as a type, frames beyond RAM ...) goes to mmu_update.c, together with
 * the words that have been read. Both follow the rules of docs/memory.md.
 *
 * Where an entry is changed:
 *              EDI  the entry, in its table's window      EAX, ECX  its new value, low and high
 *              EDX  the domain                            ESI       scratch
 */
#include <asm/asm.h>
#include <asm/flush.h>
#include <asm/frame_table.h>
#include <asm/page.h>
#include <asm/window.h>
#include <public/xen.h>
#include <public/errno.h>

#define SLOT_LO    HV((%edi))
#define SLOT_HI    HV(4(%edi))

/* A request of mmu_update: machine address of the entry, and its new value. */
#define PTR_LO     HV(REQUEST_ptr(%ebx))
#define PTR_HI     HV(REQUEST_ptr + 4(%ebx))
#define VAL_LO     HV(REQUEST_val(%ebx))
#define VAL_HI     HV(REQUEST_val + 4(%ebx))

        .text

/* Stores the entry if it differs in nothing but harmless bits. */
.macro STORE_IF_HARMLESS otherwise
        cmp     SLOT_HI, %ecx
        jne     \otherwise
        mov     SLOT_LO, %esi
        xor     %eax, %esi
        test    $~HARMLESS_BITS, %esi
        jnz     \otherwise
        mov     %eax, SLOT_LO
.endm

/*
 * Changes one entry that differs in more than harmless bits. Goes to \done; to \slow with nothing changed and EDI, EAX,
 * ECX, EDX as they were; or to \put_slow with the entry written, and ECX:EAX the old one, whose references remain to be
 * dropped in C. Keeps EBX, EBP.
 */
.macro CHANGE_ENTRY done, slow, put_slow
        mov     SLOT_LO, %esi
        test    $_PAGE_PRESENT, %al
        jz      .Lclear\@
        test    $L1_REFUSED, %eax
        jnz     \slow
        test    %ecx, HV(refused_hi)            # bits above any frame number; NX where there is none
        jnz     \slow
        test    $_PAGE_PRESENT, %esi
        jnz     .Lreplace\@

        /* Map: the frame must be the domain's own; for a writable entry it must be of the writable type already. */
        FIND_OWN_FRAME \slow
        test    $_PAGE_RW, %al
        jz      1f
        TAKE_WRITABLE_USE \slow, .Loverflow\@
1:      incl    FRAME(count)
        mov     %ecx, SLOT_HI                   # the entry is not present yet, so no page walk uses it
        mov     %eax, SLOT_LO
        jmp     \done

.Loverflow\@:
        subl    $PGT_ONE, FRAME(type_info)
        jmp     \slow

        /* Both present: this way only if nothing but RW and harmless bits change. */
.Lreplace\@:
        cmp     SLOT_HI, %ecx
        jne     \slow
        xor     %eax, %esi
        test    $~(HARMLESS_BITS | _PAGE_RW), %esi
        jnz     \slow
        test    $_PAGE_RW, %esi
        jz      5f
        FIND_OWN_FRAME \slow
        test    $_PAGE_RW, %al
        jz      2f
        TAKE_WRITABLE_USE \slow, .Loverflow\@
        mov     %eax, SLOT_LO
        jmp     \done
2:      mov     %eax, SLOT_LO
        DROP_WRITABLE_USE \done

        /* Not present afterwards: no frame may be named (l1tf.h), unless C allows it. */
.Lclear\@:
        test    $~0xFFF, %eax
        jnz     \slow
        test    %ecx, %ecx
        jnz     \slow
        test    $_PAGE_PRESENT, %esi
        jz      5f
        mov     %eax, SLOT_LO
        mov     SLOT_HI, %edx
        mov     %ecx, SLOT_HI
        mov     %esi, %eax
        mov     %edx, %ecx
        shrd    $PAGE_SHIFT, %edx, %esi
        mov     CPU(domain), %edx
        cmp     HV(max_page), %esi
        jae     \done                           # I/O: no references
        shl     $4, %esi
        cmp     %edx, FRAME(owner)
        jne     \put_slow
        test    $_PAGE_RW, %al
        jz      6f
        decl    FRAME(count)
        jz      7f
        DROP_WRITABLE_USE \done
7:      incl    FRAME(count)                    # the last reference of all: C frees the frame
        jmp     \put_slow
5:      mov     %ecx, SLOT_HI
        mov     %eax, SLOT_LO
        jmp     \done
6:      testb   $PGT_SEG_DESC, FRAME(type_info)
        jnz     \put_slow                       # descriptors: C looks whether that is the LDT
        decl    FRAME(count)
        jz      7b
        jmp     \done
.endm

/* After CHANGE_ENTRY's \slow: EAX is the result. */
.macro CHANGE_IN_C
        push    %ecx
        mov     %eax, %ecx
        mov     %edx, %eax
        mov     %edi, %edx
        call    mod_l1_words                    # (d, slot, low, high)
        add     $4, %esp
.endm

/* After its \put_slow. */
.macro PUT_OLD_IN_C
        xchg    %eax, %edx
        call    put_old_l1_words                # (d, low, high)
.endm

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
        cmp     $HYP_START - REQUEST_SIZE, %ebx
        ja      hypercall_mmu_update_c
        push    %edx
        push    %edi
        MAY_FAULT .Lsingle_fault, mov PTR_LO, %eax
        MAY_FAULT .Lsingle_fault, mov PTR_HI, %edx
        test    $7, %al
        jnz     mmu_update_other
        mov     %eax, %esi
        shrd    $PAGE_SHIFT, %edx, %esi
        test    $~0xFFF, %edx
        jnz     mmu_update_other
        cmp     HV(max_page), %esi
        jae     mmu_update_other
        mov     %esi, %edi
        shl     $4, %esi
        mov     CPU(domain), %ecx
        cmp     %ecx, FRAME(owner)
        jne     mmu_update_other
        mov     FRAME(type_info), %cl
        and     $~PGT_PINNED, %cl
        cmp     $PGT_L1_VALIDATED, %cl
        jne     mmu_update_other
        FIND_WINDOW %edi, %esi, WIN_L1_FIRST, WIN_L1_SLOTS, mmu_update_other
        and     $0xFF8, %eax
        lea     WINDOWS_START + WIN_L1_FIRST * PAGE_SIZE(%esi,%eax), %edi
        MAY_FAULT .Lsingle_fault, mov VAL_LO, %eax
        MAY_FAULT .Lsingle_fault, mov VAL_HI, %ecx
        STORE_IF_HARMLESS mmu_update_change
.Lsingle_done:
        mov     $1, %ecx
        xor     %eax, %eax
.Lsingle_exit:                                  # ECX: how many were done
        pop     %edi
        pop     %edx
#if COUNTERS
        push    %eax
        push    %ecx
        push    %edx
        mov     $1, %eax
        mov     %ecx, %edx
        call    count_batch
        pop     %edx
        pop     %ecx
        pop     %eax
#endif
        STORE_SUCCESS
        mov     $1, %ecx
        mov     $DOMID_SELF, %esi
        GUEST_IRET

mmu_update_change:
        mov     CPU(domain), %edx
        CHANGE_ENTRY .Lsingle_done, .Lsingle_slow, .Lsingle_put_slow

.Lsingle_slow:
        CHANGE_IN_C
        jmp     .Lsingle_result
.Lsingle_put_slow:
        PUT_OLD_IN_C
        jmp     .Lsingle_done

/* Not a plain L1 entry: EDX:EAX the pointer, which has been read already. */
mmu_update_other:
        MAY_FAULT .Lsingle_fault, mov VAL_HI, %esi
        MAY_FAULT .Lsingle_fault, mov VAL_LO, %ecx
        push    %esi
        call    mmu_update_one                  # (pointer low, high, entry low, high)
        add     $4, %esp
.Lsingle_result:
        xor     %ecx, %ecx
        test    %eax, %eax
        setz    %cl
        cmpl    $0, CPU(work)
        je      .Lsingle_exit
        pop     %edi                            # other work waits on the way out
        pop     %edx
        STORE_SUCCESS
        mov     $1, %ecx
        mov     $DOMID_SELF, %esi
        jmp     exit_work
.Lsingle_fault:
        mov     $-EFAULT, %eax
        xor     %ecx, %ecx
        jmp     .Lsingle_exit

/*
 * Several requests, with struct batch_frame (asm-offsets.c) on the stack.
 *
 * EBX: request; EBP: machine address of the held table, low word. While no table is held, .Lbatch_fresh is used, which
 * does not compare addresses: no value of EBP could stand for "none", because a guest can pass any address.
 */
#define BATCH(field)  BATCH_##field(%esp)
#define BATCH_LOCALS  BATCH_requests            /* bytes below what is pushed */
#define BATCH_CHUNK   64                        /* requests: then interrupts get a chance */

mmu_update_batch:
        cmp     $HYP_START / REQUEST_SIZE, %ecx
        ja      hypercall_mmu_update_c
        push    %esi
        push    %edi
        push    %ebp
        push    %edx
        push    %ecx
        push    %ebx
        shl     $4, %ecx
        add     %ebx, %ecx
        jc      .Lbatch_out_of_range
        cmp     $HYP_START, %ecx
        ja      .Lbatch_out_of_range
        sub     $BATCH_LOCALS, %esp
        mov     %ecx, BATCH(end)
        cmp     %ecx, %ebx
        je      mmu_update_batch_end

.Lbatch_chunk:
        lea     BATCH_CHUNK * REQUEST_SIZE(%ebx), %ecx
        cmp     BATCH(end), %ecx
        cmova   BATCH(end), %ecx
        mov     %ecx, BATCH(chunk_end)
        mov     CPU(domain), %edx

.Lbatch_fresh:                                  # no table is held
        MAY_FAULT .Lbatch_fault, mov PTR_LO, %edi
        jmp     .Lbatch_lookup

mmu_update_batch_entry:
        MAY_FAULT .Lbatch_fault, mov PTR_LO, %edi
        xor     %ebp, %edi
        test    $~0xFF8, %edi
        jnz     mmu_update_batch_table
        MAY_FAULT .Lbatch_fault, mov PTR_HI, %esi
        cmp     BATCH(held_hi), %esi
        jne     mmu_update_batch_table
.Lbatch_held:
        add     BATCH(window), %edi
        MAY_FAULT .Lbatch_fault, mov VAL_LO, %eax
        MAY_FAULT .Lbatch_fault, mov VAL_HI, %ecx
        STORE_IF_HARMLESS mmu_update_batch_change
.Lbatch_done:
        add     $REQUEST_SIZE, %ebx
        cmp     BATCH(chunk_end), %ebx
        jne     mmu_update_batch_entry
mmu_update_batch_pause:
        cmp     BATCH(end), %ebx
        je      mmu_update_batch_end
#if COUNTERS
        call    count_preemption
#endif
        call    pause_point
        test    %al, %al
        jz      .Lbatch_chunk
        mov     %ebx, %eax                      # the guest makes another call for the rest
        mov     BATCH(end), %edx
        call    mmu_update_again                # (next, end)
        jmp     .Lbatch_exit

mmu_update_batch_change:
        CHANGE_ENTRY .Lbatch_done, mmu_update_batch_slow, .Lbatch_put_slow

mmu_update_batch_end:
        xor     %eax, %eax
.Lbatch_exit:
        mov     %ebx, %ecx
        sub     BATCH(requests), %ecx
        shr     $4, %ecx                        # how many were done
#if COUNTERS
        mov     %eax, %esi
        mov     BATCH(count), %eax
        mov     %ecx, %edx
        call    count_batch
        mov     %ebx, %ecx
        sub     BATCH(requests), %ecx
        shr     $4, %ecx
        mov     %esi, %eax
#endif
        mov     BATCH(success), %edx
        STORE_SUCCESS
        add     $BATCH_LOCALS, %esp
.Lbatch_restore:
        pop     %ebx
        pop     %ecx
        pop     %edx
        pop     %ebp
        pop     %edi
        pop     %esi
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET

.Lbatch_out_of_range:
        mov     $-EFAULT, %eax
        jmp     .Lbatch_restore
.Lbatch_fault:
        mov     $-EFAULT, %eax
        jmp     .Lbatch_exit

mmu_update_batch_slow:
        CHANGE_IN_C
        mov     CPU(domain), %edx
        test    %eax, %eax
        jz      .Lbatch_done
        jmp     .Lbatch_exit
.Lbatch_put_slow:
        PUT_OLD_IN_C
        mov     CPU(domain), %edx
        cmpl    $0, CPU(effort_left)
        jge     .Lbatch_done
        add     $REQUEST_SIZE, %ebx             # frames of dead domains have been cleared: the chunk ends here
        jmp     mmu_update_batch_pause

/* The L1 table of the request's pointer becomes the held one. EDI: the pointer's low word, whose lowest bits are the
 * command, and then the entry's offset. ECX:EAX: the whole pointer, where it goes on elsewhere. */
.macro HOLD_TABLE command, otherwise
        mov     %edi, %eax
        MAY_FAULT .Lbatch_fault, mov PTR_HI, %ecx
    .if \command
        mov     %eax, %esi
        and     $7, %esi
        cmp     $\command, %esi
        jne     \otherwise
    .else
        test    $7, %al
        jnz     \otherwise
    .endif
        test    $~0xFFF, %ecx
        jnz     mmu_update_batch_other
        FRAME_NUMBER %eax, %ecx, %esi, mmu_update_batch_other
        mov     %esi, %edi
        shl     $4, %esi
        cmp     %edx, FRAME(owner)
        jne     mmu_update_batch_other
        movzbl  FRAME(type_info), %esi
        and     $~PGT_PINNED, %esi
        cmp     $PGT_L1_VALIDATED, %esi
        jne     mmu_update_batch_other
        mov     %ecx, BATCH(held_hi)
        mov     %eax, %ebp
        mov     %edi, %eax
        call    map_l1_window
        mov     %eax, BATCH(window)
        mov     %ebp, %edi
        and     $~0xFFF, %ebp
        and     $0xFF8, %edi
        mov     CPU(domain), %edx
.endm

/* Another table than the held one, or another command: EDI is the pointer's low word XOR EBP. */
mmu_update_batch_table:
        test    $7, %edi
        jnz     mmu_update_batch_preserve
.Lbatch_another:
        xor     %ebp, %edi
.Lbatch_lookup:                                 # EDI: the pointer's low word
        HOLD_TABLE MMU_NORMAL_PT_UPDATE, mmu_update_batch_command
        jmp     .Lbatch_held

/* Perhaps an entry of the held table that keeps Accessed and Dirty. */
mmu_update_batch_preserve:
        mov     %edi, %eax
        and     $~0xFF8, %eax
        cmp     $MMU_PT_UPDATE_PRESERVE_AD, %eax
        jne     .Lbatch_another
        MAY_FAULT .Lbatch_fault, mov PTR_HI, %esi
        cmp     BATCH(held_hi), %esi
        jne     .Lbatch_another
        and     $0xFF8, %edi
.Lbatch_preserve:
        add     BATCH(window), %edi
        MAY_FAULT .Lbatch_fault, mov VAL_LO, %eax
        MAY_FAULT .Lbatch_fault, mov VAL_HI, %ecx
        mov     SLOT_LO, %esi
        and     $_PAGE_ACCESSED | _PAGE_DIRTY, %esi
        or      %esi, %eax
        STORE_IF_HARMLESS mmu_update_batch_change
        jmp     .Lbatch_done

mmu_update_batch_command:                       # as HOLD_TABLE leaves it
        HOLD_TABLE MMU_PT_UPDATE_PRESERVE_AD, mmu_update_batch_other
        jmp     .Lbatch_preserve

mmu_update_batch_other:                         # ECX:EAX the pointer
        mov     %ecx, %edx
        MAY_FAULT .Lbatch_fault, mov VAL_HI, %esi
        MAY_FAULT .Lbatch_fault, mov VAL_LO, %ecx
        push    %esi
        call    mmu_update_in_batch             # (pointer low, high, entry low, high)
        add     $4, %esp
        mov     CPU(domain), %edx
        test    %eax, %eax
        jnz     2f
        add     $REQUEST_SIZE, %ebx
        cmp     BATCH(chunk_end), %ebx
        jne     .Lbatch_fresh                   # it may have been preempted: no window is sure any more
        jmp     mmu_update_batch_pause
2:      js      .Lbatch_exit
        add     $REQUEST_SIZE, %ebx             # it took long: the chunk ends here
        jmp     mmu_update_batch_pause

/* EDI: the address. Its L1 table is the remembered one. */
.macro ENTRY_OF_ADDRESS
        shr     $PAGE_SHIFT - 3, %edi
        and     $0xFF8, %edi
        add     CPU(va_window), %edi
.endm

.macro VA_RETURN
        pop     %ecx
        pop     %edx
        pop     %edi
        pop     %esi
        GUEST_IRET
.endm

/*
 * update_va_mapping(EBX: address, ECX, EDX: new entry, ESI: flags). The L1 table of the last address is remembered
 * (this_cpu.va_key) for as long as nothing above it changes.
 */
ENTRY(hypercall_update_va_mapping)
        mov     %ebx, %eax
        shr     $L2_SHIFT, %eax
        cmp     CPU(va_key), %eax
        jne     hypercall_update_va_mapping_c
        push    %esi
        push    %edi
        push    %edx
        push    %ecx
        mov     %ebx, %edi
        ENTRY_OF_ADDRESS
        mov     %ecx, %eax
        mov     %edx, %ecx
        STORE_IF_HARMLESS update_va_mapping_change
.Lva_done:
        xor     %eax, %eax
        testb   $UVMF_FLUSHTYPE_MASK, VA_flags(%esp)
        jnz     update_va_mapping_flush
        VA_RETURN

update_va_mapping_change:
        mov     CPU(domain), %edx
        CHANGE_ENTRY .Lva_done, .Lva_in_c, update_va_mapping_slow

update_va_mapping_flush:
        cmpl    $UVMF_INVLPG | UVMF_LOCAL, VA_flags(%esp)
        jne     1f
        FLUSH_PAGE %ebx                         # below the hypervisor: va_key has been looked up
        VA_RETURN
1:      cmpl    $UVMF_TLB_FLUSH | UVMF_LOCAL, VA_flags(%esp)
        jne     2f
        FLUSH_TLB %ecx
        VA_RETURN
2:      mov     VA_flags(%esp), %edx            # flush_after_va(va, flags)
        mov     %ebx, %eax
        call    flush_after_va
.Lva_exit:
        pop     %ecx
        pop     %edx
        pop     %edi
        pop     %esi
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET
update_va_mapping_slow:
        PUT_OLD_IN_C
        jmp     .Lva_done
.Lva_in_c:                                      # nothing has been changed: C does the whole call
        pop     %ecx
        pop     %edx
        pop     %edi
        pop     %esi
        jmp     hypercall_update_va_mapping_c

/*
 * The same within a multicall: multicall.S explains the registers. If the short way does not do, C's piece starts again
 * and reads the arguments anew.
 */
ENTRY(multicall_update_va_mapping)
        MAY_FAULT multicall_fault, mov MC_ARG(0), %edx
        MAY_FAULT multicall_fault, mov MC_ARG(1), %eax
        MAY_FAULT multicall_fault, mov MC_ARG(2), %ecx
        push    %esi
        push    %edi
        push    %edx
        mov     %edx, %edi
        shr     $L2_SHIFT, %edx
        cmp     CPU(va_key), %edx
        jne     .Lmc_va_in_c
        ENTRY_OF_ADDRESS
        mov     CPU(domain), %edx
        CHANGE_ENTRY .Lmc_va_done, .Lmc_va_in_c, .Lmc_va_put_slow
.Lmc_va_put_slow:
        PUT_OLD_IN_C
        pop     %eax
        pop     %edi
        pop     %esi
        MAY_FAULT multicall_fault, testb $UVMF_FLUSHTYPE_MASK, MC_ARG(3)
        jnz     .Lmc_va_put_flush
        xor     %eax, %eax
        jmp     multicall_long_result           # a frame of a dead domain may have been cleared
.Lmc_va_put_flush:
        MAY_FAULT multicall_fault, mov MC_ARG(3), %edx
        call    flush_after_va                  # (address, flags)
        jmp     multicall_long_result
.Lmc_va_done:
        pop     %eax
        pop     %edi
        pop     %esi
        MAY_FAULT multicall_fault, testb $UVMF_FLUSHTYPE_MASK, MC_ARG(3)
        jnz     .Lmc_va_flush
        xor     %eax, %eax
        jmp     multicall_result
.Lmc_va_flush:
        MAY_FAULT multicall_fault, mov MC_ARG(3), %edx
        call    flush_after_va                  # (address, flags)
        jmp     multicall_result
.Lmc_va_in_c:                                   # nothing has been changed: C does the whole call
        add     $4, %esp
        pop     %edi
        pop     %esi
        jmp     multicall_update_va_mapping_c
