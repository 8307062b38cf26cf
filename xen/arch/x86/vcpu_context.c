/* A vCPU's whole state from outside (VCPUOP_initialise, domctl), and its end. */
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
    v->event_callback = (struct guest_entry){
        .eip = c->event_callback_eip, .cs = c->event_callback_cs ? fixup_guest_selector(c->event_callback_cs) : 0};
    v->failsafe_callback =
        (struct guest_entry){.eip = c->failsafe_callback_eip,
                             .cs = c->failsafe_callback_cs ? fixup_guest_selector(c->failsafe_callback_cs) : 0};
}

static void set_traps_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(v->traps); i++)
        v->traps[i] = (struct guest_trap){
            .address = c->trap_ctxt[i].address,
            .cs = c->trap_ctxt[i].cs ? fixup_guest_selector(c->trap_ctxt[i].cs) : 0,
            .flags = c->trap_ctxt[i].flags,
        };
}

/* Values that would be refused to the vCPU itself leave the register as it is at reset. */
static void set_debugregs_from(struct vcpu *v, const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(c->debugreg); i++)
        (void)set_debugreg(v, i, c->debugreg[i]);
}

static void set_registers_from(struct vcpu *v, const struct cpu_user_regs *from)
{
    struct cpu_user_regs regs = *from;

    regs.cs = fixup_guest_selector(regs.cs);
    regs.ss = fixup_guest_selector(regs.ss);
    v->iopl = regs.eflags >> 12 & 3;
    arch_set_regs(v, &regs);
}

/* What takes references comes last, so that a refusal leaves nothing behind. */
int arch_set_info_guest(struct vcpu *v, const struct vcpu_guest_context *c)
{
    mfn_t l3 = xen_cr3_to_pfn(c->ctrlreg[3]);
    int rc;

    if (v->guest_l3 != INVALID_MFN || v == current)
        return -EBUSY;
    if (c->gdt_ents > HYP_GDT_BASE / 8 || l3 >= max_page || !ldt_ok(c->ldt_base, c->ldt_ents))
        return -EINVAL;
    rc = get_page_and_type(mfn_to_page(l3), v->domain, PGT_l3_page_table);
    if (rc)
        return rc;
    rc = v->domain->is_dying ? -EINTR : set_gdt(v, c->gdt_frames, c->gdt_ents); /* dying since it was validated */
    if (rc) {
        put_page_and_type(mfn_to_page(l3));
        return rc;
    }
    v->ldt_base = c->ldt_base;
    v->ldt_entries = c->ldt_ents;
    v->guest_l3 = l3;
    update_cr3(v);

    set_traps_from(v, c);
    set_callbacks_from(v, c);
    v->guest_cr0_ts = !!(c->ctrlreg[0] & X86_CR0_TS);
    v->guest_cr4 = fixup_guest_cr4(c->ctrlreg[4]);
    alias_debug_registers(v);
    v->fpu_initialised = c->flags & VGCF_I387_VALID;
    if (v->fpu_initialised) {
        memcpy(v->fpu_area, &c->fpu_ctxt, sizeof(v->fpu_area));
        ((uint32_t *)v->fpu_area)[6] &= 0xFFBF; /* MXCSR: reserved bits would fault when it is loaded */
    }
    set_debugregs_from(v, c);
    set_registers_from(v, &c->user_regs);
    v->kernel_sp = c->kernel_sp;
    v->kernel_ss = fixup_guest_selector(c->kernel_ss);
    return 0;
}

/* Everything that v refers to. May be preempted. */
void arch_relinquish_vcpu(struct vcpu *v)
{
    mfn_t l3 = v->guest_l3;

    unmap_ldt(v);
    drop_gdt(v);
    forget_fpu(v);
    if (v->info_frame != INVALID_MFN) {
        unmap_vcpu_info(v);
        put_page_and_type(mfn_to_page(v->info_frame));
        v->info_frame = INVALID_MFN;
    }
    if (l3 != INVALID_MFN) {
        v->guest_l3 = INVALID_MFN;
        put_page_and_type(mfn_to_page(l3));
    }
}
