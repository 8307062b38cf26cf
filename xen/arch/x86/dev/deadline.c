/* SPDX-License-Identifier: MIT */
/*
 * The hardware's side of xen/timer.h: one interrupt, at a system time. Of what can interrupt, the first is taken that
 * does: the TSC-deadline timer, the local APIC's count, the HPET, the PIT.
 */
#include <asm/clock.h>
#include <asm/irq.h>
#include <asm/processor.h>
#include <xen/sched.h>
#include <xen/setup.h>

#define SCALE_SHIFT 26      /* ticks = ns * scale >> 26, for up to 64 GHz */
#define MIN_HZ      1000000 /* slower, the scale would have too few digits */
#define TRIAL_NS    1000000
#define TRIAL_ENDS  60000000 /* the HPET's second comparator and the PIT's second round are heard, too */
#define TRIAL_POLLS 10000000

static void stop_nothing(void)
{
}

static struct deadline_timer timer = {.stop = stop_nothing}; /* a loader's interrupt may come before the choice */
static uint32_t scale, max_ns;
static uint64_t timer_deadline = UINT64_MAX; /* system time; UINT64_MAX: nobody waits */

/* tools/check-switches.sh knows the next two by their names, since they call through a pointer. */
#define NOT_INLINE __attribute__((noinline))

/* Longer than it can, or too early by what clocks differ: timer_interrupt() starts it again. */
static NOT_INLINE void start_hardware(uint64_t ns)
{
    uint32_t ticks = ((uint64_t)(uint32_t)MIN(ns, max_ns) * scale >> SCALE_SHIFT) + 1;

    timer.start(MAX(ticks, timer.min_ticks));
}

static NOT_INLINE void stop_hardware(void)
{
    timer.stop();
}

void arm_hardware_timer(uint64_t when)
{
    uint64_t now;

    if (when == timer_deadline)
        return;
    timer_deadline = when;
    if (when == UINT64_MAX) {
        stop_hardware();
        return;
    }
    now = system_time();
    start_hardware(when > now ? when - now : 0);
}

void timer_interrupt(void)
{
    uint64_t now;

    if (timer_deadline == UINT64_MAX) {
        stop_hardware(); /* the PIT would go on */
        return;
    }
    now = system_time();
    if (now < timer_deadline) {
        start_hardware(timer_deadline - now);
        return;
    }
    timer_deadline = UINT64_MAX;
    this_cpu.work |= WORK_TIMER;
}

/* --- The choice, at boot */

enum kind { TSC_DEADLINE, APIC, HPET, PIT, KINDS };
static const char *const names[KINDS] = {"tsc-deadline", "apic", "hpet", "pit"};
static enum kind __initdata chosen = KINDS; /* by the command line */

bool __init set_timer_choice(const char *name)
{
    for (unsigned int k = 0; k < KINDS; k++)
        if (!strcmp(name, names[k])) {
            chosen = k;
            return true;
        }
    return false;
}

static struct deadline_timer __init timer_of(enum kind kind, uint64_t tsc_hz)
{
    switch (kind) {
    case TSC_DEADLINE:
        return tsc_deadline_timer(tsc_hz);
    case APIC:
        return apic_timer(tsc_hz);
    case HPET:
        return hpet_timer();
    default:
        return pit_timer();
    }
}

static void __init use(const struct deadline_timer *t)
{
    timer = *t;
    scale = div64((t->hz << SCALE_SHIFT) + NS_PER_S - 1, NS_PER_S, NULL);
    max_ns = MIN(div64((uint64_t)(t->max_ticks - 1) << SCALE_SHIFT, scale, NULL), UINT32_MAX);
}

/* Does it come, and not too early? */
static bool __init interrupts(void)
{
    uint64_t start = system_time();

    arm_hardware_timer(start + TRIAL_NS);
    for (unsigned int i = 0; i < TRIAL_POLLS && timer_deadline != UINT64_MAX && system_time() < start + TRIAL_ENDS; i++)
        interrupt_window();
    if (timer_deadline == UINT64_MAX)
        return true;
    arm_hardware_timer(UINT64_MAX);
    return false;
}

static bool __init try(enum kind kind, uint64_t tsc_hz)
{
    struct deadline_timer t = timer_of(kind, tsc_hz);
    bool there = t.hz >= MIN_HZ;

    if (there)
        use(&t);
    if (there && interrupts()) {
        printk("Timer: %s, %u kHz\n", t.name, (uint32_t)div64(t.hz, 1000, NULL));
        return true;
    }
    if (there)
        printk("Timer: %s does not interrupt, and is not used\n", t.name);
    else if (kind == chosen)
        printk("Option timer: this machine has no %s that can be used\n", names[kind]);
    return false;
}

void __init init_deadline(uint64_t tsc_hz)
{
    if (chosen != KINDS && try(chosen, tsc_hz))
        return;
    for (unsigned int kind = 0; kind < KINDS; kind++)
        if (kind != chosen && try(kind, tsc_hz))
            return;
    panic("No timer interrupts: tried TSC-deadline, local APIC, HPET, PIT (8254)");
}
