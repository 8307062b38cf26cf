/* SPDX-License-Identifier: MIT */
/*
 * The HPET: its main counter, for calibration, and two of its comparators. They take the interrupt lines of the PIT (0)
 * and of the real-time clock (8), "legacy replacement". Source: IA-PC HPET Specification 1.0a.
 *
 * Domain 0 may map its registers, as on Xen, because ACPI's own code does: QEMU's reads them to tell whether there is
 * an HPET, and a kernel that cannot map them there does not come up.
 */
#include <asm/acpi.h>
#include <asm/clock.h>
#include <asm/device_map.h>
#include <asm/irq.h>
#include <xen/lib.h>

#define HPET_SIZE            0x400
#define HPET_CAPS            0x000
#define CAPS_LEGACY          (1u << 15)
#define HPET_PERIOD          0x004 /* femtoseconds */
#define HPET_CONFIG          0x010
#define CONFIG_ENABLE        1u
#define CONFIG_LEGACY        2u
#define HPET_STATUS          0x020
#define HPET_COUNTER         0x0F0
#define TIMER_CONFIG(n)      (0x100 + 0x20 * (n))
#define TIMER_VALUE(n)       (0x108 + 0x20 * (n))
#define NR_COMPARATORS(caps) (((caps) >> 8 & 31) + 1)
#define COMPARATOR_ON        (1u << 2)                 /* interrupts */
#define COMPARATOR_32        (1u << 8)                 /* compares only 32 bits */
#define COMPARATOR_KEEP      0x2u | 1u << 3 | 1u << 14 /* level, periodic, FSB: not wanted */

#define MIN_PERIOD 1000000u   /* 1 GHz: more is a mistake, and does not fit the arithmetic */
#define MAX_PERIOD 100000000u /* the specification's bound: 10 MHz */
#define FS_PER_S   1000000000000000ull
#define MIN_US     2 /* a comparison must not be over before it is set */
#define MAX_TRIES  4
#define AGAIN_MS   50 /* when the second comparator looks whether the first one's edge was lost */

struct hpet_table {
    struct acpi_header header;
    uint32_t id;
    struct acpi_address base;
} __attribute__((packed));

static volatile char *hpet; /* NULL: there is none, or it is not to be believed */
static uint32_t hz, again;

#ifndef UNIT_TEST
static uint32_t read_hpet(uint32_t reg)
{
    return *(volatile uint32_t *)(hpet + reg);
}

static void write_hpet(uint32_t reg, uint32_t value)
{
    *(volatile uint32_t *)(hpet + reg) = value;
}
#endif

static bool __init find_hpet(void)
{
    struct acpi_header h;
    struct hpet_table t;
    uint64_t maddr = find_acpi_table("HPET", sizeof(t), &h);

    if (!maddr)
        return false;
    read_machine(&t, maddr, sizeof(t));
    if (t.base.space != ACPI_IN_MEMORY)
        return false;
    hpet = map_device(t.base.address, HPET_SIZE);
    return hpet;
}

static bool __init is_plausible(void)
{
    uint32_t period = read_hpet(HPET_PERIOD);

    if (period >= MIN_PERIOD && period <= MAX_PERIOD)
        return true;
    printk("HPET: a period of %u fs cannot be, and it is not used\n", period);
    hpet = NULL;
    return false;
}

static uint32_t __init read_main_counter(void)
{
    return read_hpet(HPET_COUNTER);
}

/* Firmware may have left comparators on, by pins or messages of their own. */
static void __init silence(void)
{
    for (unsigned int n = 0; n < NR_COMPARATORS(read_hpet(HPET_CAPS)); n++)
        write_hpet(TIMER_CONFIG(n), read_hpet(TIMER_CONFIG(n)) & ~COMPARATOR_ON);
    write_hpet(HPET_STATUS, UINT32_MAX);
}

struct counter __init hpet_counter(void)
{
    if (!find_hpet() || !is_plausible())
        return (struct counter){.name = "HPET"};
    hz = div64(FS_PER_S, read_hpet(HPET_PERIOD), NULL);
    silence();
    write_hpet(HPET_CONFIG, (read_hpet(HPET_CONFIG) & ~CONFIG_LEGACY) | CONFIG_ENABLE);
    return (struct counter){"HPET", hz, UINT32_MAX, read_main_counter};
}

/* Comparing is for equality: once the moment is over it would not come for minutes. */
static void start_hpet(uint32_t ticks)
{
    uint32_t when;

    for (unsigned int i = 0; i < MAX_TRIES; i++, ticks *= 2) {
        when = read_hpet(HPET_COUNTER) + ticks;
        write_hpet(TIMER_VALUE(0), when);
        if ((int32_t)(read_hpet(HPET_COUNTER) - when) < 0)
            break;
    }
    write_hpet(TIMER_VALUE(1), when + again);
}

/* The comparators come round in minutes, or fire once. An interrupt for which nothing waits does no harm. */
static void stop_hpet(void)
{
}

static void hpet_interrupt(unsigned int irq)
{
    timer_interrupt();
}

static bool __init take_line(unsigned int line)
{
    if (!set_irq_handler(isa_irq(line), hpet_interrupt))
        return false;
    unmask_irq(isa_irq(line));
    return true;
}

static void __init set_comparator(unsigned int n)
{
    uint32_t config = read_hpet(TIMER_CONFIG(n)) & ~(COMPARATOR_KEEP);

    write_hpet(TIMER_VALUE(n), read_hpet(HPET_COUNTER) - 1); /* as far away as can be */
    write_hpet(TIMER_CONFIG(n), config | COMPARATOR_ON | COMPARATOR_32);
}

struct deadline_timer __init hpet_timer(void)
{
    const struct deadline_timer none = {.name = "hpet"};
    uint32_t caps = hpet ? read_hpet(HPET_CAPS) : 0;

    if (!(caps & CAPS_LEGACY) || NR_COMPARATORS(caps) < 2)
        return none;
    if (!take_line(ISA_TIMER) || !take_line(ISA_RTC))
        return none;
    write_hpet(HPET_CONFIG, CONFIG_ENABLE | CONFIG_LEGACY);
    set_comparator(0);
    set_comparator(1);
    again = hz / 1000 * AGAIN_MS;
    return (struct deadline_timer){"hpet", hz, hz / 1000000 * MIN_US, INT32_MAX, start_hpet, stop_hpet};
}
