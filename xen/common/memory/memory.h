/* SPDX-License-Identifier: MIT */
/* What memory.c, reservation.c and exchange.c share. */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <asm/guest_access.h>
#include <asm/mm.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/operation.h>
#include <xen/refused.h>

#define MAX_ORDER        20 /* of an extent */
#define MAX_SHARED_ORDER 9  /* 2 MiB, which any domain may ask for; only privileged ones may ask for more */
#define PREEMPT_EVERY    64
#define FRAME_STEPS      10 /* for a frame that is given or taken, in the units of spend() */
#define COMMAND_BITS     6  /* of the command; above them Xen keeps where an interrupted call goes on */
#define COMMAND_MASK     ((1u << COMMAND_BITS) - 1)

static inline bool order_allowed(uint32_t order)
{
    return order <= (this_cpu.domain->is_privileged ? MAX_ORDER : MAX_SHARED_ORDER);
}

/* Counts a frame. True: others should run first. */
static inline bool step_due(uint32_t *steps)
{
    if (likely((*steps)++ < PREEMPT_EVERY) && likely(!effort_spent()))
        return false;
    *steps = 1;
    return true;
}

/* The same for a frame of several that belong together. */
static inline __may_switch void step(uint32_t *steps)
{
    if (unlikely(step_due(steps)))
        preempt_point();
}

/* The address limit that mem_flags sets. False: no memory lies below it. */
static inline bool frame_limit(uint32_t mem_flags, mfn_t *below)
{
    uint32_t bits = XENMEMF_get_address_bits(mem_flags);

    *below = INVALID_MFN;
    if (!bits || bits >= 32 + PAGE_SHIFT)
        return true;
    if (bits <= PAGE_SHIFT)
        return false;
    *below = 1u << (bits - PAGE_SHIFT);
    return true;
}

#define NO_PFN UINT32_MAX

/* Gives d frames that nobody owns. If the caller has named a pfn, they get the numbers from there up. */
__may_switch void give_frames(struct domain *d, mfn_t mfn, uint32_t count, xen_pfn_t pfn);

/* The commands. */
__may_switch long change_reservation(uint32_t cmd, const void *arg);
__may_switch long memory_exchange(struct xen_memory_exchange *arg);

#endif
