/* SPDX-License-Identifier: MIT */
/*
 * I/O ports for guests. A guest kernel may use any port that its IOPL (physdev_op set_iopl) or I/O bitmap allows. What
 * the access does depends on the domain and the port:
 * - ports that the domain may use (asm/device_access.h) are the machine's;
 * - timer channel 2, the real-time clock's index and the PCI address register are emulated for every domain;
 * - the PCI data ports lead a privileged domain to the machine's configuration space;
 * - all other ports read as ones, and writes to them are ignored.
 */
#include <asm/debugreg.h>
#include <asm/device_access.h>
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/io.h>
#include <asm/pci.h>

#define PORT_PIT_CHANNEL2 0x42
#define PORT_PIT_COMMAND  0x43
#define PORT_SPEAKER      0x61
#define PORT_CMOS_INDEX   0x70
#define PORT_CMOS_DATA    0x71

/* As on Xen, the PCI address register is one for accesses of 4 bytes only. Smaller ones go to what else is there, such
 * as the reset control at 0xCF9. */
static bool is_pci_address(uint32_t port, uint32_t bytes)
{
    return port == PORT_PCI_ADDRESS && bytes == 4;
}

static bool is_direct(uint32_t port, uint32_t bytes)
{
    return ports_permitted(this_cpu.domain, port, port + bytes - 1) && !is_pci_address(port, bytes);
}

/* --- PCI configuration space */

static bool is_pci_data(uint32_t port, uint32_t bytes)
{
    return port >= PORT_PCI_DATA && port + bytes <= PORT_PCI_DATA + 4;
}

/* What the domain's address register names is there, for this domain. */
static bool reaches_pci(const struct domain *d)
{
    uint32_t address = d->arch.ports.pci_address;

    return d->is_privileged && address & PCI_ADDRESS_ENABLE && !(address & PCI_ADDRESS_RESERVED) &&
           !pci_is_hidden(PCI_ADDRESS_FUNCTION(address));
}

static uint32_t pci_data_in(const struct domain *d, uint32_t port, uint32_t bytes)
{
    uint32_t address = d->arch.ports.pci_address;

    if (!reaches_pci(d))
        return 0xFFFFFFFFu;
    return pci_read(PCI_ADDRESS_FUNCTION(address), PCI_ADDRESS_REGISTER(address) + port - PORT_PCI_DATA, bytes);
}

static void pci_data_out(const struct domain *d, uint32_t port, uint32_t bytes, uint32_t value)
{
    uint32_t address = d->arch.ports.pci_address;

    if (reaches_pci(d))
        pci_write(PCI_ADDRESS_FUNCTION(address), PCI_ADDRESS_REGISTER(address) + port - PORT_PCI_DATA, bytes, value);
}

/* --- Timer channel 2. Source: Intel 8254 data sheet. */

enum { PIT_LOW = 1, PIT_HIGH = 2, PIT_WORD = 3 };

/* Timer ticks since the count was loaded. */
static uint64_t pit_ticks(const struct virtual_pit *p)
{
    uint32_t ns;
    uint64_t seconds = div64(system_time() - p->loaded, NS_PER_S, &ns);

    return seconds * PIT_HZ + div64((uint64_t)ns * PIT_HZ, NS_PER_S, NULL);
}

static uint32_t pit_phase(const struct virtual_pit *p)
{
    uint32_t phase;

    div64(pit_ticks(p), p->count, &phase);
    return phase;
}

static uint16_t pit_count(const struct virtual_pit *p)
{
    if (!p->count)
        return 0;
    switch (p->mode) {
    case 2: /* rate generator */
        return p->count - pit_phase(p);
    case 3: /* square wave: counts twice, by two */
        return p->count - 2 * pit_phase(p) % p->count;
    default:
        return p->count - pit_ticks(p);
    }
}

static bool pit_output(const struct virtual_pit *p)
{
    if (!p->count)
        return p->mode != 0;
    switch (p->mode) {
    case 0: /* goes high when the count has ended */
        return pit_ticks(p) >= p->count;
    case 1: /* low while it counts */
        return pit_ticks(p) >= p->count;
    case 2: /* low for the last tick */
        return pit_phase(p) != p->count - 1;
    case 3:
        return pit_phase(p) < (p->count + 1) / 2;
    default: /* strobe */
        return pit_ticks(p) != p->count;
    }
}

static void pit_latch(struct virtual_pit *p)
{
    if (p->latch_bytes)
        return; /* the first one stays until it has been read */
    p->latched = pit_count(p);
    p->latch_bytes = p->access;
}

static void pit_command(struct virtual_pit *p, uint8_t value)
{
    if (value >> 6 == 3) { /* read-back */
        if (!(value & 8))
            return;
        if (!(value & 0x20))
            pit_latch(p);
        if (!(value & 0x10) && !p->status_latched) {
            p->status = pit_output(p) << 7 | (p->count ? 0 : 0x40) | p->access << 4 | p->mode << 1;
            p->status_latched = 1;
        }
        return;
    }
    if (value >> 6 != 2)
        return;
    if (!(value >> 4 & 3)) {
        pit_latch(p);
        return;
    }
    p->access = value >> 4 & 3;
    p->mode = value >> 1 & 7;
    if (p->mode > 5)
        p->mode -= 4;
    p->count = 0;
    p->latch_bytes = p->next_write_high = p->next_read_high = p->status_latched = 0;
}

static void pit_load(struct virtual_pit *p, uint16_t count)
{
    p->count = count ? count : 0x10000;
    p->loaded = system_time();
}

static void pit_write(struct virtual_pit *p, uint8_t value)
{
    if (p->access == PIT_HIGH)
        pit_load(p, value << 8);
    else if (p->access != PIT_WORD)
        pit_load(p, value);
    else if (p->next_write_high)
        pit_load(p, p->low | value << 8);
    else
        p->low = value;
    p->next_write_high = p->access == PIT_WORD && !p->next_write_high;
}

static uint8_t pit_read(struct virtual_pit *p)
{
    uint16_t value = p->latch_bytes ? p->latched : pit_count(p);
    bool high;

    if (p->status_latched) {
        p->status_latched = 0;
        return p->status;
    }
    if (p->latch_bytes) {
        high = p->latch_bytes == PIT_HIGH;
        p->latch_bytes = p->latch_bytes == PIT_WORD ? PIT_HIGH : 0;
    } else {
        high = p->access == PIT_HIGH || p->next_read_high;
        p->next_read_high = p->access == PIT_WORD && !p->next_read_high;
    }
    return high ? value >> 8 : value;
}

static void speaker_write(struct virtual_pit *p, uint8_t value)
{
    bool gate = value & 1;

    if (gate && !p->gate && p->mode != 0 && p->mode != 4)
        p->loaded = system_time(); /* in these modes a rising gate starts the count again */
    p->gate = gate;
    p->speaker = value >> 1 & 1;
}

static uint8_t speaker_read(const struct virtual_pit *p)
{
    uint32_t refresh = system_time() >> 14 & 1; /* toggles about every 15 us, and some kernels wait for it */

    return p->gate | p->speaker << 1 | refresh << 4 | pit_output(p) << 5;
}

/* --- Bytes of ports that are not direct */

static uint8_t read_byte(struct domain *d, uint32_t port)
{
    struct port_state *s = &d->arch.ports;

    switch (port) {
    case PORT_PIT_CHANNEL2:
        return pit_read(&s->pit);
    case PORT_SPEAKER:
        return speaker_read(&s->pit);
    case PORT_CMOS_INDEX:
        return s->cmos_index;
    case PORT_CMOS_DATA:
        if (!d->is_privileged)
            return 0xFF;
        outb(PORT_CMOS_INDEX, s->cmos_index & 0x7F);
        return inb(PORT_CMOS_DATA);
    default:
        return is_pci_data(port, 1) ? pci_data_in(d, port, 1) : 0xFF;
    }
}

static void write_byte(struct domain *d, uint32_t port, uint8_t value)
{
    struct port_state *s = &d->arch.ports;

    switch (port) {
    case PORT_PIT_CHANNEL2:
        pit_write(&s->pit, value);
        break;
    case PORT_PIT_COMMAND:
        pit_command(&s->pit, value);
        break;
    case PORT_SPEAKER:
        speaker_write(&s->pit, value);
        break;
    case PORT_CMOS_INDEX:
        s->cmos_index = value;
        break;
    case PORT_CMOS_DATA:
        if (!d->is_privileged)
            break;
        outb(PORT_CMOS_INDEX, s->cmos_index & 0x7F);
        outb(PORT_CMOS_DATA, value);
        break;
    default:
        if (is_pci_data(port, 1))
            pci_data_out(d, port, 1, value);
        break;
    }
}

uint32_t guest_in(uint32_t port, uint32_t bytes)
{
    struct domain *d = this_cpu.domain;
    uint32_t value = 0;

    if (is_direct(port, bytes))
        return in_sized(port, bytes);
    if (is_pci_address(port, bytes))
        return d->arch.ports.pci_address;
    if (is_pci_data(port, bytes))
        return pci_data_in(d, port, bytes);
    for (unsigned int i = 0; i < bytes; i++)
        value |= (uint32_t)read_byte(d, (port + i) & 0xFFFF) << (8 * i);
    return value;
}

void guest_out(uint32_t port, uint32_t bytes, uint32_t value)
{
    struct domain *d = this_cpu.domain;

    if (is_direct(port, bytes)) {
        out_sized(port, bytes, value);
        return;
    }
    if (is_pci_address(port, bytes)) {
        d->arch.ports.pci_address = value;
        return;
    }
    if (is_pci_data(port, bytes)) {
        pci_data_out(d, port, bytes, value);
        return;
    }
    for (unsigned int i = 0; i < bytes; i++)
        write_byte(d, (port + i) & 0xFFFF, value >> (8 * i));
}

/* --- Permission */

bool guest_iopl_allows(const struct cpu_user_regs *regs)
{
    /* On Xen, a guest's kernel counts as ring 1, unless the guest has asked for the processor's rule. */
    uint32_t ring = !guest_kernel_mode(regs)                                            ? 3
                    : this_cpu.domain->vm_assist & 1u << VMASST_TYPE_architectural_iopl ? 0
                                                                                        : 1;

    return current->arch.iopl >= ring;
}

bool guest_ports_allowed(const struct cpu_user_regs *regs, uint32_t port, uint32_t bytes)
{
    const struct vcpu *v = current;
    uint8_t bits[2] = {0xFF, 0xFF};

    if (guest_iopl_allows(regs))
        return true;
    if (v->arch.io_bitmap_ports <= port + bytes)
        return false;
    if (copy_from_guest(&bits[0], (const char *)v->arch.io_bitmap + port / 8, 1) ||
        copy_from_guest(&bits[1], (const char *)v->arch.io_bitmap + port / 8 + 1, 1))
        bits[1] = 0xFF; /* if the bitmap cannot be read, it allows nothing */
    return !((bits[0] | bits[1] << 8) & ((1u << bytes) - 1) << (port & 7));
}

uint32_t port_breakpoints(uint32_t port, uint32_t bytes)
{
    static const uint8_t widths[4] = {1, 2, 8, 4};
    const struct vcpu *v = current;
    uint32_t dr7 = v->arch.debugreg[7], hit = 0;

    if (likely(!(dr7 & DR7_ENABLE)) || !(v->arch.guest_cr4 & X86_CR4_DE))
        return 0;
    for (unsigned int i = 0; i < 4; i++) {
        uint32_t control = dr7 >> (16 + 4 * i) & 0xF, start = v->arch.debugreg[i];

        if ((dr7 >> (2 * i) & 3) && (control & 3) == 2 && start < port + bytes && start + widths[control >> 2] > port)
            hit |= 1u << i;
    }
    return hit;
}
