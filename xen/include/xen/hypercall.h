/* SPDX-License-Identifier: MIT */
/*
 * The C side of every hypercall: do_<name>(), called by the stubs that entry.S and multicall.S make from
 * hypercalls.def. Those with __may_switch may let other vCPUs run before they return. The arguments come from the guest
 * and have not been checked. The result is the guest's EAX.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <public/callback.h>
#include <public/domctl.h>
#include <public/event_channel.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/platform.h>
#include <public/sched.h>
#include <public/sysctl.h>
#include <public/vcpu.h>
#include <public/version.h>
#include <public/xen.h>
#include <xen/lib.h>

/* Memory management and the processor (arch/x86) */
__may_switch long do_mmu_update(mmu_update_t *reqs, uint32_t count, uint32_t *success, uint32_t foreigndom);
__may_switch long do_mmuext_op(mmuext_op_t *ops, uint32_t count, uint32_t *success, uint32_t foreigndom);
long do_update_va_mapping(uint32_t va, uint32_t lo, uint32_t hi, uint32_t flags);
long do_update_va_mapping_otherdomain(uint32_t va, uint32_t lo, uint32_t hi, uint32_t flags, uint32_t domid);
__may_switch long do_set_gdt(const uint32_t *frames, uint32_t entries);
long do_update_descriptor(uint32_t ma_lo, uint32_t ma_hi, uint32_t desc_lo, uint32_t desc_hi);
__may_switch long do_set_trap_table(const trap_info_t *traps);
long do_stack_switch(uint32_t ss, uint32_t esp);
long do_fpu_taskswitch(uint32_t set);
long do_set_debugreg(uint32_t reg, uint32_t value);
long do_get_debugreg(uint32_t reg);
__may_switch long do_multicall(multicall_entry_t *calls, uint32_t count);
long do_set_callbacks(uint32_t event_cs, uint32_t event_eip, uint32_t failsafe_cs, uint32_t failsafe_eip);
long do_callback_op(uint32_t cmd, const void *arg);
long do_nmi_op(uint32_t cmd, const void *arg);
long do_physdev_op(uint32_t cmd, void *arg);
long do_physdev_op_compat(physdev_op_t *op);
long do_vm_assist(uint32_t cmd, uint32_t type);
long do_iret(struct cpu_user_regs *regs);

/* Everything else (common) */
__may_switch long do_sched_op(uint32_t cmd, void *arg);
__may_switch long do_sched_op_compat(uint32_t cmd, uint32_t arg);
long do_set_timer_op(uint32_t timeout_lo, uint32_t timeout_hi);
__may_switch long do_vcpu_op(uint32_t cmd, uint32_t vcpu_id, void *arg);
__may_switch long do_event_channel_op(uint32_t cmd, void *arg);
__may_switch long do_event_channel_op_compat(evtchn_op_t *op);
__may_switch long do_memory_op(uint32_t cmd, void *arg);
long do_xen_version(uint32_t cmd, void *arg);
__may_switch long do_console_io(uint32_t cmd, uint32_t count, char *buffer);
__may_switch long do_grant_table_op(uint32_t cmd, void *arg, uint32_t count);
__may_switch long do_dom0_op(dom0_op_t *op);
__may_switch long do_sysctl(xen_sysctl_t *op);
__may_switch long do_domctl(xen_domctl_t *op);

#endif
