/* SPDX-License-Identifier: MIT */
/*
 * An interrupt's way to the domains that have bound it (asm/pirq.h).
 *
 * An edge or an MSI needs no more. A level line is masked until all domains that were told have ended it, and comes at
 * once again if a device still holds it. So no order of masks, ends and bindings loses one.
 *
 * An interrupt that comes too often is masked for a while, so that nobody else is kept from running. Afterwards it is
 * told once in any case, because an edge might have come meanwhile.
 */
#include <asm/pirq.h>
#include <public/errno.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/setup.h>
#include <xen/timer.h>

#define MAX_SHARERS 7
#define STORM_NS    10000000u /* no more than irq_ratelimit= in this time; and so long it is masked */

struct guest_irq {
    struct {
        struct domain *domain;
        uint16_t pirq;
    } sharer[MAX_SHARERS];
    uint8_t sharers;
    uint8_t waits;         /* how many of them have yet to end a level line */
    bool may_be_shared;    /* the first who bound it said so */
    bool stormy;           /* masked for that reason */
    uint32_t storms;       /* since it was bound */
    uint32_t count;        /* how often it has come */
    uint64_t counted_from; /* since then */
};

static struct guest_irq guest_irqs[MAX_IRQS];
static struct timer calm;

static void tell(unsigned int irq)
{
    struct guest_irq *g = &guest_irqs[irq];

    for (unsigned int i = 0; i < g->sharers; i++) {
        struct domain *d = g->sharer[i].domain;
        struct pirq *p = find_pirq(d, g->sharer[i].pirq);

        if (irq_is_level(irq) && !p->waits) {
            p->waits = true;
            g->waits++;
        }
        evtchn_tell(d, p->port);
    }
    if (g->waits)
        mask_irq(irq);
}

/* --- Storms */

static void unmask_if_nobody_waits(unsigned int irq)
{
    if (!guest_irqs[irq].waits)
        unmask_irq(irq);
}

static void calm_down(void *unused)
{
    for (unsigned int irq = 0; irq < MAX_IRQS; irq++) {
        struct guest_irq *g = &guest_irqs[irq];

        if (!g->stormy)
            continue;
        g->stormy = false;
        g->count = 0;
        if (!irq_is_level(irq))
            tell(irq);
        unmask_if_nobody_waits(irq);
    }
}

/* The clock is read only once in a full count. */
static bool comes_too_often(unsigned int irq, struct guest_irq *g)
{
    uint64_t now, since;

    if (likely(++g->count < opt_irq_ratelimit) || !opt_irq_ratelimit)
        return false;
    now = system_time();
    since = now - g->counted_from;
    g->counted_from = now;
    g->count = 0;
    if (since > STORM_NS)
        return false;
    mask_irq(irq);
    g->stormy = true;
    if (!calm.active)
        set_timer(&calm, now + STORM_NS);
    g->storms++;
    if (!(g->storms & (g->storms - 1))) /* 1, 2, 4 ...: a device that goes on like this must not fill the console */
        log_at(LOG_WARN, "Interrupt %u came %u times in %u us: masked for %u ms (storm %u)\n", irq, opt_irq_ratelimit,
               (uint32_t)since / 1000, STORM_NS / 1000000, g->storms);
    return true;
}

static void guest_interrupt(unsigned int irq)
{
    if (!comes_too_often(irq, &guest_irqs[irq]))
        tell(irq);
}

/* --- Binding */

static int first_sharer(unsigned int irq, bool will_share)
{
    if (!calm.function)
        init_timer(&calm, calm_down, NULL);
    guest_irqs[irq] = (struct guest_irq){.may_be_shared = will_share};
    return set_irq_handler(irq, guest_interrupt) ? 0 : -EBUSY; /* the hypervisor has it */
}

int guest_irq_bind(struct domain *d, uint32_t pirq, bool will_share)
{
    unsigned int irq = find_pirq(d, pirq)->irq;
    struct guest_irq *g = &guest_irqs[irq];

    if (g->sharers && (!will_share || !g->may_be_shared || g->sharers == MAX_SHARERS))
        return -EBUSY;
    if (!g->sharers) {
        int err = first_sharer(irq, will_share);

        if (err)
            return err;
    }
    g->sharer[g->sharers].domain = d;
    g->sharer[g->sharers++].pirq = pirq;
    if (g->sharers == 1)
        unmask_irq(irq);
    return 0;
}

static unsigned int place_of(const struct guest_irq *g, const struct domain *d, uint32_t pirq)
{
    unsigned int i = 0;

    while (i < g->sharers && (g->sharer[i].domain != d || g->sharer[i].pirq != pirq))
        i++;
    return i;
}

void guest_irq_unbind(struct domain *d, uint32_t pirq)
{
    struct pirq *p = find_pirq(d, pirq);
    struct guest_irq *g = &guest_irqs[p->irq];

    g->sharer[place_of(g, d, pirq)] = g->sharer[g->sharers - 1];
    if (!--g->sharers) {
        (void)set_irq_handler(p->irq, NULL);
        *g = (struct guest_irq){.sharers = 0};
        p->waits = false;
        return;
    }
    guest_irq_end(p);
}

void guest_irq_end(struct pirq *p)
{
    if (!p->waits)
        return;
    p->waits = false;
    guest_irqs[p->irq].waits--;
    unmask_if_nobody_waits(p->irq);
}

bool guest_irq_is_shared(unsigned int irq)
{
    return guest_irqs[irq].may_be_shared;
}

bool guest_irq_goes_to(unsigned int irq, const struct domain *d, uint32_t pirq)
{
    const struct guest_irq *g = &guest_irqs[irq];

    return place_of(g, d, pirq) < g->sharers;
}

/* --- The auditor */

void audit_guest_irqs(void)
{
    for (unsigned int irq = 0; irq < MAX_IRQS; irq++) {
        const struct guest_irq *g = &guest_irqs[irq];
        uint32_t bound = 0, waits = 0;

        for (unsigned int i = 0; i < g->sharers; i++) {
            const struct pirq *p = find_pirq(g->sharer[i].domain, g->sharer[i].pirq);

            bound += p && p->irq == irq && p->port;
            waits += p && p->waits;
        }
        if (bound != g->sharers || waits != g->waits)
            audit_mismatch(INT82_AUDIT_PORT, irq, g->sharers, bound);
    }
}
