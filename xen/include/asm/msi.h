/* SPDX-License-Identifier: MIT */
/*
 * Message-signalled interrupts: what a device's capabilities for MSI and MSI-X hold (dev/msi.c). Source: PCI Local Bus
 * Specification 3.0, 6.8; Intel SDM volume 3, 11.11.
 */
#ifndef ASM_MSI_H
#define ASM_MSI_H

#include <stdbool.h>
#include <stdint.h>

/* As struct physdev_map_pirq says it. */
struct msi_place {
    uint16_t segment;
    uint8_t bus, devfn;
    uint32_t entry; /* of the MSI-X table; 0 for MSI */
    uint64_t table; /* machine address where the base address register with the MSI-X table begins; 0: MSI */
};

/*
 * The interrupt's number. It is masked. Without mask bits (a MSI may have none), a message may come all the same after
 * the first unmask_irq().
 * -ENODEV: no such device, or it has no such capability, or there is no local APIC; -EINVAL: no such entry, or the
 * table is elsewhere, or where the current domain may not have it; -ENXIO: the device does not answer to memory
 * addresses; -EEXIST: it is in use already, or the device uses the other kind; -ENOSPC: no number or vector is left,
 * or too many devices use MSI-X.
 *
 * While a device uses MSI-X, no domain gets a mapping with which it could write to the table or to the pending bits.
 * A mapping that was there before stays what it is, as on Xen: msi_prepare() comes in time.
 */
int msi_enable(const struct msi_place *place);
/* The device sends it no more, and its number is free. */
void msi_disable(unsigned int irq);

/* Writes once more what a device has lost, for instance while it had no power. 0, -ENODEV. */
long msi_restore(uint16_t segment, uint8_t bus, uint8_t devfn);
/* Before a domain is given the device (off: after it): the table is out of its reach from now on. 0; -ENODEV: it has no
 * MSI-X; -ENXIO: its table has no address yet, or one where it cannot be; -EBUSY: MSI-X is in use, or prepared already
 * (off: not prepared); -ENOSPC. */
long msi_prepare(uint16_t segment, uint8_t bus, uint8_t devfn, bool off);

#endif
