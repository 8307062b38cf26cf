/* SPDX-License-Identifier: MIT */
/*
 * The local APIC (xen/arch/x86/dev/apic.c) on a model of it, made after the Intel SDM (volume 3, chapter 11) and left
 * by firmware or a loader in each of the states that a PC may be in: in x2APIC mode, switched off, moved, with requests
 * waiting and in service, with errors. Each access is checked: by the page only in xAPIC mode and only where that is
 * mapped, by MSR only in x2APIC mode, and only to registers that are there, with values that raise no #GP.
 *
 * Proves: after it nothing is in service, nothing but errors is let in, and nothing that has been or will be sent to a
 * vector below 0x90 is ever taken, those by which guests enter among them.
 */
#include "fake_msr.h"
#include "said.h"

#include <asm/apic.h>
#include <asm/irq.h>
#include <asm/processor.h>

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf);
#define read_cpuid fake_cpuid
#include "../../xen/arch/x86/dev/apic.c"

bool opt_apic;

static struct {
    uint64_t base;
    bool none, stuck;   /* there is no APIC; its base cannot be changed */
    uint64_t mapped;    /* the page at APIC_VA; 0: none */
    uint32_t reg[0x40]; /* by offset / 16; ISR and IRR are below */
    bool isr[256], irr[256];
    uint32_t error; /* since ESR was written last */
    bool silent;    /* the registers are not there */
    uint32_t asks_again, accesses, taken[256];
} apic;

#define REG(offset) apic.reg[(offset) / 16]

static bool is_on(void)
{
    return apic.base & APIC_BASE_ENABLE && !apic.none;
}

static struct cpuid_leaf fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    return (struct cpuid_leaf){.edx = CPUID_MSR | (is_on() ? CPUID_APIC : 0)};
}

/* --- Interrupts */

static int highest(const bool *bits)
{
    int i = 255;

    while (i >= 0 && !bits[i])
        i--;
    return i;
}

static uint32_t word(const bool *bits, uint32_t n)
{
    uint32_t w = 0;

    for (uint32_t i = 0; i < 32; i++)
        w |= (uint32_t)bits[n * 32 + i] << i;
    return w;
}

void interrupt_window(void)
{
    for (int v; REG(APIC_SPIV) & APIC_SPIV_ENABLE && (v = highest(apic.irr)) >= 0 &&
                v >> 4 > MAX((int)REG(APIC_TPR) >> 4, highest(apic.isr) >> 4);) {
        apic.irr[v] = false; /* in service, until the handler ends it */
        apic.taken[v]++;
        if (apic.asks_again == (uint32_t)v) {
            apic.irr[v] = true;
            return;
        }
    }
}

/* --- Registers */

static bool is_lvt(uint32_t reg)
{
    return reg == APIC_LVT_CMCI || (reg >= APIC_LVT_TIMER && reg <= APIC_LVT_ERROR);
}

static bool is_there(uint32_t reg)
{
    uint32_t last = REG(APIC_VERSION) >> 16 & 0xFF;

    if (reg == APIC_LVT_CMCI)
        return last >= 6;
    if (reg == APIC_LVT_THERMAL)
        return last >= 5;
    return reg != APIC_LVT_PMC || last >= 4;
}

static uint32_t read_register(uint32_t reg)
{
    apic.accesses++;
    CHECK(is_on() && reg < 0x400 && !(reg & 15) && is_there(reg), "reads %03x", reg);
    if (apic.silent)
        return UINT32_MAX;
    if (reg >= APIC_ISR && reg < APIC_TMR)
        return word(apic.isr, (reg - APIC_ISR) / 16);
    if (reg >= APIC_IRR && reg < APIC_ESR)
        return word(apic.irr, (reg - APIC_IRR) / 16);
    return REG(reg);
}

static void write_lvt(uint32_t reg, uint32_t value)
{
    CHECK(!(value & ~0x7A7FFu), "LVT %03x: %08x has reserved bits", reg, value);
    if (!(value & 0x700) && (value & 0xFF) < 16)
        apic.error |= 0x40; /* an illegal vector, even of a masked one */
    REG(reg) = value | (REG(APIC_SPIV) & APIC_SPIV_ENABLE ? 0 : APIC_LVT_MASKED);
}

static void write_register(uint32_t reg, uint32_t value)
{
    apic.accesses++;
    CHECK(is_on() && is_there(reg), "writes %03x", reg);
    CHECK(reg != APIC_ID && reg != APIC_VERSION && (reg < APIC_ISR || reg >= APIC_ESR), "%03x is only read", reg);
    if (is_lvt(reg))
        write_lvt(reg, value);
    else if (reg == APIC_EOI) {
        if (highest(apic.isr) >= 0)
            apic.isr[highest(apic.isr)] = false;
    } else if (reg == APIC_ESR) {
        REG(reg) = apic.error;
        apic.error = 0;
    } else
        REG(reg) = value;
}

uint32_t read_apic_page(uint32_t reg)
{
    CHECK(!(apic.base & APIC_BASE_X2APIC) && apic.mapped == (apic.base & APIC_BASE_ADDRESS), "%03x by the page", reg);
    return read_register(reg);
}

void write_apic_page(uint32_t reg, uint32_t value)
{
    CHECK(!(apic.base & APIC_BASE_X2APIC) && apic.mapped == (apic.base & APIC_BASE_ADDRESS), "%03x by the page", reg);
    write_register(reg, value);
}

static uint32_t of_msr(uint32_t index)
{
    CHECK(apic.base & APIC_BASE_X2APIC && index >= MSR_X2APIC && index < MSR_X2APIC + 0x40, "MSR %x", index);
    return (index - MSR_X2APIC) * 16;
}

uint64_t read_msr(uint32_t index)
{
    return read_register(of_msr(index));
}

void write_msr(uint32_t index, uint64_t value)
{
    uint32_t reg = of_msr(index);

    CHECK(!(value >> 32) && reg != APIC_DFR && reg != APIC_LDR, "%03x: #GP", reg);
    CHECK(!value || (reg != APIC_EOI && reg != APIC_ESR), "%03x = %x: #GP", reg, (uint32_t)value);
    write_register(reg, value);
}

int rdmsr_safe(uint32_t index, uint64_t *value)
{
    CHECK(index == MSR_APIC_BASE);
    *value = apic.base;
    return 0;
}

/* To leave x2APIC mode, or to enter it when off, raises #GP. */
int wrmsr_safe(uint32_t index, uint64_t value)
{
    uint32_t old = apic.base & (APIC_BASE_X2APIC | APIC_BASE_ENABLE),
             new = value &(APIC_BASE_X2APIC | APIC_BASE_ENABLE);

    CHECK(index == MSR_APIC_BASE);
    CHECK(new != APIC_BASE_X2APIC && (!(old & APIC_BASE_X2APIC) || new == old), "#GP: %08llx",
          (unsigned long long)value);
    if (!apic.stuck)
        apic.base = value;
    return 0;
}

bool map_apic(uint64_t maddr)
{
    apic.mapped = maddr;
    return true;
}

/* --- Tests */

/* As a BIOS leaves it: in virtual wire mode. */
static void machine(void)
{
    memset(&apic, 0, sizeof(apic));
    apic.base = USUAL_BASE | APIC_BASE_ENABLE;
    REG(APIC_ID) = 5u << 24;
    REG(APIC_VERSION) = 6u << 16 | 0x15;
    REG(APIC_SPIV) = APIC_SPIV_ENABLE | 0x0F;
    for (uint32_t reg = APIC_LVT_TIMER; reg <= APIC_LVT_ERROR; reg += 0x10)
        REG(reg) = 0x82; /* not masked */
    REG(APIC_LVT_CMCI) = 0x80;
    REG(APIC_LVT_LINT0) = APIC_LVT_EXTINT;
    REG(APIC_TIMER_COUNT) = 1000;
    apic_mode = NO_APIC;
    opt_apic = true;
    nothing_said();
}

/* Nothing but errors is let in, and what it says is heard. */
static void check_quiet(void)
{
    for (uint32_t reg = APIC_LVT_TIMER; reg < APIC_LVT_ERROR; reg += 0x10)
        CHECK(REG(reg) & APIC_LVT_MASKED, "LVT %03x: %08x", reg, REG(reg));
    CHECK(REG(APIC_LVT_CMCI) & APIC_LVT_MASKED && !REG(APIC_TIMER_COUNT));
    CHECK(REG(APIC_LVT_ERROR) == APIC_ERROR_VECTOR, "%08x", REG(APIC_LVT_ERROR));
    CHECK(REG(APIC_SPIV) == (APIC_SPIV_ENABLE | SPURIOUS_VECTOR), "%08x", REG(APIC_SPIV));
    CHECK(!apic.error && !REG(APIC_ESR), "errors");
    CHECK(highest(apic.isr) < 0, "%02x is in service", highest(apic.isr));
}

static void check_nothing_refused_is_taken(void)
{
    for (uint32_t v = 0; v < FIRST_DEVICE_VECTOR; v++)
        apic.irr[v] |= v >= 16;
    interrupt_window();
    for (uint32_t v = 0; v < FIRST_DEVICE_VECTOR; v++)
        CHECK(!apic.taken[v], "%02x is taken", v);
    apic.irr[FIRST_DEVICE_VECTOR] = true;
    interrupt_window();
    CHECK(apic.taken[FIRST_DEVICE_VECTOR], "the first one of the devices'");
}

static void as_usual(void)
{
    init_apic();
    CHECK(apic_mode == XAPIC && apic_id() == 5);
    check_quiet();
    check_nothing_refused_is_taken();
}

static void x2apic_left_on(void)
{
    apic.base |= APIC_BASE_X2APIC;
    REG(APIC_ID) = 0x105;
    init_apic();
    CHECK(apic_mode == X2APIC && apic_id() == 0x105 && !apic.mapped);
    check_quiet();
    check_nothing_refused_is_taken();
    CHECK_SAID("x2APIC");
}

static void switched_off(void)
{
    apic.base = USUAL_BASE;
    init_apic();
    CHECK(apic_mode == XAPIC, "it is not on");
    check_quiet();
    CHECK_SAID("had left it off");
    machine();
    apic.base = 0; /* not even the address */
    init_apic();
    CHECK(apic_mode == XAPIC, "it is not on");
    check_quiet();
}

static void off_for_good(void)
{
    apic.base = USUAL_BASE;
    apic.stuck = true;
    init_apic();
    CHECK(apic_mode == NO_APIC && !apic.accesses);
    CHECK_SAID("for good");
    machine();
    apic.none = true;
    init_apic();
    CHECK(apic_mode == NO_APIC && !apic.accesses);
}

static void moved(void)
{
    static const uint64_t places[] = {0, 0x100000, 0xFEC10000, 0xFFFFF000, 0x800000000, 0xFEE00000000};

    for (unsigned int i = 0; i < ARRAY_SIZE(places); i++) {
        machine();
        apic.base = places[i] | APIC_BASE_ENABLE | 1u << 8; /* the last: the processor that has booted */
        init_apic();
        CHECK(apic_mode == XAPIC && apic.base == (USUAL_BASE | APIC_BASE_ENABLE | 1u << 8), "it is at %llx",
              (unsigned long long)apic.base);
        check_quiet();
        CHECK_SAID("had left it on");
    }
    machine();
    apic.base = 0x100000 | APIC_BASE_ENABLE;
    apic.stuck = true;
    CHECK(PANICS(init_apic()), "its registers hide RAM");
    CHECK_SAID("cannot be moved from 000100000");
}

static void nobody_answers(void)
{
    apic.silent = true;
    init_apic();
    CHECK(apic_mode == NO_APIC);
}

/* All that can wait does, and one of each priority is in service, while all priorities are refused. */
static void left_by_a_loader(void)
{
    for (uint32_t mode = 0; mode <= APIC_BASE_X2APIC; mode += APIC_BASE_X2APIC) {
        machine();
        apic.base |= mode;
        for (uint32_t v = 16; v < 256; v++) {
            apic.irr[v] = true;
            apic.isr[v] = !(v & 15);
        }
        REG(APIC_TPR) = 0xFF;
        apic.error = 0x60;
        init_apic();
        check_quiet();
        for (uint32_t v = FIRST_DEVICE_VECTOR; v < 256; v++)
            CHECK(!apic.irr[v] && apic.taken[v] == 1, "%02x is taken %u times", v, apic.taken[v]);
        check_nothing_refused_is_taken();
        CHECK_UNSAID("goes on asking");
    }
}

/* An I/O APIC's level, whose pin is not masked yet. */
static void asks_for_ever(void)
{
    apic.irr[0xD3] = true;
    apic.asks_again = 0xD3;
    init_apic();
    CHECK(apic_is_on() && apic.taken[0xD3] < 1000);
    CHECK_SAID("goes on asking");
}

/* In x2APIC mode to touch an entry that is not there would raise #GP. */
static void few_entries(void)
{
    for (uint32_t last = 3; last <= 6; last++)
        for (uint32_t mode = 0; mode <= APIC_BASE_X2APIC; mode += APIC_BASE_X2APIC) {
            machine();
            apic.base |= mode;
            REG(APIC_VERSION) = last << 16 | 0x14;
            REG(APIC_LVT_CMCI) = REG(APIC_LVT_PMC) = REG(APIC_LVT_THERMAL) = APIC_LVT_MASKED;
            init_apic();
            check_quiet();
        }
}

static void not_wanted(void)
{
    opt_apic = false;
    for (uint32_t v = 16; v < 256; v++)
        apic.irr[v] = apic.isr[v] = true;
    for (unsigned int i = 0; i < 16; i++) /* one of each priority */
        memset(&apic.isr[i * 16 + 1], 0, 15);
    init_apic();
    CHECK(apic_mode == NO_APIC && highest(apic.isr) < 0);
    CHECK(REG(APIC_LVT_LINT0) == APIC_LVT_EXTINT && REG(APIC_LVT_LINT1) == APIC_LVT_NMI, "as a PC's wires");
    CHECK(REG(APIC_LVT_TIMER) & APIC_LVT_MASKED && REG(APIC_LVT_ERROR) & APIC_LVT_MASKED);
    check_nothing_refused_is_taken();
    machine();
    opt_apic = false;
    apic.base = USUAL_BASE;
    init_apic();
    CHECK(apic_mode == NO_APIC && !apic.accesses && apic.base == USUAL_BASE, "firmware had switched it off");
}

static void nmis(void)
{
    init_apic();
    apic_let_nmi_in(0, (struct line_mode){.low = true, .level = true});
    apic_let_nmi_in(1, (struct line_mode){.low = false});
    CHECK(REG(APIC_LVT_LINT0) == (APIC_LVT_NMI | APIC_LVT_ACTIVE_LOW) && REG(APIC_LVT_LINT1) == APIC_LVT_NMI);
}

static void errors_are_told(void)
{
    init_apic();
    for (unsigned int i = 1; i <= 3000; i++) {
        nothing_said();
        apic.error = 0x40;
        apic_error_interrupt();
        CHECK(!apic.error, "it would come again");
        CHECK(!said[0] == (i > ERRORS_TOLD && i % 1024), "%u: %s", i, said);
    }
    nothing_said();
    apic.error = 0x80;
    errors = 1023;
    apic_error_interrupt();
    CHECK_SAID("error 80, number 1024");
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"apic_as_usual", as_usual},
        {"apic_x2apic_left_on", x2apic_left_on},
        {"apic_switched_off", switched_off},
        {"apic_off_for_good", off_for_good},
        {"apic_moved", moved},
        {"apic_nobody_answers", nobody_answers},
        {"apic_left_by_a_loader", left_by_a_loader},
        {"apic_asks_for_ever", asks_for_ever},
        {"apic_few_entries", few_entries},
        {"apic_not_wanted", not_wanted},
        {"apic_nmis", nmis},
        {"apic_errors_are_told", errors_are_told},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
