/* SPDX-License-Identifier: MIT */
/* The local APIC: asm/apic.h. Source: Intel SDM volume 3, chapter 11; MultiProcessor Specification 1.4, 3.6.2. */
#include <asm/apic.h>
#include <asm/irq.h>
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/setup.h>

#define CPUID_APIC  (1u << 9) /* 1 EDX */
#define CPUID_MSR   (1u << 5) /* 1 EDX */
#define USUAL_BASE  0xFEE00000u
#define ALL_LOGICAL 0xFFFFFFFFu /* DFR: flat */
#define MAX_STALE   256         /* more than there are vectors: each may be waiting */

/* What has its class of priority, which is its upper four bits, or a lower one waits for ever (SDM 3, 11.8.3.1). */
#define REFUSED_PRIORITY (FIRST_DEVICE_VECTOR - 1)
_Static_assert(FIRST_DEVICE_VECTOR % 16 == 0, "the first of a class");

#define ERRORS_TOLD 4 /* at most, then every 1024th */

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

/* In xAPIC mode where everything else expects it: there the memory map has no RAM, and messages go there whatever the
 * register says. */
static uint64_t __init wanted_base(uint64_t base)
{
    return base & APIC_BASE_X2APIC ? base : (base & ~APIC_BASE_ADDRESS) | USUAL_BASE | APIC_BASE_ENABLE;
}

/* Firmware may have switched it off, and then CPUID does not show it; or have moved it. 0: it cannot be used. */
static uint64_t __init usable_base(void)
{
    uint64_t found = read_base(), base = wanted_base(found);
    bool is_off = !cpu_has_apic() || !(found & APIC_BASE_ENABLE);

    if (is_off && !opt_apic)
        return 0;
    if (!is_off && base == found)
        return base;
    (void)wrmsr_safe(MSR_APIC_BASE, base);
    if (!cpu_has_apic() || !(read_base() & APIC_BASE_ENABLE)) {
        printk("Local APIC: there is none, or firmware has switched it off for good\n");
        return 0;
    }
    if (read_base() != base) /* its registers hide some memory */
        panic("The local APIC cannot be moved from %09llx, where firmware has left it",
              (unsigned long long)(found & APIC_BASE_ADDRESS));
    printk("Local APIC: firmware had left it %s, at %09llx\n", is_off ? "off" : "on",
           (unsigned long long)(found & APIC_BASE_ADDRESS));
    return base;
}

/* The processor says that it has one: do registers answer? */
static enum apic_mode __init reach(uint64_t base)
{
    uint32_t version;

    if (base & APIC_BASE_X2APIC)
        return X2APIC;
    if (!map_apic(USUAL_BASE))
        return NO_APIC;
    version = read_apic_page(APIC_VERSION);
    return version && version != UINT32_MAX ? XAPIC : NO_APIC;
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

/* Is one of these vectors, and of those above, in the register? `vector` is a multiple of 16. */
static bool __init any_set(uint32_t reg, uint32_t vector)
{
    for (; vector < NR_VECTORS; vector += 16)
        if (apic_read(reg + vector / 32 * 0x10) >> vector % 32 & 0xFFFF)
            return true;
    return false;
}

/* What a boot loader has taken but not ended keeps all interrupts of the same and of lower priority away. What it has
 * not even taken comes when interrupts are first let in, and finds no handler; or never, if it is refused. */
static void __init drain(void)
{
    for (uint32_t i = 0; i < MAX_STALE; i++) {
        if (!any_set(APIC_ISR, 0) && !any_set(APIC_IRR, FIRST_DEVICE_VECTOR))
            return;
        apic_eoi();
        interrupt_window();
    }
    printk("Local APIC: something goes on asking\n");
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
    apic_write(APIC_TPR, REFUSED_PRIORITY);
    apic_write(APIC_SPIV, APIC_SPIV_ENABLE | SPURIOUS_VECTOR);
    drain();
    clear_errors();
}

/* As PCs without I/O APICs have it (MultiProcessor Specification, 3.6.2.2, "virtual wire"). */
static void __init leave_it(void)
{
    apic_accept_8259(true);
    apic_let_nmi_in(1, (struct line_mode){.level = false});
    apic_mode = NO_APIC;
}

void __init init_apic(void)
{
    uint64_t base = usable_base();

    apic_mode = base ? reach(base) : NO_APIC;
    if (!apic_is_on())
        return;
    set_up();
    if (!opt_apic) {
        leave_it();
        return;
    }
    apic_write(APIC_LVT_ERROR, APIC_ERROR_VECTOR);
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
