/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space (dev/pci.c). The hypervisor uses mechanism 1, the ports 0xCF8 and 0xCFC, and so the first 256
 * bytes of each function. Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 and chapter 6.
 *
 * A function is named by its number: bus << 8 | device << 3 | function.
 */
#ifndef ASM_PCI_H
#define ASM_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PORT_PCI_ADDRESS 0xCF8
#define PORT_PCI_DATA    0xCFC /* up to 0xCFF */

/* What is written to the address port. */
#define PCI_ADDRESS_ENABLE            0x80000000u
#define PCI_ADDRESS_RESERVED          0x7F000000u
#define PCI_ADDRESS_FUNCTION(address) ((uint16_t)((address) >> 8))
#define PCI_ADDRESS_REGISTER(address) ((address)&0xFCu)

/* Registers. */
#define PCI_VENDOR       0x00 /* 2 bytes; 0xFFFF: there is no such function */
#define PCI_COMMAND      0x04 /* 2 bytes */
#define PCI_STATUS       0x06 /* 2 bytes */
#define PCI_CLASS        0x08 /* revision, and from bit 8 up: interface, subclass, class */
#define PCI_HEADER_TYPE  0x0E
#define PCI_BAR0         0x10
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT    0x3C /* line, as firmware has routed it; 0xFF: none */

#define PCI_COMMAND_IO            0x0001
#define PCI_COMMAND_MEMORY        0x0002
#define PCI_COMMAND_INTX_DISABLE  0x0400
#define PCI_STATUS_CAPABILITIES   0x0010
#define PCI_HEADER_TYPE_MASK      0x7F
#define PCI_HEADER_MULTI_FUNCTION 0x80

#define PCI_BAR_IO      0x1u /* of a base address register: it is about I/O ports */
#define PCI_BAR_TYPE    0x6u
#define PCI_BAR_64BIT   0x4u
#define PCI_BAR_IO_MASK (~0x3u)
#define PCI_BAR_MASK    (~0xFu)

#define PCI_CAP_MSI  0x05
#define PCI_CAP_MSIX 0x11

/* bytes: 1, 2 or 4, all in one doubleword. Where there is no function, reads give ones. */
uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes);
void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value);

/* The register at which the function's capability with this number begins. 0: it has none, or its list makes no sense.
 */
uint32_t pci_find_capability(uint16_t function, uint8_t id);

/* The address in base address register `index` (0 to 5), which must be one of memory. 0: it is not, or is not set. */
uint64_t pci_memory_bar(uint16_t function, unsigned int index);
/* The same of one for ports. */
uint32_t pci_io_bar(uint16_t function, unsigned int index);

/* The hypervisor drives this function itself, or may: no domain finds it. To be called before init_pci(). */
void pci_hide(uint16_t function);
bool pci_is_hidden(uint16_t function);

/* Reads where ACPI says that configuration space is mapped into memory, and keeps hidden functions' frames there. Needs
 * windows. */
void init_pci(void);

/* --- For physdev_op */

/* Domain 0 has found, or given up, this device: 0; -ENODEV: it is not there, or is the hypervisor's own. The hypervisor
 * needs no list of devices. */
long pci_device_add(uint16_t segment, uint8_t bus, uint8_t devfn);
long pci_device_remove(uint16_t segment, uint8_t bus, uint8_t devfn);
/* pci_mmcfg_reserved: domain 0 confirms such a range. 0; -ENODEV: ACPI's list has no such range. */
long pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t first_bus, uint8_t last_bus, uint32_t flags);

#endif
