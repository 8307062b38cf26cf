/* SPDX-License-Identifier: MIT */
/* Structure offsets for assembly: compiled to assembly only, and turned into <asm/offsets.h> by xen/build.mk. */
#include <xen/sched.h>
#include <asm/frames.h>
#include <asm/page_tables.h>
#include <asm/processor.h>
#include <xen/counters.h>

#define DEFINE(name, value)     __asm__ volatile("\n.ascii \"->" #name " %0\"" ::"i"(value))
#define OFFSET(name, s, member) DEFINE(name, __builtin_offsetof(struct s, member))

_Static_assert(sizeof(struct evtchn) == 12, "event_fast.S");

/* What assembly alone has on its stack, from ESP up. */
struct batch_frame { /* mmu_fast.S */
    uint32_t end;
    uint32_t guest_ebx, guest_ecx, guest_edx, guest_edi, guest_ebp;
};
struct va_frame { /* mmu_fast.S, update_va_mapping */
    uint32_t guest_ecx, guest_edx, guest_edi, guest_esi;
};
struct segments { /* plain/entry.S */
    uint32_t ds, es, fs, gs;
};

void offsets(void);
void offsets(void)
{
    OFFSET(CPU_work, cpu, work);
    OFFSET(CPU_current, cpu, vcpu);
    OFFSET(CPU_domain, cpu, domain);
    OFFSET(CPU_tlb_clock, cpu, tlb_clock);
    OFFSET(CPU_va_start, cpu, va_table.start);
    OFFSET(CPU_va_size, cpu, va_table.size);
    OFFSET(CPU_va_window, cpu, va_table.window);
    OFFSET(CPU_held_limit, cpu, held.limit);
    OFFSET(CPU_held_lo, cpu, held.lo);
    OFFSET(CPU_held_hi, cpu, held.hi);
    OFFSET(CPU_held_window, cpu, held.window);
    OFFSET(CPU_effort_left, cpu, effort_left);
    OFFSET(CPU_moved_frame, cpu, moved_frame);
    DEFINE(MOVED_FRAME_WORDS, HYP_FRAME_SIZE / 4);
    DEFINE(CALL_STEPS, CALL_STEPS);
    DEFINE(WORK_UPCALL, WORK_UPCALL);
    DEFINE(WORK_RESTART, WORK_RESTART);

    OFFSET(PAGE_count, page_info, count);
    OFFSET(PAGE_type_info, page_info, type_info);
    OFFSET(PAGE_owner, page_info, owner);
    OFFSET(PAGE_stamp, page_info, stamp);
    DEFINE(PGT_ONE, PGT_one);
    DEFINE(PGT_PINNED, PGT_pinned);
    DEFINE(PGT_WRITABLE, PGT_writable);
    DEFINE(PGT_L1_VALIDATED, PGT_l1_page_table | PGT_validated);
    DEFINE(PGT_SEG_DESC, PGT_seg_desc_page);
    DEFINE(PGT_NO_DATA, (PGT_type_mask & ~(PGT_writable_page | PGT_seg_desc_page)) | PGT_pae_xen_l2 | PGT_pinned);
    DEFINE(L1_REFUSED, L1_REFUSED);
    DEFINE(L2_REFUSED, L2_REFUSED);
    DEFINE(HARMLESS_BITS, HARMLESS_BITS);

    OFFSET(VCPU_guest_l3, vcpu, arch.guest_l3);
    OFFSET(VCPU_guest_cr0_ts, vcpu, arch.guest_cr0_ts);
    OFFSET(VCPU_debugreg, vcpu, arch.debugreg);
    OFFSET(VCPU_traps, vcpu, arch.traps);
    OFFSET(VCPU_flat_cs, vcpu, arch.flat_cs);
    OFFSET(VCPU_flat_ss, vcpu, arch.flat_ss);
    OFFSET(VCPU_on_iret, vcpu, arch.on_iret);
    OFFSET(VCPU_event_callback, vcpu, arch.event_callback);
    OFFSET(VCPU_nmi_pending, vcpu, nmi_pending);
    OFFSET(ENTRY_eip, guest_entry, eip);
    OFFSET(ENTRY_cs, guest_entry, cs);
    DEFINE(TRAP_SIZE, sizeof(struct guest_trap));
    OFFSET(TRAP_address, guest_trap, address);
    OFFSET(TRAP_cs, guest_trap, cs);
    OFFSET(TRAP_flags, guest_trap, flags);

    OFFSET(TSS_esp1, tss, esp1);
    OFFSET(TSS_ss1, tss, ss1);

    OFFSET(UREGS_eax, cpu_user_regs, eax);
    OFFSET(UREGS_error_code, cpu_user_regs, error_code);
    OFFSET(UREGS_entry_vector, cpu_user_regs, entry_vector);
    OFFSET(UREGS_eip, cpu_user_regs, eip);
    OFFSET(UREGS_cs, cpu_user_regs, cs);
    OFFSET(UREGS_eflags, cpu_user_regs, eflags);
    OFFSET(UREGS_esp, cpu_user_regs, esp);
    OFFSET(UREGS_ss, cpu_user_regs, ss);
    DEFINE(UREGS_end, __builtin_offsetof(struct cpu_user_regs, ss) + 4);
    DEFINE(GUEST_FRAME_SIZE, HYP_FRAME_SIZE - __builtin_offsetof(struct cpu_user_regs, eip));

    OFFSET(BATCH_end, batch_frame, end);
    OFFSET(BATCH_requests, batch_frame, guest_ebx);
    OFFSET(BATCH_count, batch_frame, guest_ecx);
    OFFSET(BATCH_success, batch_frame, guest_edx);
    OFFSET(VA_flags, va_frame, guest_esi);
    OFFSET(SEGMENTS_ds, segments, ds);
    OFFSET(SEGMENTS_es, segments, es);
    OFFSET(SEGMENTS_fs, segments, fs);
    OFFSET(SEGMENTS_gs, segments, gs);
    DEFINE(SEGMENTS_SIZE, sizeof(struct segments));

    OFFSET(MULTICALL_op, multicall_entry, op);
    OFFSET(MULTICALL_result, multicall_entry, result);
    OFFSET(MULTICALL_args, multicall_entry, args);
    DEFINE(MULTICALL_SIZE, sizeof(struct multicall_entry));
    OFFSET(REQUEST_ptr, mmu_update, ptr);
    OFFSET(REQUEST_val, mmu_update, val);
    DEFINE(REQUEST_SIZE, sizeof(struct mmu_update));
    OFFSET(MMUEXT_cmd, mmuext_op, cmd);
    OFFSET(MMUEXT_arg1, mmuext_op, arg1);
    DEFINE(MMUEXT_SIZE, sizeof(struct mmuext_op));

    OFFSET(VCPUINFO_upcall_pending, vcpu_info, evtchn_upcall_pending);
    OFFSET(VCPUINFO_upcall_mask, vcpu_info, evtchn_upcall_mask);
    OFFSET(VCPUINFO_pending_sel, vcpu_info, evtchn_pending_sel);
    OFFSET(VCPUINFO_cr2, vcpu_info, arch.cr2);
    OFFSET(SHARED_evtchn_pending, shared_info, evtchn_pending);
    OFFSET(SHARED_evtchn_mask, shared_info, evtchn_mask);
    OFFSET(DOMAIN_evtchn, domain, evtchn);
    OFFSET(DOMAIN_maps_io, domain, arch.maps_io);
    OFFSET(DOMAIN_shared_info, domain, shared_info);
    OFFSET(DOMAIN_poll_mask, domain, poll_mask);
    OFFSET(DOMAIN_vcpu, domain, vcpu);
    OFFSET(EVTCHN_state, evtchn, state);
    OFFSET(EVTCHN_notify_vcpu, evtchn, notify_vcpu);
    OFFSET(EVTCHN_remote_dom, evtchn, remote_dom);
    OFFSET(EVTCHN_remote_port, evtchn, remote_port);
    DEFINE(ECS_IPI, ECS_IPI);
    DEFINE(ECS_INTERDOMAIN, ECS_INTERDOMAIN);
    DEFINE(NR_EVENT_CHANNELS, NR_EVENT_CHANNELS);

#if COUNTERS
    OFFSET(CPU_trace_on, cpu, trace_on);
    OFFSET(CPU_trace_since, cpu, trace_since);
#define COUNTER(place, name, text) OFFSET(COUNTERS_##name, int82_counters, name);
#include <public/int82_counters.def>
#endif
}
