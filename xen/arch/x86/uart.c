/* Console on COM1: 115200 8n1. Output waits for the transmitter; input comes by interrupt. */
#include <asm/io.h>
#include <asm/irq.h>
#include <asm/vga.h>
#include <xen/console.h>
#include <xen/setup.h>

#define COM1         0x3F8
#define UART_DATA    0
#define UART_IER     1
#define UART_FCR     2
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5
#define UART_SCRATCH 7
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20
#define SPIN_LIMIT   1000000 /* a UART that got stuck */

static bool present;

void __init init_console(void)
{
    init_vga();
    outb(COM1 + UART_SCRATCH, 0x55);
    present = inb(COM1 + UART_SCRATCH) == 0x55;
    if (!present)
        return;
    outb(COM1 + UART_IER, 0);
    outb(COM1 + UART_LCR, 0x80); /* divisor follows */
    outb(COM1 + UART_DATA, 1);
    outb(COM1 + UART_IER, 0);
    outb(COM1 + UART_LCR, 0x03); /* 8n1 */
    outb(COM1 + UART_FCR, 0x07); /* FIFOs on, empty */
    outb(COM1 + UART_MCR, 0x0B); /* DTR RTS OUT2: interrupts reach the PIC */
}

void __init enable_console_input(void)
{
    if (!present)
        return;
    outb(COM1 + UART_IER, 0x01);
    unmask_irq(IRQ_COM1);
}

static void put_char(char c)
{
    for (unsigned int i = 0; i < SPIN_LIMIT && !(inb(COM1 + UART_LSR) & LSR_TX_EMPTY); i++)
        ;
    outb(COM1 + UART_DATA, c);
}

void console_put(const char *text, uint32_t size)
{
    vga_write(text, size);
    for (; present && size--; text++) {
        if (*text == '\n')
            put_char('\r');
        put_char(*text);
    }
}

void uart_interrupt(void)
{
    while (inb(COM1 + UART_LSR) & LSR_RX_READY)
        console_receive(inb(COM1 + UART_DATA));
    console_received();
}
