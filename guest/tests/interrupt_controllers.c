/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers and the console are the hypervisor's: no domain, not even domain 0, reaches their
 * registers. That a port reads as ones could be a machine without 8259s; that a frame is refused could be all frames
 * there: pci.c maps others at such addresses.
 */
#include "test.h"

#include <guest/ports.h>
#include <public/physdev.h>

#define IO_APIC_FRAME 0xFEC00u /* where a PC has its first one */

bool has_io_apic(void)
{
    struct physdev_apic version = {.apic_physbase = IO_APIC_FRAME << PAGE_SHIFT, .reg = 1};

    return !HYPERVISOR_physdev_op(PHYSDEVOP_apic_read, &version);
}

TEST(rule_rights_over_interrupt_controllers)
{
    static const uint16_t ports[] = {0x20, 0x21, 0xA0, 0xA1};
    struct physdev_set_iopl iopl = {1};

    if (has_io_apic())
        CHECK_RC(map_at(FREE_VA, IO_APIC_FRAME, PTE_KERNEL_RW | PTE_PCD), -EPERM);
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++) {
        context("port 0x%x", ports[i]);
        CHECK_EQ(inb(ports[i]), 0xFF);
    }
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
}

#define COM1        0x3F8
#define COM1_STATUS 0x3FD /* never all ones where there is a UART */

/* Its status would tell when others write; its interrupts could be turned off. tests/cases/uart.sh has the console on
 * another UART: then domain 0 reads a status here. */
TEST(rule_rights_over_the_console)
{
    struct physdev_set_iopl iopl = {1};

    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
    for (uint16_t port = COM1; port < COM1 + 8; port++) {
        context("port 0x%x", port);
        CHECK_EQ(inb(port), 0xFF);
    }
    context("words");
    CHECK_EQ(inw(COM1_STATUS - 1), 0xFFFF);
    CHECK_EQ(inl(COM1_STATUS - 1), 0xFFFFFFFF);
    outb(COM1 + 7, 0x12);
    CHECK_EQ(inb(COM1 + 7), 0xFF);
    iopl.iopl = 0;
    CHECK_RC(HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
}
