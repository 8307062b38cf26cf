/* SPDX-License-Identifier: MIT */
/*
 * The numbers by which domains know physical interrupts, who may have which, and the commands of physdev_op about them
 * (asm/pirq.h). Errors are Xen's (4.2.5, arch/x86/physdev.c and irq.c).
 */
#include <asm/io_apic.h>
#include <asm/mm.h>
#include <asm/msi.h>
#include <asm/pirq.h>
#include <public/errno.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/event.h>

uint32_t nr_pirqs(const struct domain *d)
{
    return nr_gsis + (d == dom0 ? EXTRA_PIRQS_DOM0 : EXTRA_PIRQS);
}

struct pirq *find_pirq(const struct domain *d, uint32_t pirq)
{
    return d->arch.irqs && pirq < nr_pirqs(d) ? &d->arch.irqs->pirq[pirq] : NULL;
}

static bool is_allowed(const struct domain *d, uint32_t irq)
{
    return d->arch.irqs && d->arch.irqs->allowed[irq / 32] >> irq % 32 & 1;
}

static void allow(struct domain *d, uint32_t irq, bool allowed)
{
    uint32_t bit = 1u << irq % 32, *word = &d->arch.irqs->allowed[irq / 32];

    *word = allowed ? *word | bit : *word & ~bit;
}

/* The domain's page, at its first need. Domain 0 may have every GSI but the first, which has always been the timer's.
 */
static int need_irqs(struct domain *d)
{
    if (d->arch.irqs)
        return 0;
    if (d->is_dying)
        return -EINVAL;
    d->arch.irqs = alloc_heap_pages(0);
    if (!d->arch.irqs)
        return -ENOMEM;
    for (uint32_t gsi = 1; gsi < nr_gsis && d == dom0; gsi++)
        allow(d, gsi, true);
    return 0;
}

/* --- The page that says which interrupts have to be ended */

static void set_needs_end(const struct domain *d, uint32_t pirq, bool needs)
{
    uint32_t *word;

    if (d->arch.pirq_eoi_frame == INVALID_MFN)
        return;
    word = (uint32_t *)map_frame(d->arch.pirq_eoi_frame) + pirq / 32;
    *word = needs ? *word | 1u << pirq % 32 : *word & ~(1u << pirq % 32);
}

void pirqs_need_end(const struct domain *d)
{
    const struct pirq *p;

    for (uint32_t pirq = 0; (p = find_pirq(d, pirq)); pirq++)
        if (p->port)
            set_needs_end(d, pirq, irq_is_level(p->irq));
}

/* --- Binding to event channels */

int pirq_may_bind(const struct domain *d, uint32_t pirq)
{
    const struct pirq *p = find_pirq(d, pirq);

    if (pirq >= nr_pirqs(d))
        return -EINVAL;
    if (!p || !p->irq || !is_allowed(d, p->irq))
        return -EPERM;
    return p->port ? -EEXIST : 0;
}

int pirq_bind(struct domain *d, uint32_t pirq, uint32_t port, bool will_share)
{
    struct pirq *p = find_pirq(d, pirq);
    int err;

    p->port = port;
    err = guest_irq_bind(d, pirq, will_share);
    if (err)
        p->port = 0;
    else
        set_needs_end(d, pirq, irq_is_level(p->irq));
    return err;
}

void pirq_unbind(struct domain *d, uint32_t pirq, uint32_t port)
{
    struct pirq *p = find_pirq(d, pirq);

    if (!p || p->port != port)
        return; /* it was unmapped first */
    guest_irq_unbind(d, pirq);
    p->port = 0;
    set_needs_end(d, pirq, false);
}

/* --- Mapping: which interrupt a number is */

static uint32_t pirq_of(const struct domain *d, uint32_t irq)
{
    const struct pirq *p;

    spend(nr_pirqs(d));
    for (uint32_t pirq = 0; (p = find_pirq(d, pirq)); pirq++)
        if (p->irq == irq)
            return pirq;
    return 0;
}

/* GSIs have the numbers below nr_gsis; those of the ISA's lines are left to them. MSIs come from the top. */
static int free_pirq(const struct domain *d, bool msi)
{
    uint32_t first = msi ? nr_gsis : NR_8259_LINES, end = msi ? nr_pirqs(d) : nr_gsis;

    spend(end - first);
    for (uint32_t i = first; i < end; i++) {
        uint32_t pirq = msi ? end - 1 - (i - first) : i;
        const struct pirq *p = find_pirq(d, pirq);

        if (!p->irq && !p->reserved)
            return pirq;
    }
    return -ENOSPC;
}

/* The number that the caller wants (-1: any) for the interrupt. */
static int choose_pirq(const struct domain *d, uint32_t irq, int32_t wanted)
{
    uint32_t has = pirq_of(d, irq);

    if (wanted < 0)
        return has ? (int)has : free_pirq(d, irq >= nr_gsis);
    if (has && has != (uint32_t)wanted)
        return -EEXIST;
    return wanted;
}

static int map(struct domain *d, uint32_t pirq, uint32_t irq)
{
    struct pirq *p = find_pirq(d, pirq);

    if (!p || !pirq || !irq)
        return -EINVAL;
    if (p->irq)
        return p->irq == irq ? 0 : -EINVAL;
    p->irq = irq;
    p->reserved = false;
    allow(d, irq, true);
    return 0;
}

int pirq_map_gsi(struct domain *d, uint32_t gsi)
{
    int err = need_irqs(d);

    if (err)
        return err;
    if (!is_allowed(d, gsi))
        return -EPERM;
    return map(d, gsi, gsi);
}

static long map_irq(struct domain *d, struct physdev_map_pirq *op, uint32_t irq)
{
    int pirq = choose_pirq(d, irq, op->pirq), err = pirq < 0 ? pirq : map(d, pirq, irq);

    if (!err)
        op->pirq = pirq;
    return err;
}

/* The caller names a GSI by the number that it has for it, if it has one. An MSI is not had twice: it ends with the one
 * number that it was mapped to. */
static long map_gsi(struct domain *d, struct physdev_map_pirq *op)
{
    struct domain *caller = this_cpu.domain;
    uint32_t irq = op->index;
    const struct pirq *own;

    if (irq >= nr_gsis)
        return -EINVAL;
    own = find_pirq(caller, irq);
    if (own && own->irq)
        irq = own->irq;
    if (irq >= nr_gsis)
        return -EINVAL;
    if (!is_allowed(caller, irq))
        return -EPERM;
    return map_irq(d, op, irq);
}

static long map_msi(struct domain *d, struct physdev_map_pirq *op)
{
    bool named = op->type == MAP_PIRQ_TYPE_MSI_SEG;
    struct msi_place place = {.segment = named ? (uint32_t)op->bus >> 16 : 0,
                              .bus = op->bus,
                              .devfn = op->devfn,
                              .entry = op->entry_nr,
                              .table = op->table_base};
    int irq;
    long rc;

    if (op->index != -1)
        return -EINVAL; /* only the hypervisor chooses an MSI's interrupt */
    irq = msi_enable(&place);
    if (irq < 0)
        return irq;
    rc = map_irq(d, op, irq);
    if (rc)
        msi_disable(irq);
    return rc;
}

long pirq_map(struct physdev_map_pirq *op)
{
    struct domain *d;
    long rc = target_domain(op->domid, &d);

    if (rc)
        return rc;
    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    rc = need_irqs(this_cpu.domain);
    if (!rc)
        rc = need_irqs(d);
    if (rc)
        return rc;
    switch (op->type) {
    case MAP_PIRQ_TYPE_GSI:
        return map_gsi(d, op);
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
        return map_msi(d, op);
    default:
        return -EINVAL;
    }
}

static void unmap(struct domain *d, uint32_t pirq)
{
    struct pirq *p = find_pirq(d, pirq);

    if (p->port)
        pirq_unbind(d, pirq, p->port);
    if (p->irq >= nr_gsis)
        msi_disable(p->irq);
    if (d != dom0 || p->irq >= nr_gsis)
        allow(d, p->irq, false);
    *p = (struct pirq){.irq = 0};
}

long pirq_unmap(const struct physdev_unmap_pirq *op)
{
    struct domain *d;
    const struct pirq *p;
    long rc = target_domain(op->domid, &d);

    if (rc)
        return rc;
    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    p = op->pirq < 0 ? NULL : find_pirq(d, op->pirq);
    if (!p || !p->irq)
        return -EINVAL;
    unmap(d, op->pirq);
    return 0;
}

void pirqs_relinquish(struct domain *d)
{
    const struct pirq *p;

    for (uint32_t pirq = 0; (p = find_pirq(d, pirq)); pirq++)
        if (p->irq)
            unmap(d, pirq);
    if (d->arch.irqs)
        free_heap_pages(d->arch.irqs, 0);
    d->arch.irqs = NULL;
}

/* --- The other commands */

long pirq_get_free(struct physdev_get_free_pirq *op)
{
    struct domain *d = this_cpu.domain;
    int pirq = need_irqs(d);

    if (pirq)
        return pirq;
    if (op->type != MAP_PIRQ_TYPE_GSI && op->type != MAP_PIRQ_TYPE_MSI)
        return -EINVAL;
    pirq = free_pirq(d, op->type == MAP_PIRQ_TYPE_MSI);
    if (pirq < 0)
        return pirq;
    find_pirq(d, pirq)->reserved = true;
    op->pirq = pirq;
    return 0;
}

/* What ACPI's tables say about a line, which only domain 0 can read. A line in use, by the hypervisor itself or a
 * domain, stays as it is, which is no failure to kernels: -EEXIST, as seen on Xen 4.2.5. Those of the 8259s stay as
 * firmware has set them. */
long pirq_setup_gsi(const struct physdev_setup_gsi *op)
{
    uint32_t gsi = op->gsi;

    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    if (gsi >= nr_gsis)
        return -EINVAL;
    if (irq_handler_of(gsi))
        return -EEXIST;
    set_pin_mode(gsi, (struct line_mode){.level = op->triggering, .low = op->polarity});
    return 0;
}

long pirq_end(struct domain *d, uint32_t pirq)
{
    struct pirq *p = find_pirq(d, pirq);

    if (!p || !p->irq)
        return -EINVAL;
    if (d->arch.eoi_unmasks && p->port)
        evtchn_unmask(d, p->port);
    guest_irq_end(p);
    return 0;
}

/* The older form: those whose event channel the guest has unmasked. */
void pirq_end_unmasked(struct domain *d)
{
    struct pirq *p;

    spend(nr_pirqs(d));
    for (uint32_t pirq = 0; (p = find_pirq(d, pirq)); pirq++)
        if (p->port && !(d->shared_info->evtchn_mask[p->port / 32] >> p->port % 32 & 1))
            guest_irq_end(p);
}

bool pirq_is_shared(const struct domain *d, uint32_t pirq)
{
    const struct pirq *p = find_pirq(d, pirq);

    return p && p->irq && guest_irq_is_shared(p->irq);
}

/* The caller's name for an interrupt that it may have: a GSI is its own name until it is mapped to something else. */
static uint32_t irq_that_caller_means(uint32_t pirq)
{
    const struct domain *caller = this_cpu.domain;
    const struct pirq *p = find_pirq(caller, pirq);
    uint32_t irq = p && p->irq ? p->irq : pirq < nr_gsis ? pirq : 0;

    return irq && is_allowed(caller, irq) ? irq : 0;
}

int pirq_permission(struct domain *d, uint32_t pirq, bool allowed)
{
    uint32_t irq;
    int err;

    if (pirq >= nr_pirqs(this_cpu.domain) || pirq >= nr_pirqs(d))
        return -EINVAL;
    err = need_irqs(this_cpu.domain);
    if (err)
        return err;
    irq = irq_that_caller_means(pirq);
    if (!irq)
        return -EPERM;
    if (!allowed && !d->arch.irqs)
        return 0; /* it has none */
    err = need_irqs(d);
    if (!err)
        allow(d, irq, allowed);
    return err;
}

/* --- The auditor */

void audit_pirqs(const struct domain *d)
{
    const struct pirq *p;

    for (uint32_t pirq = 0; (p = find_pirq(d, pirq)); pirq++) {
        const struct evtchn *chn = p->port < NR_EVENT_CHANNELS ? &d->evtchn[p->port] : NULL;
        bool goes = p->irq && guest_irq_goes_to(p->irq, d, pirq);

        if (!chn || (p->port && (chn->state != ECS_PIRQ || chn->pirq != pirq)) || goes != (p->port != 0) ||
            p->irq >= MAX_IRQS)
            audit_mismatch(INT82_AUDIT_PORT, (uint32_t)d->domain_id << 16 | p->port, pirq, p->irq);
    }
}
