/* SPDX-License-Identifier: MIT */
/* PCI for a driver in domain 0: configuration space by ports CF8 and CFC, BARs, interrupts from physdev_op. Source: PCI
 * Local Bus Specification 3.0, chapter 6 and section 6.8.2 (MSI-X). Segment 0, bus 0 only. */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_VENDOR         0x00
#define PCI_DEVICE         0x02
#define PCI_COMMAND        0x04
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_NO_INT 0x0400u
#define PCI_STATUS         0x06
#define PCI_STATUS_CAPS    0x0010u
#define PCI_BAR0           0x10
#define PCI_CAPABILITIES   0x34
#define PCI_LINE           0x3C
#define PCI_PIN            0x3D

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

#define PCI_DEVFNS   256
#define DEVFN_DEV(x) ((x) >> 3)

/* Gives the kernel the right to use ports. Panics if it is refused. */
void pci_init(void);

/* offset: a multiple of the access's size, 0 to 255. A function that is not there reads as ones. */
uint32_t pci_read32(uint8_t devfn, uint8_t offset);
uint16_t pci_read16(uint8_t devfn, uint8_t offset);
uint8_t pci_read8(uint8_t devfn, uint8_t offset);
void pci_write16(uint8_t devfn, uint8_t offset, uint16_t value);

/* The next capability of this kind behind `after` (0: the first one), or 0. */
uint8_t pci_capability(uint8_t devfn, uint8_t kind, uint8_t after);
/* Where the firmware has put a memory BAR: its machine address, or 0. bar: 0 to 5. */
uint64_t pci_bar(uint8_t devfn, unsigned int bar);
/* Maps a page of I/O memory, uncached. Panics if it is refused. */
volatile void *io_map(uint64_t maddr);

/* Tells the hypervisor of the device; it must know it to give it MSIs. 0 or an error. */
int pci_announce(uint8_t devfn);
/* Maps the function's configuration space as q35 has it in memory. 0 or an error; -ENODEV: not on this machine. */
int pci_map_ecam(uint8_t devfn);
/* A pirq for entry 0 of the MSI-X table, with MSI-X turned on; or an error. */
int pci_map_msix(uint8_t devfn);
/* A pirq for the device's pin: level, active high, as QEMU's machines have them. Or an error. */
int pci_map_line(uint8_t devfn);

#endif
