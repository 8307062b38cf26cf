/* SPDX-License-Identifier: MIT */
/*
 * The table of a device's MSI-X: while its messages are the hypervisor's, nobody gets a new mapping that could write
 * to it. The device is any of the machine's that has MSI-X; the same frame can be mapped writable, and the entry says
 * so, before its MSI-X is in use and after it.
 */
#include "other.h"

#include <public/physdev.h>

#define PCI_ADDRESS      0xCF8
#define PCI_DATA         0xCFC
#define PCI_ENABLE       0x80000000u
#define PCI_COMMAND      0x04 /* and the status in the upper half */
#define PCI_BAR0         0x10
#define PCI_CAPABILITIES 0x34
#define COMMAND_MEMORY   0x0002u
#define STATUS_HAS_LIST  0x00100000u
#define CAP_MSIX         0x11
#define MAX_CAPABILITIES 48
#define MSIX_ENTRY_SIZE  16
#define MAPPING          (PTE_KERNEL_RW | PTE_PCD | PTE_PWT)

static struct {
    uint8_t devfn, bar;
    uint32_t address;        /* in the base address register */
    uint32_t table, pending; /* frames: of the table, and of the bits that say which messages wait */
} device;

static uint32_t config(uint8_t devfn, uint32_t reg)
{
    uint32_t value;

    __asm__ volatile("outl %0, %1" ::"a"(PCI_ENABLE | (uint32_t)devfn << 8 | (reg & 0xFC)), "d"((uint16_t)PCI_ADDRESS));
    __asm__ volatile("inl %1, %0" : "=a"(value) : "d"((uint16_t)PCI_DATA));
    return value;
}

static uint32_t msix_of(uint8_t devfn)
{
    uint32_t at = config(devfn, PCI_CAPABILITIES) & 0xFC;

    if (config(devfn, 0) == 0xFFFFFFFF || !(config(devfn, PCI_COMMAND) & STATUS_HAS_LIST))
        return 0;
    for (unsigned int i = 0; at && i < MAX_CAPABILITIES; i++) {
        if ((config(devfn, at) & 0xFF) == CAP_MSIX)
            return at;
        at = config(devfn, at) >> 8 & 0xFC;
    }
    return 0;
}

/* On bus 0, with its table below 4 GiB. */
static bool find_device(void)
{
    struct physdev_set_iopl iopl = {1};

    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (uint32_t devfn = 0; devfn < 256 && !device.table; devfn++) {
        uint32_t at = msix_of(devfn), where;

        if (!at || !(config(devfn, PCI_COMMAND) & COMMAND_MEMORY))
            continue;
        where = config(devfn, at + 4);
        device.devfn = devfn;
        device.bar = where & 7;
        device.address = config(devfn, PCI_BAR0 + device.bar * 4) & ~0xFu;
        device.table = (device.address + (where & ~7u)) >> PAGE_SHIFT;
        where = config(devfn, at + 8);
        device.pending = ((config(devfn, PCI_BAR0 + (where & 7) * 4) & ~0xFu) + (where & ~7u)) >> PAGE_SHIFT;
    }
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    if (device.table) {
        struct physdev_pci_device_add add = {.devfn = device.devfn};

        CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_pci_device_add, &add), 0);
    }
    return device.table;
}

#define NEED_DEVICE()                                     \
    if (!(start_info->flags & SIF_PRIVILEGED))            \
        SKIP("only a privileged domain reaches devices"); \
    if (!find_device())                                   \
    SKIP("no device here has MSI-X")

static int32_t device_op(uint32_t cmd)
{
    struct physdev_pci_device op = {.devfn = device.devfn};

    return HYPERVISOR_physdev_op(cmd, &op);
}

static int32_t map_message(void)
{
    struct physdev_map_pirq map = {.domid = DOMID_SELF,
                                   .type = MAP_PIRQ_TYPE_MSI_SEG,
                                   .index = -1,
                                   .pirq = -1,
                                   .devfn = device.devfn,
                                   .table_base = device.address};
    int32_t rc = HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &map);

    return rc ? rc : map.pirq;
}

static int32_t unmap_message(int32_t pirq)
{
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF, .pirq = pirq};

    return HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &unmap);
}

static bool frame_gets_writable(uint32_t va, uint32_t frame)
{
    CHECK_RC(unmap_at(va), 0);
    CHECK_RC(map_at(va, frame, MAPPING), 0);
    CHECK_EQ(pte_mfn(*mm_l1_entry((void *)va)), frame);
    return *mm_l1_entry((void *)va) & PTE_RW;
}

/* Maps the table anew, and says whether that can be written to. */
static bool gets_writable(uint32_t va)
{
    bool pending = frame_gets_writable(va, device.pending), table = frame_gets_writable(va, device.table);

    CHECK_EQ(pending, table);
    return table;
}

TEST(msix_table_is_read_only)
{
    struct caught_trap caught;

    NEED_DEVICE();
    CHECK(gets_writable(FREE_VA));
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), 0);
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), -EBUSY);
    context("what was mapped before");
    CHECK(*mm_l1_entry((void *)FREE_VA) & PTE_RW);
    context("prepared");
    CHECK(!gets_writable(FREE_VA + PAGE_SIZE));
    CHECK(!probe_write((void *)(FREE_VA + PAGE_SIZE), 0, &caught));
    CHECK_EQ(caught.vector, 14);
    CHECK_EQ(caught.error, 3);
    CHECK(probe_read((void *)(FREE_VA + PAGE_SIZE), NULL, NULL));
    CHECK_RC(map_at(FREE_VA + PAGE_SIZE, device.table, MAPPING), 0);
    CHECK(!(*mm_l1_entry((void *)(FREE_VA + PAGE_SIZE)) & PTE_RW));
    CHECK(!gets_writable(FREE_VA));
    context("released");
    CHECK_RC(device_op(PHYSDEVOP_release_msix), 0);
    CHECK_RC(device_op(PHYSDEVOP_release_msix), -EBUSY);
    CHECK(gets_writable(FREE_VA));
    CHECK_RC(unmap_at(FREE_VA), 0);
    CHECK_RC(unmap_at(FREE_VA + PAGE_SIZE), 0);
}

TEST(msix_table_is_read_only_in_use)
{
    int32_t pirq;

    NEED_DEVICE();
    pirq = map_message();
    CHECK(pirq >= 0);
    CHECK(!gets_writable(FREE_VA));
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), -EBUSY);
    CHECK_RC(unmap_message(pirq), 0);
    context("no more");
    CHECK(gets_writable(FREE_VA));
    context("prepared and in use");
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), 0);
    pirq = map_message();
    CHECK(pirq >= 0);
    CHECK_RC(device_op(PHYSDEVOP_release_msix), -EBUSY);
    CHECK_RC(unmap_message(pirq), 0);
    CHECK(!gets_writable(FREE_VA));
    CHECK_RC(device_op(PHYSDEVOP_release_msix), 0);
    CHECK_RC(unmap_at(FREE_VA), 0);
}

/* An entry in a page that becomes a table, as kernels do that fill their tables first. */
TEST(msix_table_in_a_whole_table)
{
    pte_t *l1;

    NEED_DEVICE();
    l1 = alloc_page();
    l1[7] = make_pte(device.table, MAPPING);
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), 0);
    CHECK_RC(mm_map_l1((void *)FREE_TABLE_VA, l1), 0);
    CHECK_EQ(l1[7] & ~(PTE_A | PTE_D), make_pte(device.table, MAPPING & ~(PTE_RW | PTE_A | PTE_D)));
    drop_l1_at(FREE_TABLE_VA, l1);
    CHECK_RC(device_op(PHYSDEVOP_release_msix), 0);
}

static bool entry_is_read_only(uint32_t va)
{
    pte_t entry = *mm_l1_entry((void *)va);

    return pte_mfn(entry) == device.table && (entry & (PTE_P | PTE_RW)) == PTE_P;
}

/* A store to the page table itself, which the hypervisor carries out. */
static void store_entry(uint32_t va, pte_t value)
{
    volatile pte_t *entry = mm_l1_entry((void *)va);
    pte_t old = *entry;

    __asm__ volatile("lock cmpxchg8b %0"
                     : "+m"(*entry), "+A"(old)
                     : "b"((uint32_t)value), "c"((uint32_t)(value >> 32))
                     : "memory", "cc");
}

/* However the entry is written, and whatever was there. */
TEST(msix_table_by_each_way)
{
    static const uint32_t va[] = {FREE_VA, FREE_VA + PAGE_SIZE};
    void *page;
    mmu_update_t update[2];

    NEED_DEVICE();
    page = alloc_page();
    CHECK_RC(HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables), 0);
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), 0);
    for (unsigned int present = 0; present < 2; present++) {
        for (unsigned int i = 0; i < 2; i++)
            update[i] = (mmu_update_t){pte_maddr(mm_l1_entry((void *)va[i])), make_pte(device.table, MAPPING)};
        for (unsigned int n = 1; n <= 2; n++) {
            context("mmu_update of %u, %u", n, present);
            for (unsigned int i = 0; i < 2; i++)
                CHECK_RC(present ? map_at(va[i], virt_to_mfn(page), PTE_KERNEL_RW) : unmap_at(va[i]), 0);
            CHECK_RC(HYPERVISOR_mmu_update(update, n), 0);
            CHECK(entry_is_read_only(va[0]) && (n == 1 || entry_is_read_only(va[1])));
        }
        context("a store, %u", present);
        CHECK_RC(present ? map_at(va[0], virt_to_mfn(page), PTE_KERNEL_RW) : unmap_at(va[0]), 0);
        store_entry(va[0], make_pte(device.table, MAPPING));
        CHECK(entry_is_read_only(va[0]));
        context("RW alone, %u", present);
        CHECK_RC(map_at(va[0], device.table, MAPPING & ~PTE_RW), 0);
        store_entry(va[0], make_pte(device.table, MAPPING));
        CHECK(entry_is_read_only(va[0]));
        CHECK_RC(HYPERVISOR_mmu_update(update, 1), 0);
        CHECK(entry_is_read_only(va[0]));
    }
    CHECK_RC(device_op(PHYSDEVOP_release_msix), 0);
    for (unsigned int i = 0; i < 2; i++)
        CHECK_RC(unmap_at(va[i]), 0);
    free_page(page);
}

static void other_maps(const char *what, uint32_t va)
{
    mmu_update_t map = {.ptr = ((uint64_t)other.mfn[VICTIM_L1] << PAGE_SHIFT) + L1_INDEX(va) * sizeof(pte_t),
                        .val = make_pte(device.table, MAPPING)};

    other_call(&other, what, 0, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, map), 1, 0, DOMID_SELF);
}

/* A domain that was given the device's memory. */
TEST(rule_msix_table_is_read_only_for_all)
{
    struct xen_domctl op = {.u.iomem_permission = {.nr_mfns = 1, .allow_access = 1}};
    const pte_t *entry = (const pte_t *)FREE_VA + L1_INDEX(VICTIM_HOLE_VA);

    NEED_DEVICE();
    if (!other_begin(&other))
        return;
    op.u.iomem_permission.first_mfn = device.table;
    CHECK_RC(victim_domctl(XEN_DOMCTL_iomem_permission, other.id, &op), 0);
    CHECK_RC(device_op(PHYSDEVOP_prepare_msix), 0);
    other_maps("the table", VICTIM_HOLE_VA);
    other_carry_out(&other);
    CHECK_RC(other_map_frame(FREE_VA, other.mfn[VICTIM_L1], other.id), 0);
    CHECK_EQ(pte_mfn(*entry), device.table);
    CHECK_EQ(*entry & (PTE_P | PTE_RW), PTE_P);
    CHECK_RC(unmap_at(FREE_VA), 0);
    other_end(&other);
    CHECK_RC(device_op(PHYSDEVOP_release_msix), 0);
}
