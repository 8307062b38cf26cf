/* SPDX-License-Identifier: MIT */
/*
 * The PIT (Intel 8254): channel 2, gated by port 61h, counts for calibration without interrupts; channel 0 interrupts
 * by ISA line 0. Where it is gated (newer machines), neither counts.
 */
#include <asm/clock.h>
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/ports.h>
#include <xen/lib.h>

#define PIT_CH0        0x40
#define PIT_CH2        0x42
#define PIT_COMMAND    0x43
#define PIT_CH0_MODE0  0x30
#define PIT_CH0_MODE2  0x34
#define PIT_CH2_MODE2  0xB4
#define PIT_CH2_LATCH  0x80
#define PORT_B         0x61
#define PORT_B_GATE2   0x01
#define PORT_B_SPEAKER 0x02
#define MIN_PIT_TICKS  (PIT_HZ / 10000) /* 100 us */
#define MAX_PIT_TICKS  0xFFFF

static uint32_t __init read_pit(void)
{
    uint8_t low;

    outb(PIT_COMMAND, PIT_CH2_LATCH);
    low = inb(PIT_CH2);
    return -(low | inb(PIT_CH2) << 8);
}

/* In mode 2 the count is loaded again by itself; 0 stands for 65536, so that it wraps as 16 bits do. */
struct counter __init pit_counter(void)
{
    outb(PORT_B, (inb(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE2);
    outb(PIT_COMMAND, PIT_CH2_MODE2);
    outb(PIT_CH2, 0);
    outb(PIT_CH2, 0);
    return (struct counter){"PIT", PIT_HZ, 0xFFFF, read_pit};
}

/* Mode 2 interrupts again and again: if an edge is lost on its way through the 8259s, the next one is not. An
 * interrupt for which nothing waits any more stops it (deadline.c). So a short period must not keep the processor busy.
 */
static void start_pit(uint32_t ticks)
{
    outb(PIT_COMMAND, PIT_CH0_MODE2);
    outb(PIT_CH0, ticks);
    outb(PIT_CH0, ticks >> 8);
}

/* Without a count it does not count. */
static void stop_pit(void)
{
    outb(PIT_COMMAND, PIT_CH0_MODE0);
}

static void pit_interrupt(unsigned int irq)
{
    timer_interrupt();
}

struct deadline_timer __init pit_timer(void)
{
    struct deadline_timer t = {"pit", PIT_HZ, MIN_PIT_TICKS, MAX_PIT_TICKS, start_pit, stop_pit};

    stop_pit();
    if (set_irq_handler(isa_irq(ISA_TIMER), pit_interrupt))
        unmask_irq(isa_irq(ISA_TIMER));
    else
        t.hz = 0;
    return t;
}
