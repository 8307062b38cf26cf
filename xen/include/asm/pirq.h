/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts of domains. A domain knows an interrupt by a number of its own, its pirq: domain 0's for a GSI is
 * the GSI itself, those above are for MSIs (public/physdev.h). domain/pirq.c has these numbers, domain/guest_irq.c the
 * way from the interrupt to the domains' event channels.
 */
#ifndef ASM_PIRQ_H
#define ASM_PIRQ_H

#include <asm/irq.h>
#include <asm/layout.h>
#include <public/physdev.h>
#include <stdbool.h>
#include <stdint.h>

struct domain;

#define EXTRA_PIRQS_DOM0 256
#define EXTRA_PIRQS      32
#define MAX_PIRQS        (MAX_GSIS + EXTRA_PIRQS_DOM0)

struct pirq {
    uint16_t irq;  /* which interrupt it is; 0: none (that of the timer is nobody's) */
    uint16_t port; /* the event channel that it is bound to; 0: none */
    bool waits;    /* a level line has come: it stays masked until the domain has ended it */
    bool reserved; /* given out by get_free_pirq */
};

/* In a page of the heap, which a domain gets when it first needs one. */
struct domain_irqs {
    uint32_t allowed[(MAX_IRQS + 31) / 32]; /* a bit for each interrupt that the domain may have */
    struct pirq pirq[MAX_PIRQS];
};
_Static_assert(sizeof(struct domain_irqs) <= PAGE_SIZE, "one page");

/* Numbers below it exist for d: as many as on Xen. */
uint32_t nr_pirqs(const struct domain *d);

/* NULL: d has no such number, or has never had one. */
struct pirq *find_pirq(const struct domain *d, uint32_t pirq);

/* --- For event channels. Errors as Xen's: -EINVAL no such number, or it is no interrupt; -EPERM; -EEXIST it is bound;
 * -EBUSY the interrupt is the hypervisor's, or one that is not shared; -ENOSPC. */
int pirq_may_bind(const struct domain *d, uint32_t pirq);
int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share);
void pirq_unbind(struct domain *d, uint32_t pirq, uint32_t port);

/* --- For domctl: whether d may have the interrupt that the caller calls so. 0, -EINVAL, -EPERM, -ENOMEM. */
int pirq_permission(struct domain *d, uint32_t pirq, bool allow);

/* --- For physdev_op. All say errors as Xen does. */
long pirq_map(struct physdev_map_pirq *op);
long pirq_unmap(const struct physdev_unmap_pirq *op);
long pirq_get_free(struct physdev_get_free_pirq *op);
long pirq_setup_gsi(const struct physdev_setup_gsi *op);
long pirq_end(struct domain *d, uint32_t pirq);
void pirq_end_unmasked(struct domain *d);
bool pirq_is_shared(const struct domain *d, uint32_t pirq);
/* Domain 0's number for a GSI is the GSI: makes it so. */
int pirq_map_gsi(struct domain *d, uint32_t gsi);

/* Its page about needed ends is new: the bits of all that are bound. */
void pirqs_need_end(const struct domain *d);

/* All its interrupts are taken away. */
void pirqs_relinquish(struct domain *d);

/* --- guest_irq.c */
int guest_irq_bind(struct domain *d, uint32_t pirq, bool will_share);
void guest_irq_unbind(struct domain *d, uint32_t pirq);
void guest_irq_end(struct pirq *p);
bool guest_irq_is_shared(unsigned int irq);
/* For the auditor: whether d is among those that the interrupt goes to, as this number. */
bool guest_irq_goes_to(unsigned int irq, const struct domain *d, uint32_t pirq);

#endif
