/* SPDX-License-Identifier: MIT */
/* Message-signalled interrupts: what a device's capabilities for MSI and MSI-X hold (PCI Local Bus 3.0, 6.8). */
#ifndef ASM_MSI_H
#define ASM_MSI_H

#include <stdbool.h>
#include <stdint.h>

/* As struct physdev_map_pirq says it. */
struct msi_place {
    uint16_t segment;
    uint8_t bus, devfn;
    uint32_t entry; /* of the MSI-X table; 0 for MSI */
    uint64_t table; /* machine address of the MSI-X table; 0: MSI */
};

/* The interrupt's number. It is masked. -ENODEV: no such device; -EINVAL: it cannot have that; -EEXIST: it has it
 * already; -ENOSPC: no number or vector is left. */
int msi_enable(const struct msi_place *place);
/* The device sends it no more, and its number is free. */
void msi_disable(unsigned int irq);

/* Writes once more what a device has lost, for instance while it had no power. 0, -ENODEV. */
long msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn);
/* Before a domain uses the device's MSI-X (off: after it): 0, -ENODEV, -EINVAL. */
long msi_prepare(uint16_t segment, uint8_t bus, uint8_t devfn, bool off);

#endif
