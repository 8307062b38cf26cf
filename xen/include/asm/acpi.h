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

/* A boot loader has brought this copy of a root pointer. Of several, the one of the latest revision counts. One that is
 * wrong is not used. */
void offer_acpi_root(const void *rsdp, uint32_t size);

/* Machine address of the first table with this signature, and its header. 0: there is none. */
uint64_t find_acpi_table(const char *signature, struct acpi_header *h);
/* Is there a table with this signature at maddr? */
bool read_acpi_header(uint64_t maddr, const char *signature, struct acpi_header *h);
/* Copies machine memory from any address. */
void read_machine(void *dst, uint64_t maddr, uint32_t n);

#endif
