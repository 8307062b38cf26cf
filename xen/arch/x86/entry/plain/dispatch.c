/* SPDX-License-Identifier: MIT */
/* Dispatch of the plain entry path, and in C what the tuned one does in assembly. */
#include <asm/guest_access.h>
#include <asm/traps.h>
#include <xen/counters.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/trace.h>

typedef long hypercall_fn(uint32_t, uint32_t, uint32_t, uint32_t, uint32_t);

__may_switch void plain_hypercall(struct cpu_user_regs *regs);

/* Functions with fewer arguments ignore the rest: the caller removes them. */
static hypercall_fn *const hypervisor_call_table[HYPERCALL_SLOTS] = {
#define HYPERCALL(number, name, args, tier, text) [number] = (hypercall_fn *)(uint32_t)do_##name,
#include <xen/hypercalls.def>
};

static __may_switch long call(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
    if (number >= HYPERCALL_SLOTS || !hypervisor_call_table[number]) {
        COUNT_AT(hypercalls, HYPERCALL_SLOTS - 1);
        return -ENOSYS;
    }
    COUNT_AT(hypercalls, number);
    return hypervisor_call_table[number](a, b, c, d, e);
}

/* Version 0 is also how a guest asks for pending events. */
static void look_for_events(void)
{
    if (event_deliverable(current))
        this_cpu.work |= WORK_UPCALL;
}

void plain_hypercall(struct cpu_user_regs *regs)
{
    if (regs->eax == __HYPERVISOR_iret)
        regs->eax = do_iret(regs);
    else
        regs->eax = call(regs->eax, regs->ebx, regs->ecx, regs->edx, regs->esi, regs->edi);
    look_for_events();
}

long do_stack_switch(uint32_t ss, uint32_t esp)
{
    tss.ss1 = fixup_guest_selector(ss);
    tss.esp1 = esp;
    return 0;
}

long do_get_debugreg(uint32_t reg)
{
    return reg < 8 ? (long)current->arch.debugreg[reg] : -EINVAL;
}

/* No multicall in a multicall, as on Xen. */
static __may_switch long call_of_multicall(const multicall_entry_t *e)
{
    if (e->op == __HYPERVISOR_multicall)
        return -EINVAL;
    return call(e->op, e->args[0], e->args[1], e->args[2], e->args[3], e->args[4]);
}

long do_multicall(multicall_entry_t *calls, uint32_t count)
{
    if (!guest_array_ok(calls, count, sizeof(*calls)))
        return -EFAULT;
    for (uint32_t i = 0; i < count; i++) {
        multicall_entry_t e;

        if (copy_from_guest(&e, &calls[i], sizeof(e)))
            return -EFAULT;
        trace_plain_entry(&calls[i]);
        if (e.op ==
            __HYPERVISOR_iret) /* the entries behind it are not done: iret replaces the guest's registers (XSA-213) */
            return do_iret((struct cpu_user_regs *)(tss.esp0 - HYP_FRAME_SIZE));
        e.result = call_of_multicall(&e);
        if (copy_to_guest(&calls[i].result, &e.result, sizeof(e.result))) {
            this_cpu.work &= ~WORK_RESTART; /* the entry of that call has become unreadable */
            return -EFAULT;
        }
        spend(CALL_STEPS);
        if ((this_cpu.work || point_due(i) || effort_spent()) && !multicall_go_on(&calls[i + 1], &calls[count]))
            break;
    }
    return 0;
}
