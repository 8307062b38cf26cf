/* SPDX-License-Identifier: MIT */
/* A domain's numbers for physical interrupts. */
#ifndef ASM_PIRQ_H
#define ASM_PIRQ_H

#include <asm/irq.h>
#include <xen/sched.h>

/* How many exist for d: as on Xen, one for each line of the machine, and some more. */
#define EXTRA_PIRQS_DOM0 256
#define EXTRA_PIRQS      32
static inline uint32_t nr_pirqs(const struct domain *d)
{
    return nr_gsis + (d == dom0 ? EXTRA_PIRQS_DOM0 : EXTRA_PIRQS);
}

#endif
