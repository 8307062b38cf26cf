/* SPDX-License-Identifier: MIT */
/*
 * Devices: PCI configuration space, I/O memory, and who reaches them. Domain 0 does, but for what is the hypervisor's
 * own. That an ordinary domain reads nothing could be a machine without devices: the same reads by domain 0, on the
 * same machine, find the host bridge.
 */
#include "other.h"

#include <guest/audit.h>
#include <guest/ports.h>
#include <public/memory.h>
#include <public/physdev.h>

#define PCI_ADDRESS 0xCF8
#define PCI_DATA    0xCFC
#define HOST_BRIDGE 0x80000000u /* bus 0, device 0, function 0: its register 0 */
#define ALL_ONES    0xFFFFFFFFu

static void set_iopl(uint32_t level)
{
    struct physdev_set_iopl iopl = {level};

    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
}

static bool privileged(void)
{
    return start_info->flags & SIF_PRIVILEGED;
}

static uint32_t config(uint32_t address)
{
    outl(PCI_ADDRESS, address);
    return inl(PCI_DATA);
}

static bool has_pci(void)
{
    bool found;

    set_iopl(1);
    found = config(HOST_BRIDGE) != ALL_ONES;
    set_iopl(0);
    return found;
}

TEST(pci_configuration_by_ports)
{
    uint32_t id;

    if (!privileged())
        SKIP("only a privileged domain reaches devices");
    if (!has_pci())
        SKIP("the machine has no PCI");
    set_iopl(1);
    id = config(HOST_BRIDGE);
    CHECK((uint16_t)id);
    for (unsigned int i = 0; i < 4; i++) {
        context("byte %u", i);
        CHECK_EQ(inb(PCI_DATA + i), (uint8_t)(id >> i * 8));
    }
    context("words");
    CHECK_EQ(inw(PCI_DATA), (uint16_t)id);
    CHECK_EQ(inw(PCI_DATA + 2), id >> 16);
    context("the address");
    CHECK_EQ(inl(PCI_ADDRESS), HOST_BRIDGE);
    outb(PCI_ADDRESS + 3, 0); /* not an access to the address register, which has 4 bytes */
    CHECK_EQ(inl(PCI_ADDRESS), HOST_BRIDGE);
    CHECK_EQ(inl(PCI_DATA), id);
    context("not enabled");
    CHECK_EQ(config(0), ALL_ONES);
    context("writes"); /* to a register of 8 bits that every bridge and device has, with no effect: the line of INTA */
    outl(PCI_ADDRESS, HOST_BRIDGE | 0x3C);
    id = inb(PCI_DATA);
    outb(PCI_DATA, ~id);
    CHECK_EQ(inl(PCI_ADDRESS), HOST_BRIDGE | 0x3C);
    outb(PCI_DATA, id);
    CHECK_EQ(inb(PCI_DATA), (uint8_t)id);
    set_iopl(0);
}

/* The addresses of messages that become interrupts, with the local APIC's registers. An L1 entry for any of them would
 * let its owner raise interrupts, or end them. */
TEST(rule_rights_over_interrupt_messages)
{
    static const uint32_t frames[] = {0xFEE00, 0xFEC00 /* the I/O APIC */, 0xFEE01, 0xFEE42, 0xFEEFF};

    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
        context("frame 0x%x", frames[i]);
        if (frames[i] == 0xFEC00 && privileged() && !has_pci())
            continue; /* it need not have an I/O APIC */
        if (!is_int82() && i > 1)
            break; /* some releases keep these two alone */
        CHECK_RC(map_at(FREE_VA, frames[i], PTE_KERNEL_RW | PTE_PCD), -EPERM);
        CHECK_RC(map_at(FREE_VA, frames[i], PTE_KERNEL_RO | PTE_PCD), -EPERM);
    }
}

#define CPUID_PSE36 (1u << 17)

/* How many bits an address has: what the processor says, not what the hypervisor makes of it. */
static uint32_t physical_bits(void)
{
    uint32_t leaf[4];

    cpuid(0x80000000, 0, leaf);
    if (leaf[0] >= 0x80000008) {
        cpuid(0x80000008, 0, leaf);
        return leaf[0] & 0xFF;
    }
    cpuid(1, 0, leaf);
    return leaf[3] & CPUID_PSE36 ? 36 : 32;
}

/* Frames above all memory. Domain 0 may map what can be a device's there: registers of 64-bit base addresses. */
TEST(pci_memory_far_up)
{
    static const uint32_t frames[] = {0xFED00, 0xFEA00, 0xFFFFF, 0x400000, 0x800000};
    /* The HPET, which ACPI's code reads; below 4 GiB; 16 GiB, 32 GiB */
    int rc = privileged() ? 0 : -EPERM;

    for (unsigned int i = 0; i < ARRAY_SIZE(frames); i++) {
        context("frame 0x%x", frames[i]);
        if (is_int82() && frames[i] >> (physical_bits() - 12))
            rc = -EPERM; /* no processor of this kind reaches it */
        CHECK_RC(map_at(FREE_VA, frames[i], PTE_KERNEL_RW | PTE_PCD), rc);
        CHECK_RC(unmap_at(FREE_VA), 0);
    }
    if (!is_int82())
        return; /* Xen 4.2 lets domain 0 map what no processor reaches */
    context("where the processor has no addresses");
    CHECK_RC(map_at(FREE_VA, 0xFFFFFFFEu, PTE_KERNEL_RW), -EPERM);
}

#define MSR_PAT   0x277
#define XEN_PAT   0x50100070406ull /* WB WT UC- UC WC WP UC UC */
#define CPUID_PAT (1u << 16)

static void read_pat(void *arg)
{
    __asm__ volatile("rdmsr" : "=A"(*(uint64_t *)arg) : "c"(MSR_PAT));
}

/* What the cache attributes of entries mean is part of the interface. */
TEST(pci_memory_types_are_xens)
{
    uint32_t leaf[4];
    uint64_t pat = 0;

    cpuid(1, 0, leaf);
    if (!(leaf[3] & CPUID_PAT))
        SKIP("the processor has no PAT");
    CHECK(!trap_catch(NULL, read_pat, &pat));
    CHECK_EQ(pat, XEN_PAT);
}

/* Kernels look at the map before they look for controllers. */
TEST(pci_memory_map_names_the_apics)
{
    static struct e820entry entries[128];
    struct xen_memory_map map = {.nr_entries = ARRAY_SIZE(entries), .buffer = entries};
    static const uint64_t addresses[] = {0xFEC00000, 0xFEE00000};

    NEED_DOM0();
    if (!has_pci())
        SKIP("the machine has no PCI, and need not have an I/O APIC");
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(addresses); i++) {
        bool named = false;

        context("address 0x%llx", addresses[i]);
        for (uint32_t n = 0; n < map.nr_entries; n++)
            named |= entries[n].type != E820_RAM && entries[n].addr <= addresses[i] &&
                     addresses[i] + PAGE_SIZE <= entries[n].addr + entries[n].size;
        CHECK(named);
    }
}

#define ACPI_DATA 3 /* a type of the map */

/* ACPI's tables are no RAM, and domain 0 may read them: each frame of memory of that type can be mapped. */
TEST(pci_acpi_tables_are_domain_0s)
{
    static struct e820entry entries[128];
    struct xen_memory_map map = {.nr_entries = ARRAY_SIZE(entries), .buffer = entries};

    NEED_DOM0();
    CHECK_RC(HYPERVISOR_memory_op(XENMEM_machine_memory_map, &map), 0);
    for (uint32_t n = 0; n < map.nr_entries; n++)
        for (uint64_t at = entries[n].addr; entries[n].type == ACPI_DATA && at < entries[n].addr + entries[n].size;
             at += PAGE_SIZE) {
            context("address 0x%llx", at);
            CHECK_RC(map_at(FREE_VA, at >> PAGE_SHIFT, PTE_KERNEL_RO), 0);
            CHECK(probe_read((void *)FREE_VA, NULL, NULL));
            CHECK_RC(unmap_at(FREE_VA), 0);
        }
    context("where a BIOS has the root pointer");
    for (uint32_t frame = 0xE0; frame < 0x100; frame++)
        CHECK_RC(map_at(FREE_VA, frame, PTE_KERNEL_RO), 0);
    CHECK(probe_read((void *)FREE_VA, NULL, NULL));
    CHECK_RC(unmap_at(FREE_VA), 0);
}

/* All of them for a device; for memory, none. */
TEST(pci_cache_attributes)
{
    void *page = alloc_page();

    for (unsigned int i = 0; i < 8; i++) {
        pte_t flags = PTE_KERNEL_RW | (i & 1 ? PTE_PWT : 0) | (i & 2 ? PTE_PCD : 0) | (i & 4 ? 0x80 /* PAT */ : 0);

        context("attribute %u", i);
        if (privileged())
            CHECK_RC(map_at(FREE_VA, MMIO_FRAME, flags), 0);
        else
            CHECK(map_at(FREE_VA, MMIO_FRAME, flags) < 0);
        CHECK_RC(unmap_at(FREE_VA), 0);
        if (is_int82()) /* Xen lets a domain with devices have its own memory uncached */
            CHECK_RC(map_at(FREE_VA + PAGE_SIZE, virt_to_mfn(page), flags), i ? -EINVAL : 0);
        CHECK_RC(unmap_at(FREE_VA + PAGE_SIZE), 0);
    }
    free_page(page);
}

TEST(rule_rights_over_configuration_space)
{
    if (privileged())
        SKIP("this domain has it");
    if (!is_int82())
        SKIP("not tried on another hypervisor");
    set_iopl(1);
    CHECK_EQ(config(HOST_BRIDGE), ALL_ONES);
    CHECK_EQ(inl(PCI_ADDRESS), HOST_BRIDGE);
    for (unsigned int i = 0; i < 4; i++)
        CHECK_EQ(inb(PCI_DATA + i), 0xFF);
    CHECK_EQ(inw(PCI_DATA + 2), 0xFFFF);
    set_iopl(0);
}

/* ---- Domain 0 gives devices to an ordinary domain, and takes them away */

static int32_t give_frames(uint32_t first, uint32_t count, bool allow)
{
    struct xen_domctl op = {.u.iomem_permission = {.first_mfn = first, .nr_mfns = count, .allow_access = allow}};

    return victim_domctl(XEN_DOMCTL_iomem_permission, other.id, &op);
}

static int32_t give_ports(uint32_t first, uint32_t count, bool allow)
{
    struct xen_domctl op = {.u.ioport_permission = {.first_port = first, .nr_ports = count, .allow_access = allow}};

    return victim_domctl(XEN_DOMCTL_ioport_permission, other.id, &op);
}

static mmu_update_t entry_of(uint32_t frame)
{
    return (mmu_update_t){.ptr = ((uint64_t)other.mfn[VICTIM_L1] << PAGE_SHIFT) +
                                 (VICTIM_HOLE_VA - VICTIM_VA(0)) / PAGE_SIZE * 8,
                          .val = frame ? make_pte(frame, PTE_KERNEL_RW) : 0};
}

static void other_maps(const char *what, uint32_t frame, int32_t expected)
{
    mmu_update_t map = entry_of(frame), unmap = entry_of(0);

    other_call(&other, what, expected, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, map), 1, 0, DOMID_SELF);
    other_call(&other, "unmap", 0, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, unmap), 1, 0, DOMID_SELF);
    other_carry_out(&other);
}

TEST(rule_rights_over_devices_are_given)
{
    if (!other_begin(&other))
        return;
    CHECK_RC(give_frames(MMIO_FRAME, 2, true), 0);
    other_maps("what has been given", MMIO_FRAME + 1, 0);
    other_end(&other);
    if (!other_begin(&other))
        return;
    other_maps("what another domain had", MMIO_FRAME + 1, -EPERM);
    other_end(&other);
    if (!other_begin(&other))
        return;
    CHECK_RC(give_frames(MMIO_FRAME, 2, true), 0);
    CHECK_RC(give_frames(MMIO_FRAME + 1, 1, false), 0);
    other_maps("what has been taken away again", MMIO_FRAME + 1, -EPERM);
    other_end(&other);
    if (!other_begin(&other))
        return;
    CHECK_RC(give_frames(MMIO_FRAME, 2, true), 0);
    other_maps("what lies beside it", MMIO_FRAME + 2, -EPERM);
    other_end(&other);
    if (!other_begin(&other))
        return;
    CHECK_RC(give_frames(0, 1u << 20, false), 0);
    CHECK_RC(give_ports(0x300, 8, true), 0);
    CHECK_RC(give_ports(0x300, 8, false), 0);
    if (is_int82()) { /* Xen 4.2 does not notice that the sum of the two is beyond 32 bits */
        CHECK_RC(give_ports(0x3FF, 0xFFFFFF00, true), -EINVAL);
        CHECK_RC(give_ports(0x3FF, 0xFFFFFF00, false), -EINVAL);
        CHECK_RC(give_ports(0xFFFFFFFF, 1, true), -EINVAL);
        CHECK_RC(give_frames(0, 0, false), -EINVAL);
    }
    CHECK_RC(give_ports(0xFFFF, 2, true), -EINVAL);
    CHECK_RC(give_frames(0x400000, 0xFFFFFFFF, true), -EINVAL);
    if (is_int82()) { /* Xen 4.2 lets domain 0 give what it does not have */
        CHECK_RC(give_frames(0xFEE00, 1, true), -EPERM);
        CHECK_RC(give_frames(0xFEDFF, 2, true), -EPERM);
        CHECK_RC(give_ports(0x20, 1, true), -EPERM);
        CHECK_RC(give_ports(0x1F, 2, true), -EPERM);
        CHECK_RC(give_ports(0xCF8, 8, true), -EPERM);
    }
    other_maps("the local APIC", 0xFEE00, -EPERM);
    other_end(&other);
}

/* The hypervisor and other domains have the same frames cached, and no flush brings the two together (XSA-402). Xen
 * lets a domain with a device choose; here nobody may. */
TEST(rule_cache_attributes_are_a_devices)
{
    static const pte_t attributes[] = {PTE_PWT, PTE_PCD, PTE_PAT, PTE_PWT | PTE_PCD | PTE_PAT};

    for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
        mmu_update_t memory, devices;

        if (!other_begin(&other))
            return;
        CHECK_RC(give_frames(MMIO_FRAME, 1, true), 0);
        CHECK_RC(give_ports(0x300, 8, true), 0);
        devices = entry_of(MMIO_FRAME);
        devices.val |= attributes[i];
        memory = entry_of(other.mfn[VICTIM_SPARE]);
        memory.val |= attributes[i];
        other_call(&other, "a device's memory", 0, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, devices), 1, 0,
                   DOMID_SELF);
        other_call(&other, "its own memory", -EINVAL, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, memory), 1, 0,
                   DOMID_SELF);
        memory.val &= ~PTE_RW;
        other_call(&other, "the same read-only", -EINVAL, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, memory), 1, 0,
                   DOMID_SELF);
        other_carry_out(&other);
        other_end(&other);
    }
}

/* The auditor knows that such an entry may be there, when the frame has been taken away again, too (it stays mapped).
 */
TEST(pci_memory_given_is_audited)
{
    mmu_update_t map;
    char text[256];

    if (!other_begin(&other))
        return;
    map = entry_of(MMIO_FRAME);
    CHECK_RC(give_frames(MMIO_FRAME, 1, true), 0);
    other_call(&other, "map", 0, __HYPERVISOR_mmu_update, OTHER_ARGUMENT(&other, map), 1, 0, DOMID_SELF);
    other_carry_out(&other);
    CHECK(!audit(text, sizeof(text)));
    context("taken away");
    CHECK_RC(give_frames(MMIO_FRAME, 1, false), 0);
    CHECK(!audit(text, sizeof(text)));
    other_end(&other);
}
