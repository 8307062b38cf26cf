/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: what a guest asks about physical devices. No domain has any of the machine's interrupts or PCI devices.
 * Commands about them answer with the error code that Xen has for this case.
 */
#include <asm/pirq.h>
#include <asm/mm.h>
#include <xen/audit.h>
#include <xen/command.h>
#include <xen/domain.h>
#include <xen/hypercall.h>

#define MAX_PORTS 65536

static long irq_status_query(struct physdev_irq_status_query *op)
{
    if (op->irq >= nr_pirqs(this_cpu.domain))
        return -EINVAL;
    op->flags = XENIRQSTAT_needs_eoi;
    return 0;
}

static long set_iopl(const struct physdev_set_iopl *op)
{
    if (op->iopl > 3)
        return -EINVAL;
    current->arch.iopl = op->iopl;
    return 0;
}

/* The bitmap stays in the guest's memory. It is read when the guest uses a port. */
static long set_iobitmap(const struct physdev_set_iobitmap *op)
{
    if (!guest_range_ok(op->bitmap, MAX_PORTS / 8) || op->nr_ports > MAX_PORTS)
        return -EINVAL;
    current->arch.io_bitmap = op->bitmap;
    current->arch.io_bitmap_ports = op->nr_ports;
    return 0;
}

/* The guest's page that says which interrupts need an EOI. None does, so nobody writes to the page. */
static long pirq_eoi_gmfn(const struct physdev_pirq_eoi_gmfn *op)
{
    struct domain *d = this_cpu.domain;

    if (op->gmfn >= max_page || get_page_and_type(mfn_to_page(op->gmfn), d, PGT_writable_page))
        return -EINVAL;
    if (d->arch.pirq_eoi_frame != INVALID_MFN) {
        put_page_and_type(mfn_to_page(op->gmfn));
        return -EBUSY;
    }
    d->arch.pirq_eoi_frame = op->gmfn;
    return 0;
}

void arch_init_domain(struct domain *d)
{
    d->arch.pirq_eoi_frame = INVALID_MFN;
}

void arch_relinquish_domain(struct domain *d)
{
    if (d->arch.pirq_eoi_frame != INVALID_MFN) {
        put_page_and_type(mfn_to_page(d->arch.pirq_eoi_frame));
        d->arch.pirq_eoi_frame = INVALID_MFN;
    }
}

void audit_pirq_eoi_frame(const struct domain *d)
{
    if (d->arch.pirq_eoi_frame != INVALID_MFN)
        audit_refer(d->arch.pirq_eoi_frame, PGT_writable_page);
}

/* Guests have no use for a vector. Like Xen, answer with the number of the interrupt. */
static long alloc_irq_vector(struct physdev_irq *op)
{
    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    op->vector = op->irq;
    return 0;
}

static long refuse_eoi(const struct physdev_eoi *op)
{
    return -EINVAL; /* no such interrupt is bound */
}

static long refuse_apic(const struct physdev_apic *op)
{
    return this_cpu.domain->is_privileged ? -EINVAL : -EPERM; /* no such I/O APIC */
}

static long refuse_pci(void)
{
    return this_cpu.domain->is_privileged ? -ENODEV : -EPERM;
}

static long refuse_map_pirq(const struct physdev_map_pirq *op)
{
    return this_cpu.domain->is_privileged ? -EINVAL : -EPERM;
}

static long refuse_unmap_pirq(const struct physdev_unmap_pirq *op)
{
    return this_cpu.domain->is_privileged ? -EINVAL : -EPERM;
}

static long refuse_get_free_pirq(const struct physdev_get_free_pirq *op)
{
    return -ENOSPC;
}

long do_physdev_op(uint32_t cmd, void *arg)
{
    switch (cmd) {
    case PHYSDEVOP_set_iopl:
        COMMAND(set_iopl, physdev_set_iopl, false)
    case PHYSDEVOP_set_iobitmap:
        COMMAND(set_iobitmap, physdev_set_iobitmap, false)
    case PHYSDEVOP_eoi:
        COMMAND(refuse_eoi, physdev_eoi, false)
    case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
        return 0; /* nothing to unmask */
    case PHYSDEVOP_irq_status_query:
        COMMAND(irq_status_query, physdev_irq_status_query, true)
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        COMMAND(pirq_eoi_gmfn, physdev_pirq_eoi_gmfn, false)
    case PHYSDEVOP_alloc_irq_vector:
        COMMAND(alloc_irq_vector, physdev_irq, true)
    case PHYSDEVOP_apic_read:
    case PHYSDEVOP_apic_write:
        COMMAND(refuse_apic, physdev_apic, false)
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_remove:
        return refuse_pci();
    case PHYSDEVOP_setup_gsi:
        return this_cpu.domain->is_privileged ? -EINVAL : -EPERM;
    case PHYSDEVOP_map_pirq:
        COMMAND(refuse_map_pirq, physdev_map_pirq, false)
    case PHYSDEVOP_unmap_pirq:
        COMMAND(refuse_unmap_pirq, physdev_unmap_pirq, false)
    case PHYSDEVOP_get_free_pirq:
        COMMAND(refuse_get_free_pirq, physdev_get_free_pirq, false)
    default:
        return -ENOSYS;
    }
}

long do_physdev_op_compat(physdev_op_t *op)
{
    physdev_op_t copy;

    /* The whole structure must be readable, whatever the command needs. */
    if (copy_from_guest(&copy, op, sizeof(copy)))
        return -EFAULT;
    return do_physdev_op(copy.cmd, &op->u);
}
