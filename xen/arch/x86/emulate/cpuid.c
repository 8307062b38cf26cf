/* SPDX-License-Identifier: MIT */
/*
 * What CPUID tells a guest. A table of masks passes on only those leaves and bits of the processor's that are known to
 * be harmless. Features that a guest cannot use, or that Int82 does not offer, are hidden, as Xen hides them from its
 * 32-bit guests: large pages, global pages, MTRR, machine checks, SYSENTER, XSAVE and all that needs it.
 *
 * Domain 0 alone is told of the local APIC, if the hypervisor uses it. It cannot reach it; but a kernel that reads "no
 * APIC" does not look for its processors in the MADT, nor for a way for device interrupts.
 */
#include <asm/apic.h>
#include <asm/emulate.h>
#include <asm/page.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/sched.h>
#include <xen/version.h>

#define BIT(n) (1u << (n))

/* FPU DE TSC MSR PAE CX8 CMOV PAT MMX FXSR: the same bits in leaf 1 and in AMD's leaf 0x80000001 */
#define EDX_COMMON (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(15) | BIT(16) | BIT(23) | BIT(24))
/* CLFLUSH SSE SSE2 SS HT */
#define EDX_1 (EDX_COMMON | BIT(19) | BIT(25) | BIT(26) | BIT(27) | BIT(28))
/* SSE3 PCLMULQDQ SSSE3 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND */
#define ECX_1          (BIT(0) | BIT(1) | BIT(9) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) | BIT(30))
#define ECX_HYPERVISOR BIT(31)
#define EDX_APIC       BIT(9)
#define ECX_X2APIC     BIT(21)
/* BMI1 BMI2 ERMS RDSEED ADX CLFLUSHOPT SHA */
#define EBX_7 (BIT(3) | BIT(8) | BIT(9) | BIT(18) | BIT(19) | BIT(23) | BIT(29))
/* MP NX MMXEXT 3DNOWEXT 3DNOW */
#define EDX_EXT1 (EDX_COMMON | BIT(19) | BIT(20) | BIT(22) | BIT(30) | BIT(31))
#define EDX_NX   BIT(20)
/* CMP_LEGACY ABM SSE4A MISALIGNSSE 3DNOWPREFETCH */
#define ECX_EXT1      (BIT(1) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
#define INVARIANT_TSC BIT(8)

#define ALL 0xFFFFFFFFu

/* The bits of each leaf that the guest sees. */
static const struct cpuid_leaf basic_leaves[] = {
    [0] = {ALL, ALL, ALL, ALL}, [1] = {ALL, ALL, ECX_1, EDX_1}, [2] = {ALL, ALL, ALL, ALL}, /* caches */
    [4] = {ALL, ALL, ALL, ALL}, [7] = {0, EBX_7, 0, 0},
};
#define EXTENDED 0x80000000u
static const struct cpuid_leaf extended_leaves[] = {
    [0] = {ALL, ALL, ALL, ALL}, [1] = {ALL, ALL, ECX_EXT1, EDX_EXT1},
    [2] = {ALL, ALL, ALL, ALL}, /* name */
    [3] = {ALL, ALL, ALL, ALL}, [4] = {ALL, ALL, ALL, ALL},
    [5] = {ALL, ALL, ALL, ALL}, /* caches */
    [6] = {ALL, ALL, ALL, ALL}, [7] = {0, 0, 0, INVARIANT_TSC},
    [8] = {ALL, 0, ALL, 0}, /* address widths, cores */
};

#define HYPERVISOR_LEAVES 0x40000000u
#define XEN_LAST_LEAF     2
#define PRESERVE_AD       BIT(0) /* MMU_PT_UPDATE_PRESERVE_AD is there */

/* The number of leaves: the smaller of what the processor has and what the tables have. */
static uint32_t nr_basic, nr_extended;

void init_cpuid(void)
{
    uint32_t last = read_cpuid(EXTENDED, 0).eax;

    nr_basic = MIN(read_cpuid(0, 0).eax + 1, ARRAY_SIZE(basic_leaves));
    nr_extended = last >= EXTENDED ? MIN(last - EXTENDED + 1, ARRAY_SIZE(extended_leaves)) : 0;
}

static struct cpuid_leaf hypervisor_leaf(uint32_t index)
{
    switch (index) {
    case 0: /* "XenVMMXenVMM" */
        return (struct cpuid_leaf){HYPERVISOR_LEAVES + XEN_LAST_LEAF, 0x566E6558, 0x65584D4D, 0x4D4D566E};
    case 1:
        return (struct cpuid_leaf){.eax = XEN_VERSION};
    default: /* one hypercall page, and the MSR that asks for it: msr.c */
        return (struct cpuid_leaf){.eax = 1, .ebx = HYPERVISOR_LEAVES, .ecx = PRESERVE_AD};
    }
}

static bool apic_is_shown(void)
{
    return current->domain->is_privileged && apic_is_on();
}

static struct cpuid_leaf masked_leaf(uint32_t index, uint32_t subleaf, const struct cpuid_leaf *keep)
{
    struct cpuid_leaf l = read_cpuid(index, subleaf);

    l.eax &= keep->eax;
    l.ebx &= keep->ebx;
    l.ecx &= keep->ecx;
    l.edx &= keep->edx;
    return l;
}

/* Out of line and read anew, so that the other leaves need neither registers nor a question for it. */
static __attribute__((noinline)) struct cpuid_leaf leaf_1(void)
{
    static const struct cpuid_leaf with_apic = {ALL, ALL, ECX_1 | ECX_X2APIC, EDX_1 | EDX_APIC};
    struct cpuid_leaf l = masked_leaf(1, 0, apic_is_shown() ? &with_apic : &basic_leaves[1]);

    l.ecx |= ECX_HYPERVISOR;
    return l;
}

static struct cpuid_leaf basic_leaf(uint32_t index, uint32_t subleaf)
{
    struct cpuid_leaf l = masked_leaf(index, subleaf, &basic_leaves[index]);

    if (index == 0)
        l.eax = nr_basic - 1;
    else if (index == 1)
        l = leaf_1();
    else if (index == 7 && subleaf)
        l.ebx = 0;
    return l;
}

static struct cpuid_leaf extended_leaf(uint32_t index, uint32_t subleaf)
{
    struct cpuid_leaf l = masked_leaf(EXTENDED + index, subleaf, &extended_leaves[index]);

    if (index == 0)
        l.eax = EXTENDED + nr_extended - 1;
    else if (index == 1 && !nx_mask_hi)
        l.edx &= ~EDX_NX;
    return l;
}

void guest_cpuid(struct cpu_user_regs *regs)
{
    uint32_t index = regs->eax, subleaf = regs->ecx;
    struct cpuid_leaf l = {0, 0, 0, 0};

    if (index < nr_basic)
        l = basic_leaf(index, subleaf);
    else if (index - EXTENDED < nr_extended)
        l = extended_leaf(index - EXTENDED, subleaf);
    else if (index - HYPERVISOR_LEAVES <= XEN_LAST_LEAF)
        l = hypervisor_leaf(index - HYPERVISOR_LEAVES);
    regs->eax = l.eax;
    regs->ebx = l.ebx;
    regs->ecx = l.ecx;
    regs->edx = l.edx;
}
