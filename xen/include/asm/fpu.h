/* SPDX-License-Identifier: MIT */
/* Lazy FPU state: the registers hold this_cpu.fpu_owner's, and CR0.TS is set while that is not current, or while the
 * guest itself has set TS. Whoever gets the FPU gets all of it from its own image, so that nothing of another's stays.
 */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <xen/sched.h>

void init_fpu(void);
/* #NM: gives v the FPU. False when the guest had set TS, and so wants to know. */
bool restore_fpu(struct vcpu *v);
/* CR0.TS as it must be while v runs. */
void set_ts_for(const struct vcpu *v);
/* v has the state of a reset. Also when it will not run again: nobody is to save its registers any more. */
void reset_fpu(struct vcpu *v);
/* v has the state of this FXSAVE image, whatever a guest has written there. */
void set_fpu(struct vcpu *v, const void *image);
/* v's registers are wanted in v->arch.fpu_area. */
void save_fpu(struct vcpu *v);

#endif
