/* SPDX-License-Identifier: MIT */
/* Lazy FPU state: the registers hold this_cpu.fpu_owner's, and CR0.TS is set while that is not current, or while the
 * guest itself has set TS. A vCPU that gets the FPU loads all of it from its own image, so nothing of another vCPU's
 * state remains. */
#ifndef ASM_FPU_H
#define ASM_FPU_H

#include <xen/sched.h>

void init_fpu(void);
/* #NM: gives v the FPU. False: the guest has set TS, so the trap is for the guest. */
bool restore_fpu(struct vcpu *v);
/* CR0.TS. Both ways to write it are slow. */
void change_ts(bool on);
static inline void set_ts(bool on)
{
    if (on != this_cpu.ts)
        change_ts(on);
}
/* As it must be while v runs. */
static inline void set_ts_for(const struct vcpu *v)
{
    set_ts(v != this_cpu.fpu_owner || v->arch.guest_cr0_ts);
}
/* Gives v the state after a reset. Also for a v that will not run again, so that its registers are not saved any more.
 */
void reset_fpu(struct vcpu *v);
/* Gives v the state of this FXSAVE image, which may hold anything. */
void set_fpu(struct vcpu *v, const void *image);
/* Saves v's registers in v->arch.fpu_area. */
void save_fpu(struct vcpu *v);

#endif
