/* SPDX-License-Identifier: MIT */
/*
 * For fuzz.c, with the option `fuzz_devices`: calls about devices that get beyond their first checks. Interrupts and
 * messages are mapped, bound and unmapped again while the same devices are moved, switched off and reprogrammed by
 * accesses of all sizes to configuration space; rights are given and taken away; platform_op has its version.
 */
#include "fuzz_devices.h"
#include "test.h"

#include <guest/ports.h>
#include <public/domctl.h>
#include <public/physdev.h>
#include <public/platform.h>

#define PCI_ADDRESS   0xCF8
#define PCI_DATA      0xCFC
#define PCI_ENABLE    0x80000000u
#define PCI_COMMAND   0x04
#define PCI_CLASS     0x08 /* its upper byte */
#define PCI_BAR0      0x10
#define CLASS_BRIDGE  0x06
#define CLASS_DISPLAY 0x03
#define CAP_FIRST     0x40
#define MAX_DEVICES   8
#define NR_BARS       6

/* Answers of random calls are written over what follows `words` in .bss (fuzz.c). */
#define KEPT __attribute__((section(".data")))

/* Those of bus 0 that the machine does not need. */
static KEPT struct {
    uint8_t devfn;
    uint32_t bar[NR_BARS]; /* at the beginning */
} devices[MAX_DEVICES];
static KEPT uint32_t nr_devices, nr_mapped, nr_bound;
static KEPT int32_t recent[16]; /* the last pirqs */

static KEPT uint32_t state;

/* Xorshift (Marsaglia): these choices are of few bits, and depend on each other. */
static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % n;
}

static void select(uint32_t devfn, uint32_t reg)
{
    outl(PCI_ADDRESS, PCI_ENABLE | devfn << 8 | (reg & 0xFC));
}

static uint32_t config(uint32_t devfn, uint32_t reg)
{
    select(devfn, reg);
    return inl(PCI_DATA);
}

void fuzz_devices_allow_ports(void)
{
    struct physdev_set_iopl iopl = {1};

    HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl);
}

void fuzz_devices_begin(uint32_t seed)
{
    state = seed | 1;
    fuzz_devices_allow_ports();
    for (uint32_t devfn = 0; devfn < 256 && nr_devices < MAX_DEVICES; devfn++) {
        uint32_t class = config(devfn, PCI_CLASS) >> 24;

        if (config(devfn, 0) == 0xFFFFFFFF || class == CLASS_BRIDGE || class == CLASS_DISPLAY)
            continue;
        devices[nr_devices].devfn = devfn;
        for (unsigned int i = 0; i < NR_BARS; i++)
            devices[nr_devices].bar[i] = config(devfn, PCI_BAR0 + 4 * i);
        nr_devices++;
    }
    printf("fuzz: %u devices\n", nr_devices);
}

/* Where a device may be moved: where one was, RAM, the controllers' registers, the ends of all addresses. */
static uint32_t some_address_of_a_device(void)
{
    static const uint32_t places[] = {0,          0x1000,     0xA0000,    0x100000,   0xFEC00000,
                                      0xFED00000, 0xFEE00000, 0xFFFFF000, 0xFFFFFFFF, 0x80000000};

    return below(3) ? devices[below(nr_devices)].bar[below(NR_BARS)] : places[below(ARRAY_SIZE(places))];
}

static uint32_t some_number(void)
{
    switch (below(6)) {
    case 0:
        return 1u << below(32);
    case 1:
        return 0u - below(4);
    default:
        return below(320);
    }
}

static void access_config(void)
{
    uint32_t reg = below(3) ? PCI_BAR0 + 4 * below(NR_BARS) : below(2) ? PCI_COMMAND : CAP_FIRST + 4 * below(48);
    uint32_t value = reg == PCI_COMMAND ? 7 & ~(below(3) ? 0 : 1u << below(3)) : some_address_of_a_device();

    select(devices[below(nr_devices)].devfn, reg);
    switch (below(6)) {
    case 0:
        inb(PCI_DATA + below(4));
        break;
    case 1:
        inw(PCI_DATA - 2 + below(6));
        break;
    case 2:
        inl(PCI_DATA - 3 + below(7));
        break;
    case 3:
        outb(PCI_DATA + below(4), value);
        break;
    case 4:
        outw(PCI_DATA + below(4), value);
        break;
    default:
        outl(PCI_DATA + (below(8) ? 0 : below(4)), value);
        break;
    }
}

/* Back to where it was, so that the next message can be asked for. */
static void put_back(void)
{
    uint32_t i = below(nr_devices);

    for (unsigned int bar = 0; bar < NR_BARS; bar++) {
        select(devices[i].devfn, PCI_BAR0 + 4 * bar);
        outl(PCI_DATA, devices[i].bar[bar]);
    }
    select(devices[i].devfn, PCI_COMMAND);
    outw(PCI_DATA, 7);
}

static uint32_t some_bar(uint32_t device)
{
    uint32_t bar = below(NR_BARS);

    for (unsigned int i = 0; i < NR_BARS && !devices[device].bar[bar]; i++)
        bar = (bar + 1) % NR_BARS;
    return devices[device].bar[bar] & ~0xFu;
}

static void map_interrupt(void)
{
    uint32_t i = below(nr_devices);
    struct physdev_map_pirq map = {.domid = below(8) ? DOMID_SELF : some_number(),
                                   .type = below(4) ? MAP_PIRQ_TYPE_MSI_SEG : below(5),
                                   .index = below(4) ? -1 : (int32_t)some_number(),
                                   .pirq = below(4) ? -1 : (int32_t)some_number(),
                                   .bus = below(8) ? 0 : some_number(),
                                   .devfn = below(8) ? devices[i].devfn : some_number(),
                                   .entry_nr = below(8) ? below(6) : some_number(),
                                   .table_base = below(4) ? some_bar(i) : below(2)};
    evtchn_bind_pirq_t bind;

    if (HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &map))
        return;
    recent[nr_mapped++ % ARRAY_SIZE(recent)] = map.pirq;
    bind = (evtchn_bind_pirq_t){.pirq = map.pirq, .flags = below(2)};
    if (!below(3) || HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &bind))
        return;
    nr_bound++;
    if (below(2)) {
        evtchn_close_t close = {bind.port};

        HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
    }
}

static void any_physdev_op(void)
{
    uint32_t words[8];

    for (unsigned int i = 0; i < ARRAY_SIZE(words); i++)
        words[i] = some_number();
    if (below(2)) /* bus and number, or segment, bus and number */
        words[0] = devices[below(nr_devices)].devfn << (below(2) ? 8 : 24);
    HYPERVISOR_physdev_op(below(34), words);
}

static void end_interrupt(void)
{
    struct physdev_unmap_pirq unmap = {.domid = DOMID_SELF,
                                       .pirq = below(4) ? recent[below(ARRAY_SIZE(recent))] : (int32_t)below(320)};
    struct physdev_eoi eoi = {.irq = unmap.pirq};

    if (below(2))
        HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &unmap);
    else
        HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &eoi);
}

/* Giving and, seldom, taking: what domain 0 has taken from itself is gone. */
static void change_rights(void)
{
    static const uint32_t commands[] = {XEN_DOMCTL_irq_permission, XEN_DOMCTL_iomem_permission,
                                        XEN_DOMCTL_ioport_permission, XEN_DOMCTL_memory_mapping,
                                        XEN_DOMCTL_ioport_mapping};
    struct xen_domctl op = {.cmd = commands[below(ARRAY_SIZE(commands))],
                            .interface_version = XEN_DOMCTL_INTERFACE_VERSION};
    uint32_t *words = (uint32_t *)&op.u;
    bool give = below(128);

    for (unsigned int i = 0; i < 8; i++)
        words[i] = below(2) ? 0 : some_number();
    if (op.cmd == XEN_DOMCTL_irq_permission)
        op.u.irq_permission.allow_access = give;
    else if (op.cmd == XEN_DOMCTL_iomem_permission)
        op.u.iomem_permission.allow_access = give;
    else if (op.cmd == XEN_DOMCTL_ioport_permission)
        op.u.ioport_permission.allow_access = give;
    else if (op.cmd == XEN_DOMCTL_memory_mapping)
        op.u.memory_mapping.add_mapping = give;
    else
        op.u.ioport_mapping.add_mapping = give;
    HYPERVISOR_domctl(&op);
}

static void any_platform_op(void)
{
    struct xen_platform_op op = {.cmd = XENPF_settime + below(XENPF_core_parking + 2 - XENPF_settime),
                                 .interface_version = XENPF_INTERFACE_VERSION};
    uint32_t *words = (uint32_t *)&op.u;

    if (op.cmd == XENPF_enter_acpi_sleep || op.cmd == XENPF_efi_runtime_call)
        return; /* the end of the machine */
    for (unsigned int i = 0; i < 8; i++)
        words[i] = below(3) ? some_number() : (uint32_t)words;
    HYPERVISOR_dom0_op(&op);
}

void fuzz_devices_end(void)
{
    printf("fuzz: %u interrupts mapped, %u bound\n", nr_mapped, nr_bound);
}

void fuzz_devices_call(void)
{
    static void (*const calls[])(void) = {map_interrupt, map_interrupt,  end_interrupt, access_config,
                                          put_back,      any_physdev_op, change_rights, any_platform_op};

    if (nr_devices)
        calls[below(ARRAY_SIZE(calls))]();
}
