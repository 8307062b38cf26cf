/* SPDX-License-Identifier: MIT */
/* The local APIC: asm/apic.h. Source: Intel SDM volume 3, chapter 11; MultiProcessor Specification 1.4, 3.6.2. */
#include <asm/apic.h>
#include <asm/device_access.h>
#include <asm/irq.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define CPUID_APIC   (1u << 9)  /* 1 EDX */
#define CPUID_MSR    (1u << 5)  /* 1 EDX */
#define CPUID_X2APIC (1u << 21) /* 1 ECX */
#define USUAL_BASE   0xFEE00000u
#define ALL_LOGICAL  0xFFFFFFFFu /* DFR: flat */
#define MAX_STALE    64          /* EOIs for what is left in service: one for each priority would do */
#define ERRORS_TOLD  4           /* at most, then every 1024th */

enum apic_mode apic_mode;
static uint32_t errors, spurious; /* since the boot */

static bool __init cpu_has_apic(void)
{
    return read_cpuid(1, 0).edx & CPUID_APIC;
}

/* Processors with an APIC but without the register (Pentium) have it at the usual address. */
static uint64_t __init read_base(void)
{
    uint64_t base = 0;

    if (!(read_cpuid(1, 0).edx & CPUID_MSR) || rdmsr_safe(MSR_APIC_BASE, &base))
        return USUAL_BASE | APIC_BASE_ENABLE;
    return base;
}

/* Firmware may have switched it off, and then CPUID does not show it. */
static uint64_t __init enabled_base(void)
{
    uint64_t base = read_base();

    if (!cpu_has_apic() || !(base & APIC_BASE_ENABLE)) {
        if (!(base & APIC_BASE_ADDRESS))
            base |= USUAL_BASE;
        if (wrmsr_safe(MSR_APIC_BASE, base | APIC_BASE_ENABLE))
            return 0;
        base = read_base();
    }
    return cpu_has_apic() && base & APIC_BASE_ENABLE ? base : 0;
}

static enum apic_mode __init reach(uint64_t base)
{
    if (base & APIC_BASE_X2APIC)
        return X2APIC;
    if (map_apic(base & APIC_BASE_ADDRESS)) {
        keep_frames((base & APIC_BASE_ADDRESS) >> PAGE_SHIFT, (base & APIC_BASE_ADDRESS) >> PAGE_SHIFT);
        return XAPIC;
    }
    if (read_cpuid(1, 0).ecx & CPUID_X2APIC && !wrmsr_safe(MSR_APIC_BASE, base | APIC_BASE_X2APIC))
        return X2APIC;
    return NO_APIC;
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(APIC_ID);

    return apic_mode == X2APIC ? id : id >> 24;
}

/* --- Setting it up */

static void __init mask_local_sources(void)
{
    uint32_t last = APIC_VERSION_LAST_LVT(apic_read(APIC_VERSION));

    apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED | APIC_ERROR_VECTOR);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | LOCAL_TIMER_VECTOR);
    apic_write(APIC_TIMER_COUNT, 0);
    apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED | APIC_LVT_EXTINT);
    apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED | APIC_LVT_NMI);
    if (last >= 4)
        apic_write(APIC_LVT_PMC, APIC_LVT_MASKED | APIC_LVT_NMI);
    if (last >= 5)
        apic_write(APIC_LVT_THERMAL, APIC_LVT_MASKED | SPURIOUS_VECTOR);
    if (last >= 6)
        apic_write(APIC_LVT_CMCI, APIC_LVT_MASKED | SPURIOUS_VECTOR);
}

static bool __init any_set(uint32_t first)
{
    uint32_t bits = 0;

    for (uint32_t i = 0; i < 8; i++)
        bits |= apic_read(first + i * 0x10);
    return bits;
}

/* What a boot loader has taken but not ended keeps all interrupts of the same and of lower priority away. What it has
 * not even taken comes when interrupts are first let in, and finds no handler. */
static void __init drain(void)
{
    for (uint32_t i = 0; i < MAX_STALE && (any_set(APIC_ISR) || any_set(APIC_IRR)); i++) {
        apic_eoi();
        interrupt_window();
    }
}

static void __init clear_errors(void)
{
    apic_write(APIC_ESR, 0);
    apic_write(APIC_ESR, 0);
}

static void __init set_up(void)
{
    mask_local_sources();
    if (apic_mode == XAPIC) { /* nobody sends by logical destination; it must only not be wrong */
        apic_write(APIC_DFR, ALL_LOGICAL);
        apic_write(APIC_LDR, 1u << 24);
    }
    apic_write(APIC_TPR, 0);
    apic_write(APIC_SPIV, APIC_SPIV_ENABLE | SPURIOUS_VECTOR);
    drain();
    clear_errors();
    apic_write(APIC_LVT_ERROR, APIC_ERROR_VECTOR);
}

void __init init_apic(void)
{
    uint64_t base = opt_apic ? enabled_base() : 0;

    apic_mode = base ? reach(base) : NO_APIC;
    if (!apic_is_on())
        return;
    set_up();
    log_at(LOG_INFO, "Local APIC: id %u, version %02x, %s\n", apic_id(), apic_read(APIC_VERSION) & 0xFF,
           apic_mode == X2APIC ? "x2APIC" : "xAPIC");
}

void apic_accept_8259(bool accept)
{
    apic_write(APIC_LVT_LINT0, (accept ? 0 : APIC_LVT_MASKED) | APIC_LVT_EXTINT);
}

void __init apic_let_nmi_in(unsigned int lint, struct line_mode mode)
{
    apic_write(lint ? APIC_LVT_LINT1 : APIC_LVT_LINT0, APIC_LVT_NMI | (mode.low ? APIC_LVT_ACTIVE_LOW : 0));
}

/* --- Its own interrupts */

void apic_spurious_interrupt(void)
{
    spurious++;
}

void apic_error_interrupt(void)
{
    uint32_t what;

    apic_write(APIC_ESR, 0); /* makes it show what there has been */
    what = apic_read(APIC_ESR);
    if (++errors <= ERRORS_TOLD || !(errors & 1023))
        printk("Local APIC: error %02x, number %u\n", what, errors);
}
