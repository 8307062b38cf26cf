/* SPDX-License-Identifier: MIT */
/*
 * The TSC's frequency. Sources, in the order in which they are believed:
 *
 *   CPUID 15h               the ratio to a crystal whose frequency it gives (Intel SDM 2, CPUID)
 *   CPUID 40000010h         a hypervisor's word, in kHz (of VMware, and of those who followed)
 *   PM timer, HPET, PIT     measured, all in the same three spans of 20 ms
 *   CPUID 16h               the base frequency in MHz, as it stands on the box: it may be 2 % off
 *
 * The first one that another one confirms is taken; what the processor or a hypervisor tells is confirmed only by what
 * is measured, since both words may be the same one's. If none is confirmed, the first measured one is taken: that is
 * at least a frequency of this machine. Every loop here ends, also if what it waits for stands still.
 */
#include <asm/clock.h>
#include <asm/processor.h>
#include <xen/lib.h>
#include <xen/timer.h>

#define MIN_HZ         1000000ull     /* emulators are slow */
#define MAX_HZ         20000000000ull /* the scale of time.c and deadline.c holds more */
#define SPANS          3              /* that are not disturbed, */
#define MAX_SPANS      6              /* of so many */
#define SPANS_A_SECOND 50
#define EDGE_POLLS     10000  /* without a change: it stands. The slowest tick lasts 840 ns */
#define SPAN_POLLS     200000 /* with their pauses 20 ms at least */
#ifndef PAUSE
#define PAUSE 1000 /* turns of a loop; unit tests have no time to pass */
#endif
#define MAX_TICKS (1u << 31) /* of a counter or the TSC in a span: more, and something slept in between */

#define CPUID_HYPERVISOR (1u << 31) /* 1 ECX */
#define HYPERVISOR_LEAF  0x40000000
#define FREQUENCY_LEAF   0x10 /* from that */

enum source { CRYSTAL, HYPERVISOR, PM_TIMER, HPET, PIT, BASE, SOURCES };
static const char *const source_names[SOURCES] = {"CPUID 15h", "CPUID 40000010h", "PM timer", "HPET",
                                                  "PIT",       "CPUID 16h"};

static bool __init is_measured(enum source s)
{
    return s >= PM_TIMER && s <= PIT;
}

/* --- What the processor tells: Hz, or 0 */

static uint64_t __init crystal_hz(void)
{
    struct cpuid_leaf l;

    if (read_cpuid(0, 0).eax < 0x15)
        return 0;
    l = read_cpuid(0x15, 0);
    return l.eax && l.ebx ? div64((uint64_t)l.ecx * l.ebx, l.eax, NULL) : 0;
}

static uint64_t __init base_hz(void)
{
    return read_cpuid(0, 0).eax < 0x16 ? 0 : (read_cpuid(0x16, 0).eax & 0xFFFF) * 1000000ull;
}

/* Some hypervisors show another's leaves first, and their own 100h further on. */
static uint64_t __init hypervisor_hz(void)
{
    if (!(read_cpuid(1, 0).ecx & CPUID_HYPERVISOR))
        return 0;
    for (uint32_t first = HYPERVISOR_LEAF; first <= HYPERVISOR_LEAF + 0x100; first += 0x100) {
        uint32_t last = read_cpuid(first, 0).eax;

        if (last >= first + FREQUENCY_LEAF && last < first + 0x100)
            return read_cpuid(first + FREQUENCY_LEAF, 0).eax * 1000ull;
    }
    return 0;
}

/* --- What is measured */

struct moment {
    uint64_t tsc;
    uint32_t count;
};

/* Just after the counter has changed. If reading is slower than the counter, that is at once. */
static bool __init at_edge(const struct counter *c, struct moment *m)
{
    uint32_t before = c->read();

    for (unsigned int i = 0; i < EDGE_POLLS; i++) {
        m->tsc = read_tsc();
        m->count = c->read();
        if (m->count != before)
            return true;
    }
    return false;
}

static void __init pause(void)
{
    for (volatile unsigned int i = 0; i < PAUSE; i++)
        ; /* ports are slow where they are emulated */
}

static bool __init wait_for_span(const struct counter *c, uint32_t from)
{
    for (unsigned int i = 0; i < SPAN_POLLS; i++) {
        if (((c->read() - from) & c->mask) >= c->hz / SPANS_A_SECOND)
            return true;
        pause();
    }
    return false;
}

/* 0: something took the machine away for seconds, or the TSC went backwards. */
static uint64_t __init hz_of_span(const struct counter *c, const struct moment *start, const struct moment *end)
{
    uint64_t ticks = end->tsc - start->tsc;
    uint32_t count = (end->count - start->count) & c->mask;

    return count && ticks && ticks < MAX_TICKS ? div64(ticks * c->hz, count, NULL) : 0;
}

/* It is not waited for again. */
static void __init refuse_standing(struct counter *c)
{
    printk("%s: does not count, and is not used\n", c->name);
    c->hz = 0;
}

struct measured {
    struct counter counter;
    struct moment start; /* of the span */
    unsigned int spans;  /* that were not disturbed, */
    uint64_t hz[SPANS];  /* and what they say */
};
#define NR_COUNTERS 3

static void __init end_span(struct measured *m)
{
    struct moment end;
    uint64_t hz;

    if (!wait_for_span(&m->counter, m->start.count) || !at_edge(&m->counter, &end)) {
        refuse_standing(&m->counter);
        return;
    }
    hz = hz_of_span(&m->counter, &m->start, &end);
    if (hz && m->spans < SPANS)
        m->hz[m->spans++] = hz;
}

static void __init measure_span(struct measured m[NR_COUNTERS])
{
    for (unsigned int i = 0; i < NR_COUNTERS; i++)
        if (m[i].counter.hz && !at_edge(&m[i].counter, &m[i].start))
            refuse_standing(&m[i].counter);
    for (unsigned int i = 0; i < NR_COUNTERS; i++)
        if (m[i].counter.hz)
            end_span(&m[i]);
}

static bool __init all_measured(const struct measured m[NR_COUNTERS])
{
    for (unsigned int i = 0; i < NR_COUNTERS; i++)
        if (m[i].counter.hz && m[i].spans < SPANS)
            return false;
    return true;
}

static uint64_t __init median(uint64_t a, uint64_t b, uint64_t c)
{
    return MAX(MIN(a, b), MIN(MAX(a, b), c));
}

/* The median of three spans, so that one into which an SMI has come at a bad moment does not matter. */
static void __init measure(uint64_t hz[SOURCES])
{
    struct measured m[NR_COUNTERS] = {
        {.counter = pm_timer_counter()}, {.counter = hpet_counter()}, {.counter = pit_counter()}};

    for (unsigned int i = 0; i < MAX_SPANS && !all_measured(m); i++)
        measure_span(m);
    for (unsigned int i = 0; i < NR_COUNTERS; i++)
        if (m[i].counter.hz && m[i].spans == SPANS)
            hz[PM_TIMER + i] = median(m[i].hz[0], m[i].hz[1], m[i].hz[2]);
        else if (m[i].counter.hz)
            printk("%s: cannot be compared with the TSC, and is not used\n", m[i].counter.name);
}

/* --- The choice */

static void __init refuse_implausible(uint64_t hz[SOURCES])
{
    for (unsigned int s = 0; s < SOURCES; s++)
        if (hz[s] && (hz[s] < MIN_HZ || hz[s] > MAX_HZ)) {
            printk("TSC: %llu Hz by %s cannot be, and is not believed\n", (unsigned long long)hz[s], source_names[s]);
            hz[s] = 0;
        }
}

/* Within 1 in 1000; what stands on the box, 1 in 50. */
static bool __init agree(const uint64_t hz[SOURCES], enum source a, enum source b)
{
    uint64_t apart = hz[a] > hz[b] ? hz[a] - hz[b] : hz[b] - hz[a];

    return apart * (a == BASE || b == BASE ? 50 : 1000) <= hz[a];
}

static bool __init is_confirmed(const uint64_t hz[SOURCES], enum source s)
{
    for (unsigned int other = 0; other < SOURCES; other++)
        if (other != s && hz[other] && (is_measured(s) || is_measured(other)) && agree(hz, s, other))
            return true;
    return false;
}

/* The first source that `fits`; SOURCES: none. */
static enum source __init first_that(const uint64_t hz[SOURCES], bool confirmed, bool measured)
{
    for (unsigned int s = 0; s < SOURCES; s++)
        if (hz[s] && (!confirmed || is_confirmed(hz, s)) && (!measured || is_measured(s)))
            return s;
    return SOURCES;
}

static enum source __init choose(const uint64_t hz[SOURCES])
{
    enum source s = first_that(hz, true, false);

    if (s == SOURCES)
        s = first_that(hz, false, true);
    return s == SOURCES ? first_that(hz, false, false) : s;
}

static void __init say_who_disagrees(const uint64_t hz[SOURCES], enum source chosen)
{
    for (unsigned int s = 0; s < SOURCES; s++)
        if (hz[s] && !agree(hz, s, chosen))
            printk("TSC: %s says %u kHz, but %s says %u kHz, which is taken\n", source_names[s],
                   (uint32_t)div64(hz[s], 1000, NULL), source_names[chosen], (uint32_t)div64(hz[chosen], 1000, NULL));
}

static bool __init tsc_counts(void)
{
    uint64_t before = read_tsc();

    for (unsigned int i = 0; i < EDGE_POLLS; i++)
        if (read_tsc() != before)
            return true;
    return false;
}

uint64_t __init calibrate_tsc(void)
{
    uint64_t hz[SOURCES] = {[CRYSTAL] = crystal_hz(), [HYPERVISOR] = hypervisor_hz(), [BASE] = base_hz()};
    enum source chosen;
    uint32_t khz;

    if (!tsc_counts())
        panic("The time stamp counter (TSC) does not count");
    measure(hz);
    refuse_implausible(hz);
    chosen = choose(hz);
    if (chosen == SOURCES)
        panic(
            "The TSC's frequency is not known: tried CPUID 15h, 16h and 40000010h, ACPI's PM timer, HPET, PIT (8254)");
    say_who_disagrees(hz, chosen);
    khz = div64(hz[chosen] + 500, 1000, NULL); /* as guests are told; no measurement here is better */
    printk("TSC: %u.%03u MHz by %s%s\n", khz / 1000, khz % 1000, source_names[chosen],
           is_confirmed(hz, chosen) ? "" : ", which nothing confirms");
    return khz * 1000ull;
}
