/* SPDX-License-Identifier: MIT */
/* What domain 0 may know about the processor (dom0_op, sysctl). */
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/machine.h>

uint32_t cpu_apic_id(void)
{
    return read_cpuid(1, 0).ebx >> 24;
}

void cpu_version(struct xenpf_pcpu_version *v)
{
    struct cpuid_leaf vendor = read_cpuid(0, 0);
    uint32_t signature = read_cpuid(1, 0).eax;

    memcpy(v->vendor_id, &vendor.ebx, 4);
    memcpy(v->vendor_id + 4, &vendor.edx, 4);
    memcpy(v->vendor_id + 8, &vendor.ecx, 4);
    v->family = signature >> 8 & 0xF;
    v->model = signature >> 4 & 0xF;
    v->stepping = signature & 0xF;
    if (v->family == 0xF)
        v->family += signature >> 20 & 0xFF;
    if (v->family >= 6)
        v->model |= signature >> 12 & 0xF0;
}

void cpu_capabilities(uint32_t hw_cap[8])
{
    struct cpuid_leaf basic = read_cpuid(1, 0), extended = read_cpuid(0x80000001, 0);

    hw_cap[0] = basic.edx;
    hw_cap[1] = extended.edx;
    hw_cap[4] = basic.ecx;
    hw_cap[6] = extended.ecx;
}
