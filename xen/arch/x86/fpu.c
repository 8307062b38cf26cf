/* Lazy FPU state: asm/fpu.h. */
#include <asm/fpu.h>
#include <asm/processor.h>
#include <xen/hypercall.h>

/* CR0 apart from TS never changes after boot: it is computed from here, not from what the register holds. */
static uint32_t cr0_without_ts(void)
{
    static uint32_t cr0;

    if (!cr0)
        cr0 = read_cr0() & ~X86_CR0_TS;
    return cr0;
}

void set_ts_for(const struct vcpu *v)
{
    if (v == this_cpu.fpu_owner && !v->guest_cr0_ts)
        clts();
    else
        write_cr0(cr0_without_ts() | X86_CR0_TS);
}

void save_fpu(struct vcpu *v)
{
    if (this_cpu.fpu_owner != v)
        return;
    clts();
    __asm__ volatile("fxsave %0" : "=m"(v->fpu_area));
    set_ts_for(current);
}

void forget_fpu(const struct vcpu *v)
{
    if (this_cpu.fpu_owner == v)
        this_cpu.fpu_owner = NULL;
}

bool restore_fpu(struct vcpu *v)
{
    bool wanted_by_guest = v->guest_cr0_ts;

    clts();
    v->guest_cr0_ts = 0;
    if (this_cpu.fpu_owner == v)
        return !wanted_by_guest;
    if (this_cpu.fpu_owner)
        __asm__ volatile("fxsave %0" : "=m"(this_cpu.fpu_owner->fpu_area));
    if (v->fpu_initialised)
        __asm__ volatile("fxrstor %0" ::"m"(v->fpu_area));
    else {
        const uint32_t mxcsr = 0x1F80;

        __asm__ volatile("fninit; ldmxcsr %0" ::"m"(mxcsr));
        v->fpu_initialised = true;
    }
    this_cpu.fpu_owner = v;
    return !wanted_by_guest;
}

/* The slow part of the leaf: TS really changes (or the flag is an odd way to say true). */
long do_fpu_taskswitch(uint32_t set)
{
    current->guest_cr0_ts = set != 0;
    set_ts_for(current);
    return 0;
}
