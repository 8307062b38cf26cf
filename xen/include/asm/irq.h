/* SPDX-License-Identifier: MIT */
/*
 * The machine's interrupts (dev/irq.c). Their numbers are ACPI's global system interrupts (GSIs): the pins of the I/O
 * APICs, or the 16 lines of the 8259s. Above them are MSIs.
 */
#ifndef ASM_IRQ_H
#define ASM_IRQ_H

#include <asm/irq_vectors.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_GSIS 256
#define MAX_MSIS 128
#define MAX_IRQS (MAX_GSIS + MAX_MSIS)

/* Lines of the PC's ISA bus: isa_irq() says which interrupt each is. */
#define ISA_TIMER 0
#define ISA_COM1  4
#define ISA_RTC   8

extern unsigned int nr_gsis;       /* at least 16; not each of them need exist */
extern bool opt_apic, opt_io_apic; /* the command line's nolapic and noapic */

/* How interrupts of one kind are let through or not. Both are idempotent. */
struct irq_chip {
    void (*mask)(unsigned int irq);
    void (*unmask)(unsigned int irq);
};

/* Finds the controllers. All interrupts are masked. */
void init_irqs(void);
/* From now on lost interrupts of the 8259s are looked for. Needs the clock. */
void watch_irqs(void);
/* The interrupt that an ISA line (below 16) raises: as the MADT says. */
unsigned int isa_irq(unsigned int line);

/*
 * The handler runs with interrupts off. It must take the cause of a level-triggered interrupt away, or mask it; what is
 * behind it sends the EOI. An interrupt without a handler is masked when it comes. Returns false if somebody else has
 * the interrupt, or it does not exist. NULL: nobody has it any more, and it is masked.
 */
typedef void irq_handler(unsigned int irq);
bool set_irq_handler(unsigned int irq, irq_handler *handler);
irq_handler *irq_handler_of(unsigned int irq);

void mask_irq(unsigned int irq);
/* At first use it also gets its vector. */
void unmask_irq(unsigned int irq);
bool irq_is_level(unsigned int irq);

/* The vector of an interrupt of an APIC. 0: it has none (yet). */
uint8_t irq_vector(unsigned int irq);
/* For a controller: this interrupt exists, or does not. */
void add_irq(unsigned int irq, const struct irq_chip *chip, bool is_level);
void remove_irq(unsigned int irq);
const struct irq_chip *irq_chip_of(unsigned int irq);
/* Gives it one, if it has none. False: there is none left. */
bool assign_vector(unsigned int irq);

/* A number, with a vector, for a message-signalled interrupt: whoever asks writes the message (address 0xFEE00000 |
 * apic_id() << 12, data irq_vector()). The chip masks that message. -ENOSPC: none is left; -ENODEV: there is no local
 * APIC, so there are no messages. */
int alloc_msi_irq(const struct irq_chip *chip);
void free_msi_irq(unsigned int irq);

void timer_interrupt(void); /* deadline.c: for LOCAL_TIMER_VECTOR, too */
void enable_console_input(void);

#endif
