/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers for guests: a list of those that a guest may read. Writing them has no effect, except for
 * the one that asks for the hypercall page (as on Xen, and kernels rely on that). All other registers do not exist:
 * reading or writing them raises #GP.
 */
#include <asm/emulate.h>
#include <asm/mm.h>
#include <asm/msr.h>
#include <xen/hypercall.h>
#include <xen/sched.h>

#define MSR_MCG_CAP        0x179
#define MSR_MISC_ENABLE    0x1A0
#define MSR_HYPERCALL_PAGE 0x40000000

enum source {
    HARDWARE,
    ZERO,
    MISC_ENABLE,
    MACHINE_CHECK, /* two banks that never report an error */
};

static const struct {
    uint32_t first, last;
    enum source source;
} readable[] = {
    {0x00000010, 0x00000010, HARDWARE}, /* TSC */
    {0x00000017, 0x00000017, HARDWARE}, /* platform id */
    {0x0000001B, 0x0000001B, HARDWARE}, /* APIC base */
    {0x0000008B, 0x0000008B, HARDWARE}, /* microcode revision */
    {0x000000E7, 0x000000E8, HARDWARE}, /* MPERF, APERF */
    {MSR_MCG_CAP, 0x0000017B, MACHINE_CHECK},
    {0x00000198, 0x00000199, HARDWARE}, /* performance state */
    {MSR_MISC_ENABLE, MSR_MISC_ENABLE, MISC_ENABLE},
    {0x000001D9, 0x000001D9, ZERO},     /* debug control */
    {0x00000277, 0x00000277, HARDWARE}, /* PAT */
    {0x00000400, 0x00000407, MACHINE_CHECK},
    {0xC0000080, 0xC0000080, HARDWARE}, /* EFER */
    {0xC0010000, 0xC0010007, HARDWARE}, /* AMD: performance counters */
    {0xC0010015, 0xC0010015, HARDWARE}, /* HWCR */
    {0xC001001F, 0xC001001F, HARDWARE}, /* NB_CFG */
    {0xC0010041, 0xC0010042, ZERO},     /* FIDVID */
    {0xC0010055, 0xC0010055, HARDWARE}, /* interrupt pending */
    {0xC0010058, 0xC0010058, HARDWARE}, /* MMIO configuration base */
    {0xC0010061, 0xC001006B, ZERO},     /* P-states */
    {0xC0011004, 0xC0011005, HARDWARE}, /* CPUID features */
    {0xC0011020, 0xC001102D, HARDWARE}, /* LS_CFG, IC_CFG, DC_CFG, DE_CFG... */
    {MSR_HYPERCALL_PAGE, MSR_HYPERCALL_PAGE, ZERO},
};

static uint64_t misc_enable(uint64_t hardware)
{
    uint64_t off = 1u << 7 | 1u << 18;            /* performance monitoring, MONITOR */
    uint64_t on = 1u << 11 | 1u << 12 | 1u << 23; /* no BTS, no PEBS, no xTPR messages */

    return (hardware & ~off) | on;
}

static uint64_t machine_check(uint32_t index)
{
    if (index == MSR_MCG_CAP)
        return 2 | 1u << 11 | 1u << 24;
    return index >= 0x400 && !(index & 3) ? ~0ull : 0; /* MCi_CTL */
}

static int find(uint32_t index)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++)
        if (index >= readable[i].first && index <= readable[i].last)
            return readable[i].source;
    return -1;
}

bool guest_rdmsr(uint32_t index, uint64_t *value)
{
    switch (find(index)) {
    case HARDWARE:
        return !rdmsr_safe(index, value);
    case ZERO:
        *value = 0;
        return true;
    case MISC_ENABLE:
        if (rdmsr_safe(index, value))
            return false;
        *value = misc_enable(*value);
        return true;
    case MACHINE_CHECK:
        *value = machine_check(index);
        return true;
    default:
        return false;
    }
}

/* A guest asks for its hypercall page at this address. */
static bool set_hypercall_page(uint64_t address)
{
    mfn_t mfn = address >> PAGE_SHIFT;
    struct page_info *page;

    if (address >> (32 + PAGE_SHIFT) || address & ~PAGE_MASK || mfn >= max_page)
        return false;
    page = mfn_to_page(mfn);
    if (get_page_and_type(page, this_cpu.domain, PGT_writable_page))
        return false;
    write_hypercall_page(map_frame(mfn));
    put_page_and_type(page);
    return true;
}

bool guest_wrmsr(uint32_t index, uint64_t value)
{
    switch (find(index)) {
    case HARDWARE:
    case MISC_ENABLE:
        return true;
    case ZERO:
        return index != MSR_HYPERCALL_PAGE || set_hypercall_page(value);
    case MACHINE_CHECK:
        if (index == MSR_MCG_CAP)
            return false;
        return index < 0x400 || !(index & 2) || ~value; /* ADDR and MISC refuse a value of all ones */
    default:
        return false;
    }
}
