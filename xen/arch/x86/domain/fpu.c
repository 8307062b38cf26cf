/* SPDX-License-Identifier: MIT */
/* Lazy FPU state: asm/fpu.h. */
#include <asm/emulate.h>
#include <asm/fpu.h>
#include <asm/processor.h>
#include <xen/hypercall.h>

#define FCW_INITIAL        0x37F
#define FTW_EMPTY          0 /* FXSAVE's form: a bit for each register in use */
#define MXCSR_INITIAL      0x1F80
#define MXCSR_MASK_DEFAULT 0xFFBF /* if FXSAVE reports no mask */
#define FSW_EXCEPTIONS     0x3F

/* The head of an FXSAVE image: SDM 1, 10.5.1. */
struct fxsave {
    uint16_t fcw, fsw;
    uint8_t ftw, reserved;
    uint16_t fop;
    uint32_t fip, fcs, fdp, fds, mxcsr, mxcsr_mask;
};

static uint32_t mxcsr_mask;

void __init init_fpu(void)
{
    static uint8_t image[512] __aligned(16);

    clts();
    __asm__ volatile("fxsave %0" : "+m"(image));
    mxcsr_mask = ((struct fxsave *)image)->mxcsr_mask ?: MXCSR_MASK_DEFAULT;
}

/* Only TS in CR0 changes after boot. */
void change_ts(bool on)
{
    this_cpu.ts = on;
    if (on)
        write_cr0(host_cr0 | X86_CR0_TS);
    else
        clts();
}

void save_fpu(struct vcpu *v)
{
    if (this_cpu.fpu_owner != v)
        return;
    set_ts(false);
    __asm__ volatile("fxsave %0" : "=m"(v->arch.fpu_area));
    set_ts_for(current);
}

static void forget_fpu(const struct vcpu *v)
{
    if (this_cpu.fpu_owner == v)
        this_cpu.fpu_owner = NULL;
}

void reset_fpu(struct vcpu *v)
{
    struct fxsave *image = (struct fxsave *)v->arch.fpu_area;

    forget_fpu(v);
    v->arch.fpu_initialised = false;
    memset(v->arch.fpu_area, 0, sizeof(v->arch.fpu_area));
    image->fcw = FCW_INITIAL;
    image->ftw = FTW_EMPTY;
    image->mxcsr = MXCSR_INITIAL;
}

/* Only reserved bits of MXCSR can make FXRSTOR fault. */
void set_fpu(struct vcpu *v, const void *image)
{
    forget_fpu(v);
    v->arch.fpu_initialised = true;
    memcpy(v->arch.fpu_area, image, sizeof(v->arch.fpu_area));
    ((struct fxsave *)v->arch.fpu_area)->mxcsr &= mxcsr_mask;
}

/* AMD's FXRSTOR leaves FIP, FDP and FOP alone unless an exception is pending (CVE-2006-1056), and an emulator's may,
 * too. This load overwrites them first, so that no guest sees another's. No exception may be pending, and a register
 * must be free. */
static void clear_pointers(void)
{
    static const uint32_t harmless;

    __asm__ volatile("fnclex; emms; fildl %0" ::"m"(harmless));
}

/* Loads the whole state, also at the first use, because the FPU holds another vCPU's state. */
static void load_fpu(const struct vcpu *v)
{
    const struct fxsave *image = (const struct fxsave *)v->arch.fpu_area;

    if (!(image->fsw & ~image->fcw & FSW_EXCEPTIONS))
        clear_pointers();
    __asm__ volatile("fxrstor %0" ::"m"(v->arch.fpu_area));
}

bool restore_fpu(struct vcpu *v)
{
    bool wanted_by_guest = v->arch.guest_cr0_ts;

    set_ts(false);
    v->arch.guest_cr0_ts = 0;
    if (this_cpu.fpu_owner == v)
        return !wanted_by_guest;
    if (this_cpu.fpu_owner)
        __asm__ volatile("fxsave %0" : "=m"(this_cpu.fpu_owner->arch.fpu_area));
    load_fpu(v);
    v->arch.fpu_initialised = true;
    this_cpu.fpu_owner = v;
    return !wanted_by_guest;
}

/* The slow part of the leaf: TS changes, or the argument is neither 0 nor 1. */
long do_fpu_taskswitch(uint32_t set)
{
    current->arch.guest_cr0_ts = set != 0;
    set_ts_for(current);
    return 0;
}
