/* SPDX-License-Identifier: MIT */
/*
 * What firmware and boot loader may have left in the processor, and nothing of ours replaces later: set, not assumed.
 * CR0, CR4, EFER, EFLAGS and DR7, which must not wait, are boot.S's; tables and segments have values of ours. MTRRs and
 * PAT stay the firmware's.
 */
#include <asm/debugreg.h>
#include <asm/emulate.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define MSR_SYSENTER_CS 0x174 /* and ESP, EIP. 0 there: SYSENTER raises #GP */
#define MSR_DEBUGCTL    0x1D9 /* branch trace: would be written to memory */

/* Not every processor has them, and not every one that says so (Pentium Pro): a fault is as good as a 0. */
void __init reset_processor(void)
{
    for (uint32_t i = 0; i < 3; i++)
        (void)wrmsr_safe(MSR_SYSENTER_CS + i, 0);
    (void)wrmsr_safe(MSR_DEBUGCTL, 0);
    init_debug_registers();
}
