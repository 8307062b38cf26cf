/* SPDX-License-Identifier: MIT */
/* The hypervisor's own ports and frames, and what is left for domains: asm/device_access.h. */
#include <asm/device_access.h>
#include <asm/processor.h>
#include <xen/trace_format.h>

#define LAST_FRAME (INVALID_MFN - 1)

/* Messages of interrupts go to these addresses (Intel SDM 3, 11.11.1), and the local APIC's registers are there. */
#define MSI_FIRST_FRAME 0xFEE00
#define MSI_LAST_FRAME  0xFEEFF

/* Interrupt controllers, timer, speaker gate, real-time clock, and the PCI data ports, which are emulated. Drivers add
 * to it. */
static struct rangeset kept_ports = {
    6, {{0x20, 0x21}, {0x40, 0x43}, {0x61, 0x61}, {0x70, 0x71}, {0xA0, 0xA1}, {0xCFC, 0xCFF}}};
struct rangeset kept_frames = {1, {{MSI_FIRST_FRAME, MSI_LAST_FRAME}}};

static void keep(struct rangeset *kept, uint32_t first, uint32_t last)
{
    if (rangeset_add(kept, first, last))
        panic("Too many devices for the hypervisor");
}

void keep_ports(uint32_t first, uint32_t last)
{
    keep(&kept_ports, first, last);
}

void keep_frames(mfn_t first, mfn_t last)
{
    keep(&kept_frames, first, last);
}

static int give(struct rangeset *to, uint32_t last, const struct rangeset *kept)
{
    int rc = rangeset_add(to, 0, last);

    for (uint32_t i = 0; i < kept->n && !rc; i++)
        rc = rangeset_remove(to, kept->range[i].first, kept->range[i].last);
    return rc;
}

void give_devices(struct domain *d)
{
    uint32_t frame_bits = physical_bits() - PAGE_SHIFT;

    if (COUNTERS)
        keep_ports(TRACE_PORT, TRACE_PORT);
    if (give(&d->arch.ports_permitted, NR_PORTS - 1, &kept_ports) ||
        give(&d->arch.frames_permitted, frame_bits < 32 ? (1u << frame_bits) - 1 : LAST_FRAME, &kept_frames))
        panic("Too many devices are the hypervisor's");
}
