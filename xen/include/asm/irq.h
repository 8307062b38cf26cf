/* SPDX-License-Identifier: MIT */
/* The two 8259s, and the handlers of their lines. */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#define IRQ_TIMER 0
#define IRQ_COM1  4

void mask_irq(unsigned int irq);
void unmask_irq(unsigned int irq);
void timer_interrupt(void); /* time.c */
void uart_interrupt(void);  /* uart.c */
void enable_console_input(void);

#endif
