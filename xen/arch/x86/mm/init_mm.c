/* SPDX-License-Identifier: MIT */
/* What memory management must know about the processor. */
#include <asm/frames.h>
#include <asm/l1tf.h>
#include <asm/processor.h>
#include <xen/domain.h>
#include <xen/lib.h>

mfn_t max_page;
uint32_t nx_mask_hi;
uint32_t refused_hi;
uint32_t idle_cr3;
bool l1tf_vulnerable;

#define CPUID_EXT_NX      (1u << 20) /* 0x80000001 EDX */
#define CPUID_ARCH_CAPS   (1u << 29) /* 7 EDX */
#define MSR_ARCH_CAPS     0x10A
#define ARCH_CAPS_RDCL_NO 1u

/* Intel's processors have L1TF unless they say that they do not. Those of other vendors do not have it. */
static bool __init has_l1tf(void)
{
    struct cpuid_leaf vendor = read_cpuid(0, 0);
    uint32_t lo, hi;

    if (vendor.ebx != 0x756E6547) /* "Genu" */
        return false;
    if (vendor.eax < 7 || !(read_cpuid(7, 0).edx & CPUID_ARCH_CAPS))
        return true;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(MSR_ARCH_CAPS));
    return !(lo & ARCH_CAPS_RDCL_NO);
}

void __init init_mm(void)
{
    nx_mask_hi = read_cpuid(0x80000001, 0).edx & CPUID_EXT_NX ? _PAGE_NX_HI : 0;
    refused_hi = ~nx_mask_hi & ~0xFFFu;
    idle_cr3 = read_cr3();
    l1tf_vulnerable = opt_pv_l1tf && has_l1tf();
    if (l1tf_vulnerable)
        log_at(LOG_INFO, "processor has L1TF: entries that are not present may name no frame\n");
}
