/* SPDX-License-Identifier: MIT */
/* The real-time clock. Source: Motorola MC146818 data sheet; the century's register is a PC's. A machine need not have
 * one. */
#include <asm/clock.h>
#include <asm/io.h>
#include <xen/lib.h>

/* Seconds, minutes, hours, day, month, year, century */
static const uint8_t rtc_registers[] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09, 0x32};
enum { RTC_SECOND, RTC_MINUTE, RTC_HOUR, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_CENTURY, RTC_VALUES };

#define RTC_STATUS_A  0x0A
#define RTC_UPDATING  0x80
#define RTC_STATUS_B  0x0B
#define RTC_24_HOURS  0x02
#define RTC_BINARY    0x04
#define RTC_AFTERNOON 0x80   /* of the hour, where it counts to 12 */
#define MAX_POLLS     100000 /* an update lasts 2 ms */
#define NO_CHIP       0xFF   /* every register, where nothing answers */

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

/* What a chip without a battery holds need not be one. */
static bool __init is_date(const uint8_t *value)
{
    return value[RTC_MONTH] && value[RTC_MONTH] <= 12 && value[RTC_DAY] && value[RTC_DAY] <= 31;
}

uint32_t __init read_rtc(void)
{
    uint8_t value[RTC_VALUES], status = cmos(RTC_STATUS_B);
    bool afternoon;
    uint32_t year;

    if (status == NO_CHIP && cmos(RTC_STATUS_A) == NO_CHIP)
        return 0;
    read_rtc_values(value);
    afternoon = !(status & RTC_24_HOURS) && value[RTC_HOUR] & RTC_AFTERNOON;
    if (!(status & RTC_24_HOURS))
        value[RTC_HOUR] &= ~RTC_AFTERNOON;
    for (unsigned int i = 0; i < RTC_VALUES; i++)
        if (!(status & RTC_BINARY))
            value[i] = (value[i] >> 4) * 10 + (value[i] & 15);
    if (!(status & RTC_24_HOURS))
        value[RTC_HOUR] = value[RTC_HOUR] % 12 + (afternoon ? 12 : 0);
    if (!is_date(value))
        return 0;
    year = year_of(value[RTC_CENTURY], value[RTC_YEAR]);
    return days_since_1970(year, value[RTC_MONTH], value[RTC_DAY]) * 86400 + value[RTC_HOUR] * 3600 +
           value[RTC_MINUTE] * 60 + value[RTC_SECOND];
}
