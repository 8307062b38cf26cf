/* Lazy FPU state: the registers hold this_cpu.fpu_owner's, and CR0.TS is set while that is not current, or while the
 * guest itself has set TS. */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <xen/sched.h>

/* #NM: gives v the FPU. False when the guest had set TS, and so wants to know. */
bool restore_fpu(struct vcpu *v);
/* CR0.TS as it must be while v runs. */
void set_ts_for(const struct vcpu *v);
/* v will not run again. */
void forget_fpu(const struct vcpu *v);
/* v's registers are wanted in v->fpu_area. */
void save_fpu(struct vcpu *v);

#endif
