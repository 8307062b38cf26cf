/* SPDX-License-Identifier: MIT */
/* Debug registers of guests. */
#ifndef ASM_DEBUGREG_H
#define ASM_DEBUGREG_H

#include <asm/processor.h>
#include <xen/sched.h>

#define DR6_RESET       0xFFFF0FF0u
#define DR6_SINGLE_STEP 0x00004000u
#define DR7_RESET       0x00000400u
#define DR7_ENABLE      0x000000FFu

/* Once: all but DR7, with which boot.S cannot wait. */
void init_debug_registers(void);
void reset_debug_registers(struct vcpu *v);
/* 0, -EINVAL (no such register) or -EPERM (would watch the hypervisor). */
int set_debugreg(struct vcpu *v, uint32_t reg, uint32_t value);
void load_debug_registers(const struct vcpu *v);
void disable_debug_registers(void);
/* At every #DB, whoever it was for: what DR6 says, which it then says no more. */
uint32_t take_debug_status(void);
/* That much of it which is v's business, for v to see. */
void add_debug_status(struct vcpu *v, uint32_t dr6);

/* After a change of debugreg[6], [7] or guest_cr4: what [4] and [5] answer, as Xen 4.2 does: these two where the guest
 * has set CR4.DE, 0 where not (on a processor it is the other way round). */
static inline void alias_debug_registers(struct vcpu *v)
{
    bool aliases = v->arch.guest_cr4 & X86_CR4_DE;

    v->arch.debugreg[4] = aliases ? v->arch.debugreg[6] : 0;
    v->arch.debugreg[5] = aliases ? v->arch.debugreg[7] : 0;
}

#endif
