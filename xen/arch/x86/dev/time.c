/* SPDX-License-Identifier: MIT */
/*
 * Time: the TSC, calibrated against the PIT, and a one-shot interrupt of the PIT, armed only while a timer waits. For
 * calibration, channel 2 of the PIT counts without interrupts, gated by port 0x61.
 */
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/ports.h>
#include <asm/processor.h>
#include <xen/domain.h>
#include <xen/machine.h>
#include <xen/setup.h>

#define PIT_CH0         0x40
#define PIT_CH2         0x42
#define PIT_COMMAND     0x43
#define PIT_CH0_MODE0   0x30
#define PIT_CH2_MODE0   0xB0
#define PIT_CH2_LATCH   0x80
#define PORT_B          0x61
#define PORT_B_GATE2    0x01
#define PORT_B_SPEAKER  0x02
#define CALIBRATE_COUNT (PIT_HZ / 50) /* a run lasts 20 ms */
#define MAX_POLLS       1000000
#define MAX_PIT_NS      50000000u /* the counter holds 54.9 ms */

uint32_t tsc_khz, tsc_to_ns_mul;
int8_t tsc_to_ns_shift;
static uint64_t boot_tsc;
static uint32_t wall_sec, wall_nsec; /* at system time 0 */
static uint64_t timer_deadline = UINT64_MAX;

static uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return (uint64_t)hi << 32 | lo;
}

/* Channel 2's counter. */
static uint16_t __init read_count(void)
{
    uint8_t low;

    outb(PIT_COMMAND, PIT_CH2_LATCH);
    low = inb(PIT_CH2);
    return low | inb(PIT_CH2) << 8;
}

/* Reads the counter just after it has changed, and the TSC. If ports are slower than the counter, it cannot wait for a
 * change. */
static uint16_t __init count_at_edge(uint64_t *tsc)
{
    uint16_t before = read_count(), count;
    unsigned int i = 0;

    do {
        *tsc = rdtsc();
        count = read_count();
        if (++i > MAX_POLLS)
            panic("the timer (8254) does not count");
    } while (count == before);
    return count;
}

/* TSC ticks a second. */
static uint64_t __init calibrate_once(void)
{
    uint16_t first, last;
    uint64_t start, end;

    outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2);
    outb(PIT_COMMAND, PIT_CH2_MODE0);
    outb(PIT_CH2, 0xFF);
    outb(PIT_CH2, 0xFF);
    first = count_at_edge(&start);
    do
        for (volatile unsigned int i = 0; i < 1000; i++)
            ; /* ports are slow where they are emulated */
    while ((uint16_t)(first - read_count()) < CALIBRATE_COUNT);
    last = count_at_edge(&end);
    outb(PORT_B, inb(PORT_B) & ~PORT_B_GATE2);
    return div64((end - start) * PIT_HZ, (uint16_t)(first - last), NULL);
}

/* The median of three runs, so that one disturbed run does not matter. */
static uint64_t __init calibrate(void)
{
    uint64_t a = calibrate_once(), b = calibrate_once(), c = calibrate_once();

    return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

/* ns = (ticks << shift) * mul / 2^32 with mul at its most precise: between 2^31 and 2^32. */
static void __init set_scale(uint64_t hz)
{
    uint64_t ticks = hz;
    int8_t shift = 0;

    while (ticks > 2ull * NS_PER_S) {
        ticks >>= 1;
        shift--;
    }
    while (ticks <= NS_PER_S) {
        ticks <<= 1;
        shift++;
    }
    tsc_to_ns_mul = div64((uint64_t)NS_PER_S << 32, ticks, NULL);
    tsc_to_ns_shift = shift;
}

static uint64_t scale(uint64_t ticks)
{
    if (tsc_to_ns_shift < 0)
        ticks >>= -tsc_to_ns_shift;
    else
        ticks <<= tsc_to_ns_shift;
    return (ticks >> 32) * tsc_to_ns_mul + ((ticks & 0xFFFFFFFF) * tsc_to_ns_mul >> 32);
}

uint64_t system_time(void)
{
    return scale(rdtsc() - boot_tsc);
}

/* --- The real-time clock (MC146818): seconds, minutes, hours, day, month, year, century */
static const uint8_t rtc_registers[] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32};
enum { RTC_SECOND, RTC_MINUTE, RTC_HOUR, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_CENTURY, RTC_VALUES };

#define RTC_STATUS_A  0x0A
#define RTC_UPDATING  0x80
#define RTC_STATUS_B  0x0B
#define RTC_24_HOURS  0x02
#define RTC_BINARY    0x04
#define RTC_AFTERNOON 0x80 /* of the hour, where it counts to 12 */

static uint8_t __init cmos(uint8_t reg)
{
    outb(0x70, reg);
    return inb(0x71);
}

static void __init read_rtc_once(uint8_t *value)
{
    for (unsigned int i = 0; i < MAX_POLLS && cmos(RTC_STATUS_A) & RTC_UPDATING; i++)
        ;
    for (unsigned int i = 0; i < RTC_VALUES; i++)
        value[i] = cmos(rtc_registers[i]);
}

/* Reads until two readings agree: then no update came in between. */
static void __init read_rtc_values(uint8_t *value)
{
    uint8_t again[RTC_VALUES];

    for (unsigned int i = 0; i < 100; i++) {
        read_rtc_once(value);
        read_rtc_once(again);
        if (!memcmp(value, again, sizeof(again)))
            return;
    }
}

/* Days from 1970 to a date of the Gregorian calendar. Years are counted from March, so that a leap day is the last of
 * its year. */
static uint32_t __init days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
    if (month <= 2) {
        month += 12;
        year--;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

/* Not every clock has a century, and some say 19 for ever. What 32 bits of seconds since 1970 cannot tell is not meant.
 */
static uint32_t __init year_of(uint32_t century, uint32_t year)
{
    uint32_t full = century * 100 + year;

    if (full >= 1970 && full < 2106)
        return full;
    return year + (year < 70 ? 2000 : 1900);
}

static uint32_t __init read_rtc(void)
{
    uint8_t value[RTC_VALUES], status = cmos(RTC_STATUS_B);
    bool afternoon;
    uint32_t year;

    read_rtc_values(value);
    afternoon = !(status & RTC_24_HOURS) && value[RTC_HOUR] & RTC_AFTERNOON;
    if (!(status & RTC_24_HOURS))
        value[RTC_HOUR] &= ~RTC_AFTERNOON;
    for (unsigned int i = 0; i < RTC_VALUES; i++)
        if (!(status & RTC_BINARY))
            value[i] = (value[i] >> 4) * 10 + (value[i] & 15);
    if (!(status & RTC_24_HOURS))
        value[RTC_HOUR] = value[RTC_HOUR] % 12 + (afternoon ? 12 : 0);
    year = year_of(value[RTC_CENTURY], value[RTC_YEAR]);
    return days_since_1970(year, value[RTC_MONTH], value[RTC_DAY]) * 86400 + value[RTC_HOUR] * 3600 +
           value[RTC_MINUTE] * 60 + value[RTC_SECOND];
}

void set_wallclock(uint32_t sec, uint32_t nsec)
{
    struct domain *d;

    wall_sec = sec;
    wall_nsec = nsec;
    for_each_domain(d) update_wallclock(d);
}

void update_vcpu_time(struct vcpu *v)
{
    struct vcpu_time_info *t = &v->vcpu_info->time;
    uint32_t version = (v->time_version += 2); /* not read from the guest's copy, which the guest may change */

    t->version = version - 1;
    barrier();
    t->tsc_timestamp = rdtsc();
    t->system_time = scale(t->tsc_timestamp - boot_tsc);
    t->tsc_to_system_mul = tsc_to_ns_mul;
    t->tsc_shift = tsc_to_ns_shift;
    barrier();
    t->version = version;
}

void update_wallclock(struct domain *d)
{
    struct shared_info *s = d->shared_info;
    uint32_t version = (s->wc_version + 2) & ~1u;

    s->wc_version = version - 1;
    barrier();
    s->wc_sec = wall_sec + d->time_offset;
    s->wc_nsec = wall_nsec;
    barrier();
    s->wc_version = version;
}

static void start_pit(uint64_t ns)
{
    uint32_t count = MAX(div64(MIN(ns, MAX_PIT_NS) * PIT_HZ, NS_PER_S, NULL) + 1, 2);

    outb(PIT_COMMAND, PIT_CH0_MODE0);
    outb(PIT_CH0, count);
    outb(PIT_CH0, count >> 8);
}

void arm_hardware_timer(uint64_t when)
{
    uint64_t now;

    if (when == timer_deadline)
        return;
    timer_deadline = when;
    if (when == UINT64_MAX) {
        outb(PIT_COMMAND, PIT_CH0_MODE0); /* stops counting until a count is written */
        return;
    }
    now = system_time();
    start_pit(when > now ? when - now : 0);
}

void timer_interrupt(void)
{
    uint64_t now = system_time();

    if (timer_deadline == UINT64_MAX)
        return;
    if (now < timer_deadline) {
        start_pit(timer_deadline - now); /* longer than the PIT can count */
        return;
    }
    timer_deadline = UINT64_MAX;
    this_cpu.work |= WORK_TIMER;
}

static void pit_interrupt(unsigned int irq)
{
    timer_interrupt();
}

void __init init_time(void)
{
    uint64_t hz = calibrate();

    tsc_khz = div64(hz, 1000, NULL);
    set_scale(hz);
    boot_tsc = rdtsc();
    wall_sec = read_rtc();
    outb(PIT_COMMAND, PIT_CH0_MODE0);
    if (set_irq_handler(isa_irq(ISA_TIMER), pit_interrupt))
        unmask_irq(isa_irq(ISA_TIMER));
    printk("TSC: %u.%03u MHz\n", tsc_khz / 1000, tsc_khz % 1000);
}
