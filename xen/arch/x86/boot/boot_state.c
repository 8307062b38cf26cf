/* SPDX-License-Identifier: MIT */
/*
 * Resets state of the processor that firmware or the boot loader may have changed and that nothing else sets later.
 * boot.S sets CR0, CR4, EFER, EFLAGS and DR7, as these cannot wait. Tables and segments are the hypervisor's own by
 * now. MTRRs and PAT stay as the firmware has set them.
 */
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define MSR_SYSENTER_CS 0x174 /* ESP and EIP follow it. If it is 0, SYSENTER raises #GP */
#define MSR_DEBUGCTL    0x1D9 /* branch trace, which would be written to memory */

/* Not every processor has these registers, not even every one that says so (Pentium Pro). If a write faults, there is
 * nothing to reset. */
void __init reset_processor(void)
{
    for (uint32_t i = 0; i < 3; i++)
        (void)wrmsr_safe(MSR_SYSENTER_CS + i, 0);
    (void)wrmsr_safe(MSR_DEBUGCTL, 0);
    init_debug_registers();
}
