/* SPDX-License-Identifier: MIT */
/* What domain 0 may know about the processor (dom0_op, sysctl). */
#include <asm/madt.h>
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/machine.h>

uint32_t cpu_apic_id(void)
{
    return read_cpuid(1, 0).ebx >> 24;
}

uint32_t cpu_acpi_id(void)
{
    uint32_t uid = madt_uid();

    return uid == NO_UID ? NO_ACPI_ID : uid;
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

/* --- _PDC (Intel Processor Vendor-Specific ACPI, 3.1; CPUID: Intel SDM 2A) */

#define PDC_P_FFH      0x0001u /* frequencies by the processor's own registers */
#define PDC_C1_HALT    0x0002u
#define PDC_T_FFH      0x0004u /* throttling by them */
#define PDC_SMP_C1PT   0x0008u
#define PDC_SMP_C2C3   0x0010u
#define PDC_P_SWCOORD  0x0020u
#define PDC_T_SWCOORD  0x0080u
#define PDC_C1_FFH     0x0100u /* idle states by MWAIT */
#define PDC_C2C3_FFH   0x0200u
#define PDC_P_HWCOORD  0x0800u
#define PDC_THROTTLING (PDC_T_FFH | PDC_T_SWCOORD)
#define PDC_IDLE       (PDC_C1_HALT | PDC_SMP_C1PT | PDC_SMP_C2C3)
#define PDC_MWAIT      (PDC_C1_FFH | PDC_C2C3_FFH)
#define PDC_FREQUENCY  (PDC_P_FFH | PDC_P_SWCOORD | PDC_P_HWCOORD)

#define CPUID_MONITOR    (1u << 3)
#define CPUID_EST        (1u << 7)
#define MWAIT_LEAF       5
#define MWAIT_EXTENSIONS 3u /* it takes hints; an interrupt ends it even if interrupts are off */

static bool has_mwait(void)
{
    return read_cpuid(1, 0).ecx & CPUID_MONITOR && read_cpuid(0, 0).eax >= MWAIT_LEAF &&
           (read_cpuid(MWAIT_LEAF, 0).ecx & MWAIT_EXTENSIONS) == MWAIT_EXTENSIONS;
}

uint32_t cpu_pdc_bits(uint32_t bits)
{
    bits = (bits & PDC_THROTTLING) | PDC_IDLE;
    if (has_mwait())
        bits |= PDC_MWAIT;
    if (read_cpuid(1, 0).ecx & CPUID_EST)
        bits |= PDC_FREQUENCY;
    return bits;
}
