/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock, whose second changes while it is read: at each access to it, over ends of days, years and
 * centuries, in BCD and binary, with 24 hours and with 12. The time that is read must be the one before or the one
 * after. No chip, or one without a date, makes 0.
 */
#include "unit.h"

#include "../../xen/arch/x86/dev/rtc.c"

/* --- The chip */

struct moment {
    uint32_t year, month, day, hour, minute, second;
};

static struct moment before_change, after_change;
static unsigned int accesses, change_at; /* the access at which the second changes */
static uint8_t status_b, reg;
static bool absent;

static uint8_t hour_of(uint32_t hour, bool *afternoon)
{
    *afternoon = !(status_b & RTC_24_HOURS) && hour >= 12;
    return status_b & RTC_24_HOURS ? hour : (hour + 11) % 12 + 1;
}

static uint8_t coded(uint32_t value)
{
    return status_b & RTC_BINARY ? value : value / 10 << 4 | value % 10;
}

void outb(uint16_t port, uint8_t value)
{
    CHECK(port == 0x70);
    reg = value;
}

uint8_t inb(uint16_t port)
{
    const struct moment *now = accesses++ < change_at ? &before_change : &after_change;
    bool afternoon;
    uint8_t hour = hour_of(now->hour, &afternoon);

    CHECK(port == 0x71);
    if (absent)
        return 0xFF;
    switch (reg) {
    case 0x00:
        return coded(now->second);
    case 0x02:
        return coded(now->minute);
    case 0x04:
        return coded(hour) | (afternoon ? RTC_AFTERNOON : 0);
    case 0x07:
        return coded(now->day);
    case 0x08:
        return coded(now->month);
    case 0x09:
        return coded(now->year % 100);
    case 0x32:
        return coded(now->year / 100);
    case RTC_STATUS_B:
        return status_b;
    default:
        CHECK(reg == RTC_STATUS_A);
        return 0;
    }
}

/* --- Tests */

static const struct {
    struct moment before, after;
    uint32_t seconds; /* since 1970, afterwards */
} changes[] = {
    {{1999, 12, 31, 23, 59, 59}, {2000, 1, 1, 0, 0, 0}, 946684800},
    {{2099, 12, 31, 23, 59, 59}, {2100, 1, 1, 0, 0, 0}, 4102444800},
    {{2026, 12, 31, 23, 59, 59}, {2027, 1, 1, 0, 0, 0}, 1798761600},
    {{2024, 2, 29, 23, 59, 59}, {2024, 3, 1, 0, 0, 0}, 1709251200},
    {{2026, 2, 28, 23, 59, 59}, {2026, 3, 1, 0, 0, 0}, 1772323200},
    {{2026, 11, 30, 11, 59, 59}, {2026, 11, 30, 12, 0, 0}, 1796040000},
    {{2026, 11, 30, 0, 59, 59}, {2026, 11, 30, 1, 0, 0}, 1796000400},
    {{2026, 11, 30, 19, 9, 9}, {2026, 11, 30, 19, 9, 10}, 1796065750},
};

#define ACCESSES 64 /* more than there are in two pairs of readings */

static void read_while_it_changes(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(changes); i++)
        for (unsigned int mode = 0; mode < 4; mode++)
            for (change_at = 0; change_at < ACCESSES; change_at++) {
                uint32_t seen, after = changes[i].seconds;

                before_change = changes[i].before;
                after_change = changes[i].after;
                status_b = (mode & 1 ? RTC_24_HOURS : 0) | (mode & 2 ? RTC_BINARY : 0);
                accesses = 0;
                seen = read_rtc();
                CHECK(seen == after || (seen == after - 1 && change_at),
                      "change %u, mode %u, access %u: %u instead of %u", i, mode, change_at, seen, after);
            }
}

static void no_clock(void)
{
    absent = true;
    accesses = 0;
    CHECK(!read_rtc());
    CHECK(accesses < 10, "%u accesses to what is not there", accesses);
    absent = false;
}

static void no_date(void)
{
    static const struct moment none[] = {{2026, 0, 1, 0, 0, 0}, {2026, 13, 1, 0, 0, 0}, {2026, 1, 0, 0, 0, 0}};

    for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
        before_change = after_change = none[i];
        status_b = RTC_24_HOURS;
        CHECK(!read_rtc(), "date %u", i);
    }
}

static const struct unit_test tests[] = {
    {"read_while_it_changes", read_while_it_changes}, {"no_clock", no_clock}, {"no_date", no_date}};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
