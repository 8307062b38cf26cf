/* SPDX-License-Identifier: MIT */
#include "pci.h"

#include <guest/guest.h>
#include <guest/hypercall.h>
#include <guest/mm.h>
#include <guest/ports.h>
#include <public/physdev.h>

#define CONFIG_ADDRESS 0xCF8
#define CONFIG_DATA    0xCFC
#define CONFIG_ENABLE  0x80000000u

#define BAR_IO      1u
#define BAR_64      4u
#define BAR_ADDRESS 0xFFFFFFF0u

#define MSIX_CONTROL        2
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK   0x4000u
#define MSIX_TABLE          4

#define Q35_HOST_BRIDGE 0x29C08086u
#define Q35_PCIEXBAR    0x60 /* where configuration space is in memory (Intel 3 Series data sheet, 5.1.17) */

#define IO_PAGES 64

void pci_init(void)
{
    struct physdev_set_iopl iopl = {1};
    int err = HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl);

    if (err)
        guest_panic("set_iopl: %d", err);
}

static void select(uint8_t devfn, uint8_t offset)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)devfn << 8 | (offset & 0xFC));
}

uint32_t pci_read32(uint8_t devfn, uint8_t offset)
{
    select(devfn, offset);
    return inl(CONFIG_DATA);
}

uint16_t pci_read16(uint8_t devfn, uint8_t offset)
{
    return pci_read32(devfn, offset) >> (offset & 2) * 8;
}

uint8_t pci_read8(uint8_t devfn, uint8_t offset)
{
    return pci_read32(devfn, offset) >> (offset & 3) * 8;
}

void pci_write16(uint8_t devfn, uint8_t offset, uint16_t value)
{
    select(devfn, offset);
    outw(CONFIG_DATA + (offset & 2), value);
}

uint8_t pci_capability(uint8_t devfn, uint8_t kind, uint8_t after)
{
    uint8_t next = after ? after + 1 : PCI_CAPABILITIES, at;

    if (!(pci_read16(devfn, PCI_STATUS) & PCI_STATUS_CAPS))
        return 0;
    for (unsigned int i = 0; i < 48; i++) { /* as many as there is room for */
        at = pci_read8(devfn, next) & 0xFC;
        if (!at || pci_read8(devfn, at) == kind)
            return at;
        next = at + 1;
    }
    return 0;
}

uint64_t pci_bar(uint8_t devfn, unsigned int bar)
{
    uint32_t low = pci_read32(devfn, PCI_BAR0 + 4 * bar), high = 0;

    if (low & BAR_IO)
        return 0;
    if (low & BAR_64)
        high = pci_read32(devfn, PCI_BAR0 + 4 * bar + 4);
    return (uint64_t)high << 32 | (low & BAR_ADDRESS);
}

/* The page's address in *va. 0 or an error. */
static int map_io_page(uint64_t maddr, uint32_t *va)
{
    static pte_t *l1;
    static unsigned int used;
    mmu_update_t req;
    int err;

    if (!l1) {
        l1 = alloc_page();
        if (mm_map_l1((void *)MM_SCRATCH, l1))
            guest_panic("no table for I/O memory");
    }
    if (used == IO_PAGES)
        guest_panic("too much I/O memory");
    req.ptr = pte_maddr(&l1[used]);
    req.val = (maddr & PTE_FRAME) | PTE_KERNEL_RW | PTE_PCD | PTE_PWT;
    err = HYPERVISOR_mmu_update_dom(&req, 1, NULL, DOMID_IO);
    if (!err)
        *va = MM_SCRATCH + used++ * PAGE_SIZE;
    return err;
}

volatile void *io_map(uint64_t maddr)
{
    uint32_t va;
    int err = map_io_page(maddr, &va);

    if (err)
        guest_panic("I/O memory at %llx: %d", maddr, err);
    return (volatile void *)(va + (uint32_t)(maddr & (PAGE_SIZE - 1)));
}

int pci_map_ecam(uint8_t devfn)
{
    uint32_t va;

    if (pci_read32(0, PCI_VENDOR) != Q35_HOST_BRIDGE)
        return -ENODEV;
    return map_io_page((pci_read32(0, Q35_PCIEXBAR) & ~0xFFFFFFFu) + devfn * PAGE_SIZE, &va);
}

int pci_announce(uint8_t devfn)
{
    struct physdev_pci_device_add add = {.devfn = devfn};

    return HYPERVISOR_physdev_op(PHYSDEVOP_pci_device_add, &add);
}

static int map_pirq(struct physdev_map_pirq *map)
{
    int err = HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, map);

    return err ? err : map->pirq;
}

int pci_map_msix(uint8_t devfn)
{
    struct physdev_map_pirq map = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1, .pirq = -1, .devfn = devfn};
    uint8_t cap = pci_capability(devfn, PCI_CAP_MSIX, 0);
    uint32_t table;
    int pirq;

    if (!cap)
        return -ENODEV;
    table = pci_read32(devfn, cap + MSIX_TABLE);
    map.table_base = pci_bar(devfn, table & 7) + (table & ~7u);
    pirq = map_pirq(&map);
    if (pirq < 0)
        return pirq;
    /* A kernel turns MSI-X on itself; the entries and their masks are the hypervisor's. */
    pci_write16(devfn, PCI_COMMAND, pci_read16(devfn, PCI_COMMAND) | PCI_COMMAND_NO_INT);
    pci_write16(devfn, cap + MSIX_CONTROL,
                (pci_read16(devfn, cap + MSIX_CONTROL) & ~MSIX_CONTROL_MASK) | MSIX_CONTROL_ENABLE);
    return pirq;
}

/* ACPI's _PRT would say it; that is a program, and this guest has no interpreter. So QEMU's two machines are known: on
 * q35 (ICH9) pins of devices 0 to 24 go to GSIs 20 to 23 in turn; elsewhere the I/O APIC has the PIC's lines. */
static uint32_t gsi_of(uint8_t devfn)
{
    if (pci_read32(0, PCI_VENDOR) == Q35_HOST_BRIDGE)
        return 20 + (DEVFN_DEV(devfn) + pci_read8(devfn, PCI_PIN) - 1) % 4;
    return pci_read8(devfn, PCI_LINE);
}

int pci_map_line(uint8_t devfn)
{
    uint32_t gsi = gsi_of(devfn);
    struct physdev_map_pirq map = {.domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = gsi, .pirq = gsi};
    struct physdev_setup_gsi setup = {.gsi = gsi, .triggering = 1, .polarity = 0};
    int pirq = map_pirq(&map), err;

    if (pirq < 0)
        return pirq;
    err = HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &setup);
    return err && err != -EEXIST ? err : pirq; /* -EEXIST: it is set up already, by the firmware's tables */
}
