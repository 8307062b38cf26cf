/* SPDX-License-Identifier: MIT */
/* callback_op, its older form set_callbacks, and nmi_op: where the hypervisor enters a guest. */
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <public/nmi.h>
#include <xen/hypercall.h>

/* The selector's ring becomes 1 at least. The descriptor is checked when the entry is used. */
static void set_entry(struct guest_entry *entry, uint32_t cs, uint32_t eip, uint32_t flags)
{
    entry->cs = fixup_guest_selector(cs);
    entry->eip = eip;
    entry->flags = flags;
}

static void set_nmi_callback(struct vcpu *v, uint32_t eip)
{
    v->arch.traps[TRAP_nmi] = (struct guest_trap){.address = eip, .cs = FLAT_KERNEL_CS};
    TI_SET_IF(&v->arch.traps[TRAP_nmi], 1);
    if (v->vcpu_id == 0 && v->domain->shared_info->arch.nmi_reason) {
        v->nmi_pending = true; /* one came before there was a handler */
        this_cpu.work |= WORK_UPCALL;
    }
}

static void clear_nmi_callback(struct vcpu *v)
{
    v->arch.traps[TRAP_nmi] = (struct guest_trap){.cs = 0};
}

static long register_callback(const struct callback_register *reg)
{
    struct vcpu *v = current;
    uint32_t cs = reg->address.cs, eip = reg->address.eip, flags = reg->flags & CALLBACKF_mask_events;

    switch (reg->type) {
    case CALLBACKTYPE_event:
        set_entry(&v->arch.event_callback, cs, eip, CALLBACKF_mask_events);
        this_cpu.work |= WORK_UPCALL; /* events may have waited for it */
        return 0;
    case CALLBACKTYPE_failsafe:
        set_entry(&v->arch.failsafe_callback, cs, eip, flags);
        return 0;
    case CALLBACKTYPE_syscall32: /* accepted, as by 64-bit Xen; a processor in 32-bit mode never uses it */
        set_entry(&v->arch.syscall32_callback, cs, eip, flags);
        return 0;
    case CALLBACKTYPE_sysenter:
        set_entry(&v->arch.sysenter_callback, cs, eip, flags);
        return 0;
    case CALLBACKTYPE_nmi:
        set_nmi_callback(v, eip);
        return 0;
    default:
        return -ENOSYS;
    }
}

static long unregister_callback(const struct callback_unregister *unreg)
{
    switch (unreg->type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall32:
    case CALLBACKTYPE_sysenter:
        return -EINVAL;
    case CALLBACKTYPE_nmi:
        clear_nmi_callback(current);
        return 0;
    default:
        return -ENOSYS;
    }
}

long do_callback_op(uint32_t cmd, const void *arg)
{
    union {
        struct callback_register reg;
        struct callback_unregister unreg;
    } op;

    switch (cmd) {
    case CALLBACKOP_register:
        return copy_from_guest(&op.reg, arg, sizeof(op.reg)) ? -EFAULT : register_callback(&op.reg);
    case CALLBACKOP_unregister:
        return copy_from_guest(&op.unreg, arg, sizeof(op.unreg)) ? -EFAULT : unregister_callback(&op.unreg);
    default:
        return -ENOSYS;
    }
}

long do_set_callbacks(uint32_t event_cs, uint32_t event_eip, uint32_t failsafe_cs, uint32_t failsafe_eip)
{
    set_entry(&current->arch.event_callback, event_cs, event_eip, CALLBACKF_mask_events);
    set_entry(&current->arch.failsafe_callback, failsafe_cs, failsafe_eip, 0);
    this_cpu.work |= WORK_UPCALL;
    return 0;
}

long do_nmi_op(uint32_t cmd, const void *arg)
{
    struct xennmi_callback cb;

    switch (cmd) {
    case XENNMI_register_callback:
        if (copy_from_guest(&cb, arg, sizeof(cb)))
            return -EFAULT;
        set_nmi_callback(current, cb.handler_address);
        return 0;
    case XENNMI_unregister_callback:
        clear_nmi_callback(current);
        return 0;
    default:
        return -ENOSYS;
    }
}
