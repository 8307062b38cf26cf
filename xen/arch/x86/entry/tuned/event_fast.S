/* SPDX-License-Identifier: MIT */
/*
 * The hot part of event_channel_op: sending through an IPI port that is bound to the sender itself, and to another
 * domain. common/events/event_channel.c does everything else. For an IPI both do the same: they set the port's bit; if
 * it was clear and is not masked, they also set the bit of its word in the selector and the vCPU's pending flag; and the
 * guest's handler is entered on the way out. Of another domain's port only the bit is set here, and only if that wakes
 * nobody: nobody polls, and the port is masked.
 *
 * One CPU, interrupts off: no LOCK. EBX: command; ECX: &port.
 */
#include <asm/asm.h>
#include <asm/upcall.h>
#include <public/event_channel.h>

#define SEND_INFO(field) VCPU_INFO(2, field)

        .text

ENTRY(hypercall_event_channel_op)
        cmp     $EVTCHNOP_send, %ebx
        jne     hypercall_event_channel_op_c
        cmp     $HYP_START - 4, %ecx
        ja      hypercall_event_channel_op_c
        MAY_FAULT hypercall_event_channel_op_c, mov HV((%ecx)), %eax
        cmp     $NR_EVENT_CHANNELS, %eax
        jae     hypercall_event_channel_op_c
        push    %edx
        push    %esi
        mov     CPU(domain), %edx
        lea     (%eax,%eax,2), %esi             # 12 bytes a port
        cmpb    $ECS_IPI, HV(DOMAIN_evtchn + EVTCHN_state(%edx,%esi,4))
        jne     send_to_another
        mov     HV(DOMAIN_shared_info(%edx)), %edx
        bt      %eax, HV(SHARED_evtchn_pending(%edx))
        jc      send_done                       # it was pending already
        mov     CPU(domain), %edx
        cmpl    $0, HV(DOMAIN_poll_mask(%edx))
        jne     send_in_c
        movzwl  HV(DOMAIN_evtchn + EVTCHN_notify_vcpu(%edx,%esi,4)), %esi
        mov     HV(DOMAIN_vcpu(%edx,%esi,4)), %esi
        cmp     CPU(current), %esi
        jne     send_in_c
        mov     HV(DOMAIN_shared_info(%edx)), %edx
        bts     %eax, HV(SHARED_evtchn_pending(%edx))
        bt      %eax, HV(SHARED_evtchn_mask(%edx))
        jc      send_done
        shr     $5, %eax
        bts     %eax, SEND_INFO(pending_sel)
        jc      send_done
        cmpw    $0, SEND_INFO(upcall_pending)   # pending, and (next byte) the mask
        jne     send_perhaps_masked
        movb    $1, SEND_INFO(upcall_pending)
        cmpl    $0, CPU(work)
        jne     send_work
        ENTER_UPCALL 2, %esi, send_work
        pop     %esi
        pop     %edx
        xor     %eax, %eax
        GUEST_IRET
send_work:                                      # the long way out always looks for events
        pop     %esi
        pop     %edx
        xor     %eax, %eax
        jmp     exit_work
send_perhaps_masked:                            # no upcall now: upcalls are masked, or one was pending already
        movb    $1, SEND_INFO(upcall_pending)
send_done:
        pop     %esi
        pop     %edx
        xor     %eax, %eax
        GUEST_IRET
send_to_another:
        cmpb    $ECS_INTERDOMAIN, HV(DOMAIN_evtchn + EVTCHN_state(%edx,%esi,4))
        jne     send_in_c
        mov     HV(DOMAIN_evtchn + EVTCHN_remote_port(%edx,%esi,4)), %eax
        mov     HV(DOMAIN_evtchn + EVTCHN_remote_dom(%edx,%esi,4)), %esi
        mov     HV(DOMAIN_shared_info(%esi)), %edx
        bt      %eax, HV(SHARED_evtchn_pending(%edx))
        jc      send_done
        cmpl    $0, HV(DOMAIN_poll_mask(%esi))
        jne     send_and_wake
        bt      %eax, HV(SHARED_evtchn_mask(%edx))
        jnc     send_and_wake
        bts     %eax, HV(SHARED_evtchn_pending(%edx))
        jmp     send_done
send_and_wake:
        push    %ecx
        mov     %eax, %edx
        mov     %esi, %eax
        call    evtchn_send_to                  # returns 0
        pop     %ecx
        pop     %esi
        pop     %edx
        cmpl    $0, CPU(work)
        jne     exit_work
        GUEST_IRET
send_in_c:
        pop     %esi
        pop     %edx
        jmp     hypercall_event_channel_op_c
