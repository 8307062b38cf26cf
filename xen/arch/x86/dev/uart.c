/* SPDX-License-Identifier: MIT */
/*
 * Console on COM1: 115200 8n1. Nobody waits for it: if the transmitter has no room, the text is kept and goes out when
 * the transmitter interrupts. A timer does the same in case an interrupt gets lost. Output waits only before the first
 * domain runs and at the machine's end.
 */
#include <asm/device_access.h>
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/screen.h>
#include <asm/vga.h>
#include <xen/console.h>
#include <xen/setup.h>
#include <xen/timer.h>

#define COM1         0x3F8
#define UART_DATA    0
#define UART_IER     1
#define UART_IIR     2
#define UART_FCR     2
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5
#define UART_SCRATCH 7
#define IER_RX       0x01
#define IER_TX       0x02
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20 /* the FIFO */
#define LSR_TX_IDLE  0x40 /* the last bit is out, too */
#define FIFO_SIZE    16

#define RING_SIZE     16384    /* 1.4 s; a power of 2 */
#define SEND_FIFOS    40       /* at most at once: an emulator's FIFO may empty in no time */
#define RECEIVE_MAX   64       /* the same for input */
#define RETRY_NS      20000000 /* a FIFO takes 1.4 ms */
#define STUCK_RETRIES 50       /* in which not one character has gone out */
#define SPIN_LIMIT    1000000  /* the same while output waits */

static bool present;
static bool waits = true;           /* output waits */
static bool stuck;                  /* the transmitter takes nothing any more: output is lost until it does again */
static char ring[RING_SIZE];        /* characters on their way */
static uint32_t produced, consumed; /* how many there have been */
static struct timer retry;

static void retry_to_send(void *unused);

void __init init_console(void)
{
    init_vga();
    init_timer(&retry, retry_to_send, NULL);
    outb(COM1 + UART_SCRATCH, 0x55);
    present = inb(COM1 + UART_SCRATCH) == 0x55;
    if (!present)
        return;
    keep_ports(COM1, COM1 + UART_SCRATCH);
    outb(COM1 + UART_IER, 0);
    outb(COM1 + UART_LCR, 0x80); /* divisor follows */
    outb(COM1 + UART_DATA, 1);
    outb(COM1 + UART_IER, 0);
    outb(COM1 + UART_LCR, 0x03); /* 8n1 */
    outb(COM1 + UART_FCR, 0x07); /* FIFOs on, empty */
    outb(COM1 + UART_MCR, 0x0B); /* DTR RTS OUT2: interrupts reach the PIC */
}

/* Sends as much as the transmitter takes now. */
static void send(void)
{
    for (unsigned int i = 0; i < SEND_FIFOS && consumed != produced; i++) {
        if (!(inb(COM1 + UART_LSR) & LSR_TX_EMPTY))
            return;
        stuck = false;
        for (unsigned int n = 0; n < FIFO_SIZE && consumed != produced; n++)
            outb(COM1 + UART_DATA, ring[consumed++ % RING_SIZE]);
    }
}

static void give_up(void)
{
    stuck = true;
    console_lost(produced - consumed);
    consumed = produced;
}

static void send_and_wait(void)
{
    for (unsigned int tries = stuck ? 1 : SPIN_LIMIT; tries; tries--) {
        uint32_t before = consumed;

        send();
        if (consumed != before)
            tries = SPIN_LIMIT;
        if (consumed == produced && inb(COM1 + UART_LSR) & LSR_TX_IDLE)
            return;
    }
    give_up();
}

/* Sends. The transmitter's interrupt and the timer will send what is left. */
static void send_on(void)
{
    bool any_left;

    send();
    if (stuck)
        give_up();
    any_left = consumed != produced;
    outb(COM1 + UART_IER, any_left ? IER_RX | IER_TX : IER_RX);
    if (any_left && !retry.active)
        set_timer(&retry, system_time() + RETRY_NS);
}

static void retry_to_send(void *unused)
{
    static unsigned int retries;
    static uint32_t seen;

    if (consumed != seen)
        retries = 0;
    seen = consumed;
    if (++retries > STUCK_RETRIES)
        give_up();
    send_on();
    console_sent();
}

uint32_t console_room(void)
{
    return (RING_SIZE - (produced - consumed)) / 2;
}

static void keep(char c)
{
    ring[produced++ % RING_SIZE] = c;
}

void console_put(const char *text, uint32_t size)
{
    vga_write(text, size);
    screen_write(text, size);
    if (!present)
        return;
    for (; size--; text++) {
        if (*text == '\n')
            keep('\r');
        keep(*text);
    }
    if (waits)
        send_and_wait();
    else
        send_on();
}

void console_wait(bool wait)
{
    waits = wait;
    screen_wait(wait);
    if (present && wait)
        send_and_wait();
}

static void uart_interrupt(unsigned int irq)
{
    (void)inb(COM1 + UART_IIR); /* clears the transmitter's interrupt request */
    for (unsigned int i = 0; i < RECEIVE_MAX && inb(COM1 + UART_LSR) & LSR_RX_READY; i++)
        console_receive(inb(COM1 + UART_DATA));
    console_received();
    outb(COM1 + UART_IER, 0); /* off and on again: requests that remain make a new edge, which the PIC needs */
    send_on();
    console_sent();
}

void __init enable_console_input(void)
{
    if (!present)
        return;
    outb(COM1 + UART_IER, IER_RX);
    if (set_irq_handler(isa_irq(ISA_COM1), uart_interrupt))
        unmask_irq(isa_irq(ISA_COM1));
}
