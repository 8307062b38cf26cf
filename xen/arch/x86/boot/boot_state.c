/* SPDX-License-Identifier: MIT */
/*
 * Resets state of the processor that firmware or the boot loader may have changed and that nothing else sets later.
 * boot.S sets CR0, CR4, EFER, EFLAGS and DR7, as these cannot wait. Tables and segments are the hypervisor's own by
 * now. MTRRs stay as the firmware has set them.
 */
#include <asm/debugreg.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define MSR_SYSENTER_CS 0x174 /* ESP and EIP follow it. If it is 0, SYSENTER raises #GP */
#define MSR_DEBUGCTL    0x1D9 /* branch trace, which would be written to memory */

#define CPUID_PAT (1u << 16)
#define MSR_PAT   0x277

/* The first half is what processors start with: write-back, write-through, uncached as MTRRs may change it, uncached.
 * The second half: write-combining, write-protected, and the last two again. */
#define XEN_PAT_LOW  0x00070406
#define XEN_PAT_HIGH 0x00000501

void __init set_memory_types(void)
{
    if (!(read_cpuid(1, 0).edx & CPUID_PAT))
        return;
    __asm__ volatile("wbinvd; wrmsr" ::"a"(XEN_PAT_LOW), "d"(XEN_PAT_HIGH), "c"(MSR_PAT) : "memory");
    write_cr3(read_cr3());
}

/* Not every processor has these registers, not even every one that says so (Pentium Pro). If a write faults, there is
 * nothing to reset. */
void __init reset_processor(void)
{
    for (uint32_t i = 0; i < 3; i++)
        (void)wrmsr_safe(MSR_SYSENTER_CS + i, 0);
    (void)wrmsr_safe(MSR_DEBUGCTL, 0);
    init_debug_registers();
}
