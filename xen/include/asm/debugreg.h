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

/* Called once, at boot. Sets all but DR7, which boot.S has set already. */
void init_debug_registers(void);
void reset_debug_registers(struct vcpu *v);
/* 0, -EINVAL (no such register) or -EPERM (would watch the hypervisor). */
int set_debugreg(struct vcpu *v, uint32_t reg, uint32_t value);
void load_debug_registers(const struct vcpu *v);
void disable_debug_registers(void);
/* Called at every #DB, whoever it is for: reads DR6 and clears it. */
uint32_t take_debug_status(void);
/* Shows v those bits of dr6 that concern v. */
void add_debug_status(struct vcpu *v, uint32_t dr6);

/* After a change of debugreg[6], [7] or guest_cr4: sets what [4] and [5] answer. As in Xen 4.2, that is [6] and [7] if
 * the guest has set CR4.DE, otherwise 0 (a processor does it the other way round). */
static inline void alias_debug_registers(struct vcpu *v)
{
    bool aliases = v->arch.guest_cr4 & X86_CR4_DE;

    v->arch.debugreg[4] = aliases ? v->arch.debugreg[6] : 0;
    v->arch.debugreg[5] = aliases ? v->arch.debugreg[7] : 0;
}

#endif
