/* SPDX-License-Identifier: MIT */
/*
 * Devices in the melee. Domain 0 gives lines, ports and I/O memory to the domain that fights, and takes them away at
 * any moment; both bind the lines. One of them is the keyboard controller's, which domain 0 has raise it (as in
 * guest/tests/pirqs.c). The frames are of no device: reads give something, writes do nothing.
 */
#include "controller.h"
#include "melee.h"

#include <guest/events.h>
#include <guest/ports.h>
#include <guest/string.h>
#include <public/physdev.h>

#define KEYBOARD       1u
#define KBD_DATA       0x60
#define KBD_COMMAND    0x64
#define KBD_FULL       0x01
#define KBD_WRITE_MODE 0x60
#define KBD_MODE       0x61 /* interrupts on */
#define KBD_WRITE_BYTE 0xD2

const uint32_t device_frames[2] = {0xC8, 0x90000};
const uint32_t device_lines[4] = {KEYBOARD, 5, 17, 19};

/* ---- In the domain that fights */

uint64_t device_entry(struct fighter *f)
{
    return make_pte(device_frames[below(f, 2)] + below(f, DEVICE_FRAMES),
                    (below(f, 2) ? PTE_KERNEL_RW : PTE_KERNEL_RO) | (below(f, 2) ? PTE_PCD : 0));
}

static void build_eoi_page(struct fighter *f, struct call *c)
{
    struct physdev_pirq_eoi_gmfn *op = (void *)c->data;

    op->gmfn = below(f, 4) ? board.pool[frame_for(f, DATA)] : protected_frame(f);
    c->args[0] = below(f, 2) ? PHYSDEVOP_pirq_eoi_gmfn_v1 : PHYSDEVOP_pirq_eoi_gmfn_v2;
}

/* All else, privileged or not, with numbers that are mostly small. */
static void build_any_physdev(struct fighter *f, struct call *c)
{
    uint32_t *words = (void *)c->data;

    for (uint32_t i = 0; i < 8; i++)
        words[i] = below(f, 8) ? below(f, 64) : ~below(f, 4);
    c->args[0] = below(f, 34);
    if (c->args[0] == PHYSDEVOP_set_iobitmap || c->args[0] == PHYSDEVOP_pirq_eoi_gmfn_v1)
        c->args[0] = PHYSDEVOP_get_free_pirq;
}

void build_device(struct fighter *f, struct call *c, enum kind kind __attribute__((unused)))
{
    uint32_t line = device_lines[below(f, 4)], n = below(f, 16);

    if (!below(f, 16))
        line = below(f, 64);
    c->nr = __HYPERVISOR_physdev_op;
    c->args[1] = (uint32_t)c->data;
    if (n < 6) {
        c->nr = __HYPERVISOR_event_channel_op;
        c->args[0] = EVTCHNOP_bind_pirq;
        *(struct evtchn_bind_pirq *)c->data =
            (struct evtchn_bind_pirq){.pirq = line, .flags = below(f, 8) ? BIND_PIRQ__WILL_SHARE : 0};
    } else if (n < 10) {
        c->args[0] = PHYSDEVOP_eoi;
        *(struct physdev_eoi *)c->data = (struct physdev_eoi){.irq = line};
    } else if (n < 11) {
        c->args[0] = PHYSDEVOP_IRQ_UNMASK_NOTIFY;
    } else if (n < 12) {
        build_eoi_page(f, c);
    } else {
        build_any_physdev(f, c);
    }
}

/* ---- In domain 0 */

static uint32_t own_ports[4]; /* by the line; 0: not bound */

/* The line goes up, or down again. */
static bool use_keyboard(void)
{
    struct physdev_set_iopl iopl = {1};

    HYPERVISOR_physdev_op(PHYSDEVOP_set_iopl, &iopl);
    if (inb(KBD_COMMAND) & KBD_FULL) {
        (void)inb(KBD_DATA);
        return true;
    }
    outb(KBD_COMMAND, KBD_WRITE_MODE);
    outb(KBD_DATA, KBD_MODE);
    outb(KBD_COMMAND, KBD_WRITE_BYTE);
    outb(KBD_DATA, 0x5A);
    return true;
}

/* Domain 0 binds a line itself, or gives it up. It is told nothing: the port stays masked. */
static bool use_line(uint32_t i)
{
    struct evtchn_bind_pirq bind = {.pirq = device_lines[i], .flags = BIND_PIRQ__WILL_SHARE};
    struct physdev_eoi end = {.irq = device_lines[i]};

    if (own_ports[i] && chance(4))
        return !HYPERVISOR_physdev_op(PHYSDEVOP_eoi, &end);
    if (own_ports[i]) {
        event_close(own_ports[i]);
        own_ports[i] = 0;
        return true;
    }
    if (HYPERVISOR_event_channel_op(EVTCHNOP_bind_pirq, &bind))
        return false;
    own_ports[i] = bind.port;
    return true;
}

static bool map_line(uint16_t domid, uint32_t line)
{
    struct physdev_map_pirq op = {
        .domid = domid, .type = MAP_PIRQ_TYPE_GSI, .index = line, .pirq = chance(8) ? (int)line : -1};

    return !HYPERVISOR_physdev_op(PHYSDEVOP_map_pirq, &op);
}

/* A domain gets a page of the hypervisor's heap at its first line, and keeps it. So domain 0 has it before the heap is
 * counted. */
void devices_set_up(void)
{
    if (!map_line(DOMID_SELF, KEYBOARD))
        guest_panic("melee: no keyboard's line");
}

static bool give_memory(void)
{
    struct xen_domctl_iomem_permission *p = &ctl.u.iomem_permission;

    p->first_mfn = device_frames[chance(2)] + chance(DEVICE_FRAMES);
    p->nr_mfns = chance(DEVICE_FRAMES + 1);
    p->allow_access = chance(3) > 0;
    return !control_op(XEN_DOMCTL_iomem_permission);
}

static bool give_ports(void)
{
    struct xen_domctl_ioport_permission *p = &ctl.u.ioport_permission;

    p->first_port = 0x300 + chance(0x20);
    p->nr_ports = chance(8) ? chance(8) : 0u - chance(0x400);
    p->allow_access = chance(3) > 0;
    return !control_op(XEN_DOMCTL_ioport_permission);
}

bool change_devices(void)
{
    uint32_t i = chance(4), line = device_lines[i];
    struct physdev_unmap_pirq unmap = {.domid = chance(4) ? dom.domid : DOMID_SELF, .pirq = line};
    struct physdev_setup_gsi setup = {.gsi = line, .triggering = chance(2)};

    switch (chance(10)) {
    case 0:
        return give_memory();
    case 1:
        return give_ports();
    case 2:
        ctl.u.irq_permission = (struct xen_domctl_irq_permission){.pirq = line, .allow_access = chance(3) > 0};
        return !control_op(XEN_DOMCTL_irq_permission);
    case 3:
    case 4:
        return map_line(dom.domid, line);
    case 5:
        return map_line(DOMID_SELF, line);
    case 6:
        if (unmap.domid == DOMID_SELF && own_ports[i]) {
            event_close(own_ports[i]);
            own_ports[i] = 0;
        }
        return !HYPERVISOR_physdev_op(PHYSDEVOP_unmap_pirq, &unmap);
    case 7:
        return !HYPERVISOR_physdev_op(PHYSDEVOP_setup_gsi, &setup);
    case 8:
        return use_line(i);
    default:
        return use_keyboard();
    }
}
