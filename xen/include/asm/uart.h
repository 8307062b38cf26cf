/* SPDX-License-Identifier: MIT */
/*
 * The UART of the console: what the command line says of it (dev/uart_options.c), which one that is (uart_find.c), and
 * its driver (uart.c). Registers are those of a 16550 (TL16C550C data sheet, table 3).
 */
#ifndef ASM_UART_H
#define ASM_UART_H

#include <asm/io.h>
#include <stdbool.h>
#include <stddef.h>

#define UART_DATA    0
#define UART_IER     1
#define UART_IIR     2
#define UART_FCR     2
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5
#define UART_SCRATCH 7
#define UART_REGS    8

#define UART_FIFO_SIZE 16

/* What com1= or com2= says, or the standard: docs/options.md. */
struct uart_options {
    uint32_t base_baud; /* with a divisor of 1 */
    uint16_t divisor;   /* 0: as it is set already */
    uint8_t lcr;        /* the frame format */
    enum uart_place { UART_AT_ADDRESS, UART_PCI, UART_AMT } place;
    uint64_t address; /* of the first register: a port, or memory if it is above 0xFFFF */
    bool has_irq;
    uint16_t irq; /* 0: it is polled */
    bool has_function;
    uint16_t function;            /* asm/pci.h */
    uint8_t reg_shift, reg_width; /* of registers in memory: they are 1 << reg_shift bytes apart, 1 or 4 bytes wide */
};

/* 115200 8n1 */
#define UART_STANDARD .base_baud = 115200, .divisor = 1, .lcr = 0x03, .reg_width = 1
#define COM1_PORT     0x3F8
#define COM2_PORT     0x2F8

#define NR_COMS 2
extern struct uart_options com_options[NR_COMS];

/* What console= names. */
extern struct console_options {
    bool com[NR_COMS], screen;
} opt_console;

/* A UART that is there. */
struct uart {
    const struct uart_options *options;
    uint64_t address;    /* as that of the options */
    volatile char *regs; /* NULL: it has ports */
    uint16_t irq;        /* an ISA line, or from 16 up a GSI; 0: it is polled */
};

static inline uint8_t uart_read(const struct uart *u, unsigned int reg)
{
    const struct uart_options *o = u->options;

    if (!u->regs)
        return inb(u->address + reg);
    return o->reg_width == 4 ? readl(u->regs + (reg << o->reg_shift)) : readb(u->regs + (reg << o->reg_shift));
}

static inline void uart_write(const struct uart *u, unsigned int reg, uint8_t value)
{
    const struct uart_options *o = u->options;

    if (!u->regs)
        outb(u->address + reg, value);
    else if (o->reg_width == 4)
        writel(u->regs + (reg << o->reg_shift), value);
    else
        writeb(u->regs + (reg << o->reg_shift), value);
}

/*
 * Finds the UART that the options name, and keeps it from guests: its ports or frames, and its PCI function. If it is
 * not there, says so, and tries the standard COM1. False: none is there, or none is wanted. Needs the memory map, and
 * must come before init_pci().
 */
bool find_uart(struct uart *u);

#endif
