/* SPDX-License-Identifier: MIT */
/*
 * The local APIC (dev/apic.c). Source: Intel SDM volume 3, chapter 11 ("APIC").
 *
 * Registers go by their offset in the xAPIC's page. In x2APIC mode each is an MSR; only the interrupt command register
 * is another there.
 */
#ifndef ASM_APIC_H
#define ASM_APIC_H

#include <asm/device_map.h>
#include <asm/irq_vectors.h>
#include <asm/madt.h>
#include <asm/msr.h>

#define APIC_ID           0x020
#define APIC_VERSION      0x030
#define APIC_TPR          0x080
#define APIC_EOI          0x0B0
#define APIC_LDR          0x0D0
#define APIC_DFR          0x0E0
#define APIC_SPIV         0x0F0
#define APIC_ISR          0x100 /* 8 registers of 32 bits, 0x10 apart; so have the next two */
#define APIC_TMR          0x180
#define APIC_IRR          0x200
#define APIC_ESR          0x280
#define APIC_LVT_CMCI     0x2F0
#define APIC_LVT_TIMER    0x320
#define APIC_LVT_THERMAL  0x330
#define APIC_LVT_PMC      0x340
#define APIC_LVT_LINT0    0x350
#define APIC_LVT_LINT1    0x360
#define APIC_LVT_ERROR    0x370
#define APIC_TIMER_COUNT  0x380 /* the initial count: starts the timer; 0 stops it */
#define APIC_TIMER_NOW    0x390
#define APIC_TIMER_DIVIDE 0x3E0

#define APIC_SPIV_ENABLE 0x100u

/* Of a local vector table entry, beside the vector. */
#define APIC_LVT_NMI             0x00400u
#define APIC_LVT_EXTINT          0x00700u
#define APIC_LVT_ACTIVE_LOW      0x02000u
#define APIC_LVT_LEVEL           0x08000u
#define APIC_LVT_MASKED          0x10000u
#define APIC_LVT_PERIODIC        0x20000u
#define APIC_LVT_TSC_DEADLINE    0x40000u
#define APIC_VERSION_LAST_LVT(v) ((v) >> 16 & 0xFF)

#define MSR_APIC_BASE      0x1B
#define APIC_BASE_ENABLE   (1u << 11)
#define APIC_BASE_X2APIC   (1u << 10)
#define APIC_BASE_ADDRESS  0xFFFFFFFFFF000ull
#define MSR_X2APIC         0x800
#define MSR_X2APIC_OF(reg) (MSR_X2APIC + (reg) / 16)

/* How this processor's registers are reached. */
enum apic_mode { NO_APIC, XAPIC, X2APIC };
extern enum apic_mode apic_mode;

/*
 * Finds and sets it up, however firmware or a loader has left it: on, at its usual address or in x2APIC mode, no source
 * of its own let in, nothing in service, and whatever is or will be sent to a vector below FIRST_DEVICE_VECTOR refused.
 * Needs the IDT. With the command line's `nolapic` it is not used: then it only passes on what the 8259s and the NMI's
 * line say.
 */
void init_apic(void);
static inline bool apic_is_on(void)
{
    return apic_mode != NO_APIC;
}
/* The processor's id: the destination for interrupts. */
uint32_t apic_id(void);
/* The 8259's interrupts come through LINT0, or not. */
void apic_accept_8259(bool accept);
/* NMIs come through local input 0 or 1. They are always edges. */
void apic_let_nmi_in(unsigned int lint, struct line_mode mode);

#ifndef UNIT_TEST
static inline uint32_t read_apic_page(uint32_t reg)
{
    return *(volatile uint32_t *)(APIC_VA + reg);
}

static inline void write_apic_page(uint32_t reg, uint32_t value)
{
    *(volatile uint32_t *)(APIC_VA + reg) = value;
}
#else
uint32_t read_apic_page(uint32_t reg);
void write_apic_page(uint32_t reg, uint32_t value);
#endif

/* Only if it is on. */
static inline uint32_t apic_read(uint32_t reg)
{
    return apic_mode == XAPIC ? read_apic_page(reg) : (uint32_t)read_msr(MSR_X2APIC_OF(reg));
}

static inline void apic_write(uint32_t reg, uint32_t value)
{
    if (apic_mode == XAPIC)
        write_apic_page(reg, value);
    else
        write_msr(MSR_X2APIC_OF(reg), value);
}

static inline void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

/* The handlers of its own two vectors. */
void apic_spurious_interrupt(void);
void apic_error_interrupt(void);

#endif
