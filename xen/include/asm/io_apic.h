/* SPDX-License-Identifier: MIT */
/* The I/O APICs (dev/io_apic.c). Source: Intel 82093AA data sheet; ICH and PCH data sheets for version 0x20. */
#ifndef ASM_IO_APIC_H
#define ASM_IO_APIC_H

#include <asm/madt.h>

extern const struct irq_chip chip_io_apic; /* irq = GSI */

/* Takes over those of the MADT, with all pins masked but those that raise SMIs, which are left alone. NULL, or why they
 * cannot be used: then nothing has changed but the masks. On success nr_gsis is right, and each pin but those is an
 * interrupt of chip_io_apic's. */
const char *init_io_apics(const struct madt *m);

/* How the pin's line tells. Only while nobody has the interrupt. Nothing is changed if no I/O APIC has this GSI, or if
 * nobody can have it: pins that raise NMIs or firmware's SMIs. */
void set_pin_mode(unsigned int gsi, struct line_mode mode);

/* The I/O APIC at this address. -1: there is none. Its registers, as domain 0 may read them: ids, version, and pins. */
int io_apic_at(uint32_t address);
uint32_t io_apic_read(unsigned int index, uint8_t reg);
/* The interrupt whose redirection entry this register is part of. -1: it is not a redirection entry. */
int io_apic_pin(unsigned int index, uint8_t reg);

#endif
