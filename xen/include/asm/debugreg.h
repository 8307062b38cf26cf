/* Debug registers of guests. */
#ifndef ASM_DEBUGREG_H
#define ASM_DEBUGREG_H

#include <xen/sched.h>

/* 0, -EINVAL (no such register) or -EPERM (would watch the hypervisor). */
int set_debugreg(struct vcpu *v, uint32_t reg, uint32_t value);
void load_debug_registers(const struct vcpu *v);
void disable_debug_registers(void);

#endif
