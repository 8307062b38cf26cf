/* SPDX-License-Identifier: MIT */
/*
 * Deadlines (xen/arch/x86/dev/deadline.c) on simulated timers of many frequencies.
 *
 * Proves: an interrupt never ends a wait too early, and ends it soon after its time; what has passed fires; what the
 * timer cannot hold is continued; one that nobody waits for stops it; the timer that interrupts is chosen, in order, or
 * as the command line says; with none there is a panic.
 */
#include "divided.h"
#include "said.h"

#include "../../xen/arch/x86/dev/deadline.c"

struct cpu this_cpu;
static uint64_t now_ns, fires_at; /* fires_at: 0: not started */
static uint64_t hz_of[KINDS];
static bool silent[KINDS]; /* it does not interrupt */
static enum kind running;
static uint32_t min_ticks, max_ticks, starts, stops;

uint64_t system_time(void)
{
    return now_ns += 10;
}

static void start(uint32_t ticks)
{
    CHECK(ticks >= min_ticks && ticks <= max_ticks, "%u ticks", ticks);
    starts++;
    fires_at = now_ns + (uint64_t)(ticks * 1e9 / hz_of[running]) + 1;
}

static void stop(void)
{
    stops++;
    fires_at = 0;
}

static struct deadline_timer simulated(enum kind kind)
{
    running = kind;
    return (struct deadline_timer){names[kind], hz_of[kind], min_ticks, max_ticks, start, stop};
}

struct deadline_timer tsc_deadline_timer(uint64_t tsc_hz)
{
    return simulated(TSC_DEADLINE);
}

struct deadline_timer apic_timer(uint64_t tsc_hz)
{
    return simulated(APIC);
}

struct deadline_timer hpet_timer(void)
{
    return simulated(HPET);
}

struct deadline_timer pit_timer(void)
{
    return simulated(PIT);
}

static void fire(void)
{
    if (now_ns < fires_at)
        now_ns = fires_at;
    fires_at = 0;
    timer_interrupt();
}

void interrupt_window(void)
{
    if (fires_at && now_ns >= fires_at && !silent[running])
        fire();
}

void wait_for_interrupt(void)
{
}

/* --- Tests */

static void fresh_machine(void)
{
    memset(hz_of, 0, sizeof(hz_of));
    memset(silent, 0, sizeof(silent));
    min_ticks = 1;
    max_ticks = UINT32_MAX;
    chosen = KINDS;
    timer_deadline = UINT64_MAX;
    now_ns = 5000000000ull;
    fires_at = starts = stops = 0;
    this_cpu.work = 0;
    nothing_said();
}

static bool initialised(void)
{
    if (setjmp(way_out))
        return false;
    init_deadline(1000000000);
    this_cpu.work = 0;
    return true;
}

/* Waits for `ns` with a timer, and returns how late it was. */
static uint64_t lateness(uint64_t ns)
{
    uint64_t when = now_ns + ns;

    arm_hardware_timer(when);
    for (unsigned int i = 0; i < 100000 && !(this_cpu.work & WORK_TIMER); i++) {
        CHECK(fires_at, "nothing has been started");
        fire();
    }
    CHECK(this_cpu.work & WORK_TIMER, "it never came");
    this_cpu.work = 0;
    CHECK(now_ns >= when, "%llu ns too early", (unsigned long long)(when - now_ns));
    return now_ns - when;
}

static void each_frequency(void)
{
    static const uint64_t frequencies[] = {1193182, 14318180, 24000000, 100000000, 1000000000, 5123456789, 19999999999};
    static const uint64_t waits[] = {0, 1, 999, 50000, 1000000, 999999999, 4294967295, 4294967296, 60000000000};

    for (unsigned int f = 0; f < ARRAY_SIZE(frequencies); f++)
        for (unsigned int w = 0; w < ARRAY_SIZE(waits); w++) {
            uint64_t tick = 1000000000 / frequencies[f] + 1, late;

            fresh_machine();
            hz_of[APIC] = frequencies[f];
            CHECK(initialised());
            late = lateness(waits[w]);
            CHECK(late <= 3 * tick + waits[w] / 10000 + 100, "%llu Hz, %llu ns: %llu ns late",
                  (unsigned long long)frequencies[f], (unsigned long long)waits[w], (unsigned long long)late);
        }
}

/* The PIT's: 16 bits, and not below 100 us. */
static void narrow_timer(void)
{
    hz_of[PIT] = 1193182;
    min_ticks = 119;
    max_ticks = 0xFFFF;
    CHECK(initialised());
    CHECK(lateness(1000) <= 110000);
    starts = 0;
    CHECK(lateness(1000000000) <= 200000);
    CHECK(starts >= 18 && starts < 40, "%u starts for a second", starts);
}

static void what_has_passed(void)
{
    hz_of[APIC] = 1000000000;
    CHECK(initialised());
    arm_hardware_timer(now_ns - 1000000);
    CHECK(fires_at && fires_at < now_ns + 100);
    fire();
    CHECK(this_cpu.work & WORK_TIMER);
}

static void far_away(void)
{
    hz_of[APIC] = 1000000000;
    CHECK(initialised());
    arm_hardware_timer(UINT64_MAX - 1);
    CHECK(fires_at);
    for (unsigned int i = 0; i < 10; i++) {
        fire();
        CHECK(fires_at && !(this_cpu.work & WORK_TIMER), "round %u", i);
    }
}

static void nobody_waits(void)
{
    hz_of[PIT] = 1193182;
    CHECK(initialised());
    stops = 0;
    timer_interrupt();
    CHECK(stops == 1 && !fires_at && !(this_cpu.work & WORK_TIMER));
    arm_hardware_timer(now_ns + 1000);
    arm_hardware_timer(UINT64_MAX);
    CHECK(stops == 2 && !fires_at);
}

static void the_first_that_interrupts(void)
{
    for (unsigned int first = 0; first < KINDS; first++) {
        fresh_machine();
        for (unsigned int k = 0; k < KINDS; k++) {
            hz_of[k] = 10000000;
            silent[k] = k < first;
        }
        CHECK(initialised() && running == first, "%u instead of %u", running, first);
        CHECK(!first || strstr(said, "does not interrupt"), "%s", said);
    }
}

static void as_the_command_line_says(void)
{
    for (unsigned int k = 0; k < KINDS; k++) {
        fresh_machine();
        for (unsigned int i = 0; i < KINDS; i++)
            hz_of[i] = 10000000;
        CHECK(set_timer_choice(names[k]));
        CHECK(initialised() && running == k, "%u instead of %u", running, k);
    }
    CHECK(!set_timer_choice("hpet2") && !set_timer_choice(""));
}

static void what_is_not_there(void)
{
    hz_of[PIT] = 1193182;
    CHECK(set_timer_choice("hpet"));
    CHECK(initialised() && running == PIT);
    CHECK(strstr(said, "no hpet"), "%s", said);
}

static void none_interrupts(void)
{
    CHECK(!initialised());
    hz_of[PIT] = 1193182;
    silent[PIT] = true;
    CHECK(!initialised());
}

/* The first test: what a boot loader has asked the local APIC's timer for may come before anything is chosen. */
static void before_the_choice(void)
{
    CHECK(timer.stop, "there is nothing to be called");
    if (timer.stop)
        timer_interrupt();
    CHECK(!this_cpu.work);
}

static const struct unit_test tests[] = {
    {"before_the_choice", before_the_choice},
    {"each_frequency", each_frequency},
    {"narrow_timer", narrow_timer},
    {"what_has_passed", what_has_passed},
    {"far_away", far_away},
    {"nobody_waits", nobody_waits},
    {"the_first_that_interrupts", the_first_that_interrupts},
    {"as_the_command_line_says", as_the_command_line_says},
    {"what_is_not_there", what_is_not_there},
    {"none_interrupts", none_interrupts},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, fresh_machine);
}
