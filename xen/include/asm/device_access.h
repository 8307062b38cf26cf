/* SPDX-License-Identifier: MIT */
/*
 * Who reaches which of the machine's devices: I/O ports, and frames of I/O memory (those that are not RAM). The
 * hypervisor keeps what it drives itself. Privileged domains have the rest; other domains have what domain 0 gives them
 * (domctl ioport_permission, iomem_permission).
 */
#ifndef ASM_DEVICE_ACCESS_H
#define ASM_DEVICE_ACCESS_H

#include <xen/sched.h>

#define NR_PORTS 0x10000u

/* The hypervisor's own, for good. To be called before domains are built. */
void keep_ports(uint32_t first, uint32_t last);
void keep_frames(mfn_t first, mfn_t last);

/* The frames of the machine that the hypervisor keeps. */
extern struct rangeset kept_frames;

/* Gives d all that the hypervisor does not keep. */
void give_devices(struct domain *d);

static inline bool ports_permitted(const struct domain *d, uint32_t first, uint32_t last)
{
    return rangeset_contains(&d->arch.ports_permitted, first, last);
}

static inline bool frame_permitted(const struct domain *d, mfn_t mfn)
{
    return rangeset_contains(&d->arch.frames_permitted, mfn, mfn);
}

#endif
