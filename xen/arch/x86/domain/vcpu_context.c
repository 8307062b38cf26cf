/* SPDX-License-Identifier: MIT */
/* Sets and reads all of a vCPU's state (VCPUOP_initialise, domctl), and drops it at the vCPU's end. */
#include <asm/debugreg.h>
#include <asm/descriptors.h>
#include <asm/emulate.h>
#include <asm/fpu.h>
#include <asm/frames.h>
#include <asm/traps.h>
#include <xen/domain.h>
#include <xen/setup.h>

static void set_callbacks_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    v->arch.event_callback = (struct guest_entry){
        .eip = c->event_callback_eip, .cs = c->event_callback_cs ? fixup_guest_selector(c->event_callback_cs) : 0};
    v->arch.failsafe_callback =
        (struct guest_entry){.eip = c->failsafe_callback_eip,
                             .cs = c->failsafe_callback_cs ? fixup_guest_selector(c->failsafe_callback_cs) : 0};
}

static void set_traps_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.traps); i++)
        v->arch.traps[i] = (struct guest_trap){
            .address = c->trap_ctxt[i].address,
            .cs = c->trap_ctxt[i].cs ? fixup_guest_selector(c->trap_ctxt[i].cs) : 0,
            .flags = c->trap_ctxt[i].flags,
        };
    set_int80_gate(v);
}

/* A value that the vCPU itself could not load is ignored: the register stays as after a reset. */
static void set_debugregs_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    reset_debug_registers(v);
    for (unsigned int i = 0; i < ARRAY_SIZE(c->debugreg); i++)
        (void)set_debugreg(v, i, c->debugreg[i]);
}

static void set_registers_from(struct vcpu *v, const struct cpu_user_regs *from)
{
    struct cpu_user_regs regs = *from;

    regs.cs = fixup_guest_selector(regs.cs);
    regs.ss = fixup_guest_selector(regs.ss);
    v->arch.iopl = regs.eflags >> 12 & 3;
    arch_set_regs(v, &regs);
}

#define CONTEXT_STEPS 400 /* what all of it takes, in the units of spend() */

/* Installs what takes no references and cannot fail. */
static void set_rest_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    spend(CONTEXT_STEPS);
    set_traps_from(v, c);
    set_callbacks_from(v, c);
    v->arch.guest_cr0_ts = !!(c->ctrlreg[0] & X86_CR0_TS);
    v->arch.guest_cr4 = fixup_guest_cr4(c->ctrlreg[4]);
    if (c->flags & VGCF_I387_VALID)
        set_fpu(v, &c->fpu_ctxt);
    else
        reset_fpu(v);
    set_debugregs_from(v, c);
    set_registers_from(v, &c->user_regs);
    v->arch.kernel_sp = c->kernel_sp;
    v->arch.kernel_ss = fixup_guest_selector(c->kernel_ss);
}

/* Tables take references and come last, so that nothing is left behind if one is refused. */
int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    mfn_t l3 = xen_cr3_to_pfn(c->ctrlreg[3]);
    int rc;

    if (v->arch.guest_l3 != INVALID_MFN || v == current)
        return -EBUSY;
    if (c->gdt_ents > HYP_GDT_BASE / 8 || l3 >= max_page || !ldt_ok(c->ldt_base, c->ldt_ents))
        return -EINVAL;
    rc = get_page_and_table(mfn_to_page(l3), v->domain, PGT_l3_page_table);
    if (rc)
        return refuse_use(rc, l3);
    rc = set_gdt(v, c->gdt_frames, c->gdt_ents);
    if (rc) {
        put_page_and_table(mfn_to_page(l3));
        return rc;
    }
    v->arch.ldt_base = c->ldt_base;
    v->arch.ldt_entries = c->ldt_ents;
    v->arch.guest_l3 = l3;
    update_cr3(v);
    set_rest_from(v, c);
    return 0;
}

/* Whether the context names the tables that v has already. */
static bool same_tables(const struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (xen_cr3_to_pfn(c->ctrlreg[3]) != v->arch.guest_l3 || c->gdt_ents != v->arch.gdt_entries ||
        c->ldt_base != v->arch.ldt_base || c->ldt_ents != v->arch.ldt_entries)
        return false;
    for (unsigned int i = 0; i < (v->arch.gdt_entries + 511) / 512; i++)
        if (c->gdt_frames[i] != v->arch.gdt_frames[i])
            return false;
    return true;
}

int arch_change_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    if (!ldt_ok(c->ldt_base, c->ldt_ents))
        return -EINVAL;
    if (!same_tables(v, c))
        return -EOPNOTSUPP;
    set_rest_from(v, c);
    return 0;
}

void arch_get_info_guest(struct vcpu *v, struct vcpu_guest_context *c)
{
    spend(CONTEXT_STEPS);
    memset(c, 0, sizeof(*c));
    save_fpu(v);
    memcpy(&c->fpu_ctxt, v->arch.fpu_area, sizeof(v->arch.fpu_area));
    c->flags = (v->arch.fpu_initialised ? VGCF_I387_VALID : 0) | (v->state == VCPU_OFFLINE ? 0 : VGCF_online);
    memcpy(&c->user_regs, v->frame, HYP_FRAME_SIZE);
    c->user_regs.eflags |= v->arch.iopl << 12;
    c->user_regs.ds = v->arch.ds;
    c->user_regs.es = v->arch.es;
    c->user_regs.fs = v->arch.fs;
    c->user_regs.gs = v->arch.gs;
    if ((c->user_regs.cs & 3) == 1)
        c->flags |= VGCF_in_kernel;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.traps); i++)
        c->trap_ctxt[i] = (struct trap_info){.vector = v->arch.traps[i].cs ? i : 0,
                                             .flags = v->arch.traps[i].flags,
                                             .cs = v->arch.traps[i].cs,
                                             .address = v->arch.traps[i].address};
    c->ldt_base = v->arch.ldt_base;
    c->ldt_ents = v->arch.ldt_entries;
    for (unsigned int i = 0; i < ARRAY_SIZE(v->arch.gdt_frames); i++)
        c->gdt_frames[i] = v->arch.gdt_frames[i] == INVALID_MFN ? 0 : v->arch.gdt_frames[i];
    c->gdt_ents = v->arch.gdt_entries;
    c->kernel_ss = v->arch.kernel_ss;
    c->kernel_sp = v->arch.kernel_sp;
    c->ctrlreg[0] = (read_cr0() & ~X86_CR0_TS) | (v->arch.guest_cr0_ts ? X86_CR0_TS : 0);
    c->ctrlreg[3] = xen_pfn_to_cr3(v->arch.guest_l3);
    c->ctrlreg[4] = v->arch.guest_cr4;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->debugreg); i++)
        c->debugreg[i] = i == 4 || i == 5 ? 0 : v->arch.debugreg[i];
    c->event_callback_cs = v->arch.event_callback.cs;
    c->event_callback_eip = v->arch.event_callback.eip;
    c->failsafe_callback_cs = v->arch.failsafe_callback.cs;
    c->failsafe_callback_eip = v->arch.failsafe_callback.eip;
    c->vm_assist = v->domain->vm_assist;
}

void arch_reset_vcpu(struct vcpu *v)
{
    mfn_t l3 = v->arch.guest_l3;

    unmap_ldt(v);
    drop_gdt(v);
    reset_fpu(v);
    v->nmi_pending = false;
    v->arch.on_iret &= ~ON_IRET_NMI;
    if (l3 == INVALID_MFN)
        return;
    v->arch.guest_l3 = INVALID_MFN;
    put_page_and_table(mfn_to_page(l3));
}

/* Drops everything that v refers to. May be preempted. */
void arch_relinquish_vcpu(struct vcpu *v)
{
    if (v->info_frame != INVALID_MFN) {
        unmap_vcpu_info(v);
        put_page_and_type(mfn_to_page(v->info_frame));
        v->info_frame = INVALID_MFN;
    }
    arch_reset_vcpu(v);
}
