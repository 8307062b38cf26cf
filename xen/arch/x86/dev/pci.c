/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: asm/pci.h. Domain 0 reaches it by the emulated ports (emulate/ports.c) and, where ACPI's
 * MCFG says that there is such a thing, by memory (ECAM), where each function has a frame. Functions that the
 * hypervisor drives itself are hidden in both.
 */
#include <asm/acpi.h>
#include <asm/device_access.h>
#include <asm/device_map.h>
#include <asm/io.h>
#include <asm/page.h>
#include <asm/pci.h>
#include <public/errno.h>
#include <xen/lib.h>

#define MAX_HIDDEN       8
#define MAX_CAPABILITIES 48 /* four bytes each behind the header of 64: more in a list make a loop */
#define MAX_ECAM         8
#define BUS_SHIFT        20 /* 256 functions of a frame each */

static uint16_t hidden[MAX_HIDDEN];
static unsigned int nr_hidden;

/* PCI Firmware Specification 3.0, 4.1.2. */
struct mcfg_entry {
    uint64_t address; /* of bus 0, whichever is the first */
    uint16_t segment;
    uint8_t first_bus, last_bus;
    uint32_t reserved;
} __attribute__((packed));
#define MCFG_ENTRIES 44

static struct mcfg_entry ecam[MAX_ECAM];
static unsigned int nr_ecam;

/* --- Mechanism 1 */

static uint16_t select_register(uint16_t function, uint32_t reg)
{
    outl(PORT_PCI_ADDRESS, PCI_ADDRESS_ENABLE | (uint32_t)function << 8 | PCI_ADDRESS_REGISTER(reg));
    return PORT_PCI_DATA + (reg & 3);
}

uint32_t pci_read(uint16_t function, uint32_t reg, uint32_t bytes)
{
    return in_sized(select_register(function, reg), bytes);
}

void pci_write(uint16_t function, uint32_t reg, uint32_t bytes, uint32_t value)
{
    out_sized(select_register(function, reg), bytes, value);
}

uint32_t pci_find_capability(uint16_t function, uint8_t id)
{
    uint32_t at = PCI_CAPABILITIES;

    if (pci_read(function, PCI_VENDOR, 2) == 0xFFFF || !(pci_read(function, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) ||
        (pci_read(function, PCI_HEADER_TYPE, 1) & PCI_HEADER_TYPE_MASK) > 1)
        return 0;
    for (unsigned int i = 0; i < MAX_CAPABILITIES; i++) {
        at = pci_read(function, at, 1) & 0xFC;
        if (at < 0x40)
            return 0;
        if (pci_read(function, at, 1) == id)
            return at;
        at++; /* the next one's register */
    }
    return 0;
}

static uint32_t number_of_bars(uint16_t function)
{
    return (pci_read(function, PCI_HEADER_TYPE, 1) & PCI_HEADER_TYPE_MASK) == 0 ? 6 : 2;
}

uint64_t pci_memory_bar(uint16_t function, unsigned int index)
{
    uint32_t bars = number_of_bars(function), low;
    uint64_t address;

    if (index >= bars)
        return 0;
    low = pci_read(function, PCI_BAR0 + index * 4, 4);
    if (low & PCI_BAR_IO)
        return 0;
    address = low & PCI_BAR_MASK;
    if ((low & PCI_BAR_TYPE) == PCI_BAR_64BIT) {
        if (index + 1 >= bars)
            return 0;
        address |= (uint64_t)pci_read(function, PCI_BAR0 + index * 4 + 4, 4) << 32;
    }
    return address;
}

uint32_t pci_io_bar(uint16_t function, unsigned int index)
{
    uint32_t bars = number_of_bars(function), bar = index < bars ? pci_read(function, PCI_BAR0 + index * 4, 4) : 0;

    return bar & PCI_BAR_IO ? bar & PCI_BAR_IO_MASK : 0;
}

/* --- Hidden functions */

void __init pci_hide(uint16_t function)
{
    if (nr_hidden == MAX_HIDDEN)
        panic("More than %u PCI devices for the hypervisor", MAX_HIDDEN);
    hidden[nr_hidden++] = function;
}

bool pci_is_hidden(uint16_t function)
{
    for (unsigned int i = 0; i < nr_hidden; i++)
        if (hidden[i] == function)
            return true;
    return false;
}

/* --- ECAM */

/* Firmware's list is believed only if configuration space can be there. */
static bool __init can_be_ecam(const struct mcfg_entry *e)
{
    uint64_t first = e->address + ((uint64_t)e->first_bus << BUS_SHIFT),
             end = e->address + ((uint64_t)(e->last_bus + 1) << BUS_SHIFT);

    return e->first_bus <= e->last_bus && e->address && !(e->address & ((1u << BUS_SHIFT) - 1)) && end >= e->address &&
           can_be_registers(first, end);
}

static void __init keep_hidden_frames(const struct mcfg_entry *e)
{
    for (unsigned int i = 0; i < nr_hidden; i++) {
        uint32_t frame = (e->address >> PAGE_SHIFT) + hidden[i];

        if (!e->segment && hidden[i] >> 8 >= e->first_bus && hidden[i] >> 8 <= e->last_bus)
            keep_frames(frame, frame);
    }
}

void __init init_pci(void)
{
    struct acpi_header h;
    uint64_t mcfg = find_acpi_table("MCFG", MCFG_ENTRIES, &h);

    for (uint32_t at = MCFG_ENTRIES; mcfg && at + sizeof(ecam[0]) <= h.length; at += sizeof(ecam[0])) {
        struct mcfg_entry e;

        read_machine(&e, mcfg + at, sizeof(e));
        if (!can_be_ecam(&e) || nr_ecam == MAX_ECAM) {
            printk("ACPI: PCI configuration space of segment %u at %09llx is not believed\n", e.segment,
                   (unsigned long long)e.address);
            continue;
        }
        keep_hidden_frames(&e);
        ecam[nr_ecam++] = e;
    }
}

/* --- For physdev_op */

long pci_device_add(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    uint16_t function = bus << 8 | devfn;

    return segment || pci_is_hidden(function) || pci_read(function, PCI_VENDOR, 2) == 0xFFFF ? -ENODEV : 0;
}

long pci_device_remove(uint16_t segment, uint8_t bus, uint8_t devfn)
{
    return pci_device_add(segment, bus, devfn);
}

long pci_mmcfg_reserved(uint64_t address, uint16_t segment, uint8_t first_bus, uint8_t last_bus, uint32_t flags)
{
    for (unsigned int i = 0; i < nr_ecam; i++)
        if (ecam[i].address == address && ecam[i].segment == segment && ecam[i].first_bus == first_bus &&
            ecam[i].last_bus == last_bus)
            return 0;
    return -ENODEV;
}
