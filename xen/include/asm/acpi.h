/* SPDX-License-Identifier: MIT */
/* ACPI's tables, as firmware has left them in memory (dev/acpi.c). Source: ACPI specification 6.4, 5.2. */
#ifndef ASM_ACPI_H
#define ASM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

/* The root pointer. From `length` on only revision 2 and later have it. */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
} __attribute__((packed));
#define ACPI_RSDP_V1_SIZE 20

struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

/* Where a register is (ACPI 6.4, 5.2.3.2). */
struct acpi_address {
    uint8_t space, bits, offset, access;
    uint64_t address; /* 0: there is none */
} __attribute__((packed));
#define ACPI_IN_MEMORY 0
#define ACPI_IN_PORTS  1

/* The FADT (5.2.9). Early revisions are shorter: then the rest is 0. */
struct acpi_fadt {
    struct acpi_header header;
    uint32_t facs, dsdt;
    uint8_t model, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4bios, pstate;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
    uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length, others[17];
    uint16_t boot_flags;
    uint8_t reserved;
    uint32_t flags;
    struct acpi_address reset;
    uint8_t reset_value, more[3];
    uint64_t x_facs, x_dsdt;
    struct acpi_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control, x_pm_timer, x_gpe0,
        x_gpe1, sleep_control, sleep_status;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_fadt) == 268, "ACPI 6.4, table 5.9, without the hypervisor's vendor");
#define FADT_PM_TIMER_32 (1u << 8)  /* flags: it has 32 bits, not 24 */
#define FADT_REDUCED     (1u << 20) /* flags: no PM registers, so no PM timer */

/* False: there is none that reaches to the PM1 control registers. */
bool read_fadt(struct acpi_fadt *fadt);

/* A boot loader has brought this copy of a root pointer. Of several, the one of the latest revision counts. One that is
 * wrong is not used. */
void offer_acpi_root(const void *rsdp, uint32_t size);

/*
 * Every table that is used comes through one of these two. It is believed only if it has this signature, `least` bytes
 * at least and 1 MiB at most, and a right checksum; what is wrong is said, and then it is as if it were not there.
 */

/* Machine address of the first one in the root's list, and its header. 0: there is none. */
uint64_t find_acpi_table(const char *signature, uint32_t least, struct acpi_header *h);
/* Is there one at maddr? */
bool read_acpi_header(uint64_t maddr, const char *signature, uint32_t least, struct acpi_header *h);
/* Copies machine memory from any address. */
void read_machine(void *dst, uint64_t maddr, uint32_t n);

#endif
