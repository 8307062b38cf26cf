/* SPDX-License-Identifier: MIT */
/*
 * Console on a UART. Nobody waits for it: if the transmitter has no room, the text is kept and goes out when the
 * transmitter interrupts. A timer does the same in case an interrupt gets lost, and if there is none. Output waits only
 * before the first domain runs and at the machine's end.
 */
#include <asm/irq.h>
#include <asm/madt.h>
#include <asm/screen.h>
#include <asm/uart.h>
#include <asm/vga.h>
#include <xen/console.h>
#include <xen/setup.h>
#include <xen/timer.h>

#define IER_RX       0x01
#define IER_TX       0x02
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20 /* the FIFO */
#define LSR_TX_IDLE  0x40 /* the last bit is out, too */
#define LSR_GONE     0xFF /* the device has been switched off */
#define LCR_DIVISOR  0x80 /* the first two registers are the divisor's */
#define FRAME_BITS   10

#define RING_SIZE   16384    /* 1.4 s at 115200 baud; a power of 2 */
#define SEND_FIFOS  40       /* at most at once: an emulator's FIFO may empty in no time */
#define RECEIVE_MAX 64       /* the same for input */
#define RETRY_NS    20000000 /* a FIFO takes 1.4 ms at 115200 baud */
#define POLL_NS     1000000  /* without an interrupt, if half a FIFO takes no longer */
#define LEAST_BAUD  300
#define STUCK_NS    NS_PER_S /* in which not one character has gone out */
#define SPIN_LIMIT  1000000  /* the same while output waits */

static struct uart uart;
static bool present;
static bool is_early = true; /* it is not known yet which UART it is: text is kept */
static bool on_screen = true;
static bool polled = true; /* no interrupt tells of it */
static uint32_t retry_ns = RETRY_NS;
static uint32_t half_fifo_ns;       /* what it takes to send so much, or to receive it */
static bool waits = true;           /* output waits */
static bool stuck;                  /* the transmitter takes nothing any more: output is lost until it does again */
static char ring[RING_SIZE];        /* characters on their way */
static uint32_t produced, consumed; /* how many there have been */
static struct timer retry;

static void retry_to_send(void *unused);

static uint8_t line_status(void)
{
    uint8_t status = uart_read(&uart, UART_LSR);

    return status == LSR_GONE ? 0 : status;
}

void __init init_console(void)
{
    init_vga();
    init_timer(&retry, retry_to_send, NULL);
}

static void __init start_uart(void)
{
    const struct uart_options *o = uart.options;
    uint32_t divisor = o->divisor;

    uart_write(&uart, UART_IER, 0);
    uart_write(&uart, UART_LCR, LCR_DIVISOR);
    if (divisor) {
        uart_write(&uart, UART_DATA, divisor);
        uart_write(&uart, UART_IER, divisor >> 8);
    } else
        divisor = uart_read(&uart, UART_DATA) | uart_read(&uart, UART_IER) << 8;
    uart_write(&uart, UART_LCR, o->lcr);
    uart_write(&uart, UART_FCR, 0x07); /* FIFOs on, empty */
    uart_write(&uart, UART_MCR, 0x0B); /* DTR RTS OUT2: interrupts reach the PIC */
    half_fifo_ns = UART_FIFO_SIZE / 2 * FRAME_BITS * (NS_PER_S / MAX(o->base_baud / MAX(divisor, 1), LEAST_BAUD));
}

void __init open_console(void)
{
    static bool begun;

    if (begun)
        return; /* a panic has come in between */
    begun = true;
    present = find_uart(&uart);
    is_early = false;
    on_screen = opt_console.screen || (!present && (opt_console.com[0] || opt_console.com[1]));
    if (!present) {
        consumed = produced;
        return;
    }
    start_uart();
    console_wait(true);
}

/* Sends as much as the transmitter takes now. */
static void send(void)
{
    for (unsigned int i = 0; i < SEND_FIFOS && consumed != produced; i++) {
        if (!(line_status() & LSR_TX_EMPTY))
            return;
        stuck = false;
        for (unsigned int n = 0; n < UART_FIFO_SIZE && consumed != produced; n++)
            uart_write(&uart, UART_DATA, ring[consumed++ % RING_SIZE]);
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
        if (consumed == produced && line_status() & LSR_TX_IDLE)
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
    uart_write(&uart, UART_IER, polled ? 0 : any_left ? IER_RX | IER_TX : IER_RX);
    if ((any_left || polled) && !retry.active)
        set_timer(&retry, system_time() + retry_ns);
}

static void receive(void)
{
    unsigned int n = 0;

    while (n < RECEIVE_MAX && line_status() & LSR_RX_READY) {
        console_receive(uart_read(&uart, UART_DATA));
        n++;
    }
    if (n)
        console_received();
}

static void retry_to_send(void *unused)
{
    static uint32_t stuck_ns, seen;

    if (polled)
        receive();
    stuck_ns = consumed != seen || consumed == produced ? 0 : stuck_ns + retry_ns;
    seen = consumed;
    if (stuck_ns > STUCK_NS)
        give_up();
    send_on();
    if (stuck && line_status() & LSR_TX_EMPTY)
        stuck = false;
    if (!stuck)
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
    if (on_screen) {
        vga_write(text, size);
        screen_write(text, size);
    }
    if (!present && !is_early)
        return;
    for (; size--; text++) {
        if (*text == '\n')
            keep('\r');
        keep(*text);
    }
    if (is_early)
        return;
    if (waits)
        send_and_wait();
    else
        send_on();
}

void console_wait(bool wait)
{
    waits = wait;
    screen_wait(wait);
    if (is_early && wait)
        open_console(); /* the boot has failed before */
    if (present && wait)
        send_and_wait();
    else if (present)
        send_on(); /* begins to poll */
}

static void uart_interrupt(unsigned int irq)
{
    (void)uart_read(&uart, UART_IIR); /* clears the transmitter's interrupt request */
    receive();
    uart_write(&uart, UART_IER, 0); /* off and on again: requests that remain make a new edge, which the PIC needs */
    send_on();
    console_sent();
}

void __init enable_console_input(void)
{
    unsigned int irq = uart.irq < ISA_LINES ? isa_irq(uart.irq) : uart.irq;

    if (!present)
        return;
    polled = !uart.irq || !set_irq_handler(irq, uart_interrupt);
    if (polled) {
        retry_ns = MAX(half_fifo_ns, POLL_NS);
        log_at(LOG_INFO, "Console: the UART is polled\n");
        return;
    }
    uart_write(&uart, UART_IER, IER_RX);
    unmask_irq(irq);
}
