/* SPDX-License-Identifier: MIT */
/* What ACPI's MADT says of interrupts (dev/madt.c). Source: ACPI specification 6.4, 5.2.12. */
#ifndef ASM_MADT_H
#define ASM_MADT_H

#include <asm/irq.h>

#define MAX_IO_APICS 16
#define ISA_LINES    16
#define MAX_NMIS     8
#define NR_LINTS     2

/* How a line tells: edges or a level, high or low. */
struct line_mode {
    bool level, low;
};

struct madt {
    uint32_t nr_io_apics;
    struct {
        uint32_t id, address, gsi_base;
    } io_apic[MAX_IO_APICS];
    struct {
        bool given; /* by the table; else line n is interrupt n */
        uint32_t gsi;
        struct line_mode mode;
    } isa[ISA_LINES];
    uint32_t nr_nmis; /* pins that raise NMIs */
    struct {
        uint32_t gsi;
        struct line_mode mode;
    } nmi[MAX_NMIS];
    struct {
        bool nmi; /* raises NMIs at this processor */
        struct line_mode mode;
    } lint[NR_LINTS];
};

/* Fills *m. NULL, or why the table cannot be used: *m then is what holds without one. cpu: the id of this processor's
 * local APIC. */
const char *read_madt(struct madt *m, uint32_t cpu);

/* ACPI's number of that processor. NO_UID: no table that can be used has it. */
#define NO_UID 0xFFFFFFFEu
uint32_t madt_uid(void);

#endif
