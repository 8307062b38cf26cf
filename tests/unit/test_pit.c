/* SPDX-License-Identifier: MIT */
/*
 * The PIT as the only timer of a machine (xen/arch/x86/dev/pit.c under deadline.c), on a model of the 8254 made after
 * its data sheet, whose edges may get lost on their way through the 8259s: it knows no more than that an edge came.
 *
 * Proves: a lost edge is made up for by the next round, however many are lost in a row, and no wait ends early; it is
 * chosen though its first edge is lost; one for which nobody waits stops it. Channel 2 counts upwards for calibration,
 * with its gate on and the speaker off.
 */
#include "divided.h"
#include "said.h"

#include "../../xen/arch/x86/dev/deadline.c"
#undef NOT_INLINE
#include "../../xen/arch/x86/dev/pit.c"

#define NOT_COUNTING UINT64_MAX

struct cpu this_cpu;
static uint64_t now_ns;
static struct channel {
    uint8_t mode, low;
    uint8_t latched; /* bytes that are still to be read */
    uint16_t reload, latch;
    bool has_low, counts;
    uint64_t since; /* ns: the count was loaded */
} channels[3];
static uint8_t port_b;
static bool gated;     /* the chip's clock is off, as on newer machines */
static uint32_t lost;  /* so many of the next edges get lost */
static uint32_t edges; /* that have come */
static irq_handler *handler;
static bool unmasked;

static uint64_t tick_ns(uint64_t ticks)
{
    return (ticks * NS_PER_S + PIT_HZ - 1) / PIT_HZ;
}

static uint32_t period(const struct channel *c)
{
    return c->reload ? c->reload : 0x10000;
}

static uint16_t count_of(const struct channel *c)
{
    uint64_t gone = (now_ns - c->since) * PIT_HZ / NS_PER_S;

    return c->mode == 2 ? period(c) - gone % period(c) : period(c) - gone;
}

void outb(uint16_t port, uint8_t value)
{
    struct channel *c = &channels[port == PIT_COMMAND ? value >> 6 : port & 3];

    if (port == PORT_B) {
        port_b = value;
        return;
    }
    CHECK(port >= PIT_CH0 && port <= PIT_COMMAND && c < &channels[3], "port %x, %02x", port, value);
    if (port == PIT_COMMAND && !(value & 0x30)) {
        c->latch = count_of(c);
        c->latched = 2;
    } else if (port == PIT_COMMAND) {
        CHECK((value & 0x30) == 0x30 && !(value & 1), "command %02x: not binary, or not two bytes", value);
        *c = (struct channel){.mode = value >> 1 & 7};
    } else if (!c->has_low) {
        c->low = value;
        c->has_low = true;
        c->counts = c->counts && c->mode != 0;
    } else {
        c->reload = value << 8 | c->low;
        c->has_low = false;
        c->counts = !gated;
        c->since = now_ns;
    }
}

uint8_t inb(uint16_t port)
{
    struct channel *c = &channels[PIT_CH2 - PIT_CH0];

    now_ns += 500;
    if (port == PORT_B)
        return port_b;
    CHECK(port == PIT_CH2 && c->latched, "port %x is not latched", port);
    return c->latch >> 8 * (2 - c->latched--);
}

/* When channel 0 raises its line next, after now. Mode 0 does so once: at its end; mode 2 each time. */
static uint64_t next_edge(void)
{
    const struct channel *c = &channels[0];
    uint64_t rounds = (now_ns - c->since) / tick_ns(period(c)) + 1;

    if (!c->counts || (c->mode == 0 && rounds > 1))
        return NOT_COUNTING;
    return c->since + rounds * tick_ns(period(c));
}

static void edge(void)
{
    edges++;
    if (lost) {
        lost--;
        return;
    }
    if (unmasked)
        handler(ISA_TIMER);
}

/* To the next edge, or to this moment. */
static void run_until(uint64_t when)
{
    uint64_t next = next_edge();

    if (next > when) {
        now_ns = MAX(when, now_ns);
        return;
    }
    now_ns = next;
    edge();
}

uint64_t system_time(void)
{
    return now_ns += 10;
}

void interrupt_window(void)
{
    run_until(now_ns + 1000);
}

void wait_for_interrupt(void)
{
}

struct deadline_timer tsc_deadline_timer(uint64_t tsc_hz)
{
    return (struct deadline_timer){.hz = 0};
}

struct deadline_timer apic_timer(uint64_t tsc_hz)
{
    return (struct deadline_timer){.hz = 0};
}

struct deadline_timer hpet_timer(void)
{
    return (struct deadline_timer){.hz = 0};
}

unsigned int isa_irq(unsigned int line)
{
    return line;
}

bool set_irq_handler(unsigned int irq, irq_handler *h)
{
    CHECK(irq == ISA_TIMER);
    handler = h;
    return true;
}

void unmask_irq(unsigned int irq)
{
    unmasked = true;
}

/* --- Tests */

static void machine(void)
{
    memset(channels, 0, sizeof(channels));
    handler = NULL;
    unmasked = gated = false;
    lost = edges = 0;
    port_b = 0xA2; /* the speaker is on */
    now_ns = NS_PER_S;
    timer_deadline = UINT64_MAX;
    this_cpu.work = 0;
    nothing_said();
}

static bool chosen_though(uint32_t edges_lost)
{
    lost = edges_lost;
    if (PANICS(init_deadline(1000000000)))
        return false;
    this_cpu.work = 0;
    return true;
}

/* How late a wait ends of which so many edges get lost. */
static uint64_t lateness(uint64_t ns, uint32_t edges_lost)
{
    uint64_t when = now_ns + ns;

    lost = edges_lost;
    arm_hardware_timer(when);
    for (unsigned int i = 0; i < 1000 && !(this_cpu.work & WORK_TIMER); i++)
        run_until(now_ns + 2 * NS_PER_S);
    CHECK(this_cpu.work & WORK_TIMER, "%llu ns, %u lost: it never came", (unsigned long long)ns, edges_lost);
    this_cpu.work = 0;
    CHECK(now_ns >= when, "%llu ns too early", (unsigned long long)(when - now_ns));
    return now_ns - when;
}

static void lost_edges(void)
{
    static const uint64_t waits[] = {1, 50000, 1000000, 40000000, 54925000, 1000000000};

    CHECK(chosen_though(0));
    for (uint32_t n = 0; n <= 20; n++)
        for (unsigned int i = 0; i < ARRAY_SIZE(waits); i++) {
            uint64_t round = MIN(MAX(waits[i], 100000), tick_ns(0xFFFF)), late = lateness(waits[i], n);

            CHECK(late <= n * round + 210000, "%llu ns, %u lost: %llu ns late", (unsigned long long)waits[i], n,
                  (unsigned long long)late);
        }
}

static void the_first_is_lost(void)
{
    CHECK(chosen_though(1), "%s", said);
    CHECK_SAID("Timer: pit");
}

static void nobody_waits(void)
{
    CHECK(chosen_though(0));
    arm_hardware_timer(now_ns + 1000000);
    arm_hardware_timer(UINT64_MAX);
    CHECK(next_edge() == NOT_COUNTING, "it goes on");
    arm_hardware_timer(now_ns + 1000000);
    run_until(now_ns + NS_PER_S);
    CHECK(this_cpu.work & WORK_TIMER);
    edges = 0;
    for (unsigned int i = 0; i < 10; i++)
        run_until(now_ns + NS_PER_S);
    CHECK(edges <= 1, "%u edges for which nothing waits", edges);
}

static void gated_clock(void)
{
    gated = true;
    CHECK(!chosen_though(0) && now_ns < 100 * NS_PER_S);
}

static void counts_upwards(void)
{
    struct counter c = pit_counter();
    uint32_t before, ticks = 0;
    uint64_t start = now_ns;

    CHECK(port_b == 0xA1, "%02x", port_b);
    before = c.read();
    for (unsigned int i = 0; i < 300000; i++) {
        uint32_t count = c.read(), step = (count - before) & c.mask;

        CHECK(step < 4, "%u in a microsecond", step);
        ticks += step;
        before = count;
    }
    CHECK(ticks / 1000 == (now_ns - start) * PIT_HZ / NS_PER_S / 1000, "%u", ticks);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"pit_lost_edges", lost_edges},         {"pit_the_first_is_lost", the_first_is_lost},
        {"pit_nobody_waits", nobody_waits},     {"pit_gated_clock", gated_clock},
        {"pit_counts_upwards", counts_upwards},
    };

    return UNIT_RUN(argc, argv, tests, machine);
}
