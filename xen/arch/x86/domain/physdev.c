/* SPDX-License-Identifier: MIT */
/* physdev_op: what a guest asks about physical devices. Their interrupts are in pirq.c. */
#include <asm/io_apic.h>
#include <asm/mm.h>
#include <asm/msi.h>
#include <asm/pci.h>
#include <asm/pirq.h>
#include <xen/audit.h>
#include <xen/command.h>
#include <xen/domain.h>
#include <xen/hypercall.h>

#define MAX_PORTS 65536

static long irq_status_query(struct physdev_irq_status_query *op)
{
    if (op->irq >= nr_pirqs(this_cpu.domain))
        return -EINVAL;
    /* As on Xen, whoever does not look at the page below ends every interrupt. */
    op->flags = XENIRQSTAT_needs_eoi | (pirq_is_shared(this_cpu.domain, op->irq) ? XENIRQSTAT_shared : 0);
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

/* The guest's page that says, by their bits, which interrupts it has to end. */
static long pirq_eoi_gmfn(const struct physdev_pirq_eoi_gmfn *op, bool eoi_unmasks)
{
    struct domain *d = this_cpu.domain;

    if (op->gmfn >= max_page || get_page_and_type(mfn_to_page(op->gmfn), d, PGT_writable_page))
        return -EINVAL;
    if (d->arch.pirq_eoi_frame != INVALID_MFN) {
        put_page_and_type(mfn_to_page(op->gmfn));
        return -EBUSY;
    }
    d->arch.pirq_eoi_frame = op->gmfn;
    d->arch.eoi_unmasks = eoi_unmasks;
    pirqs_need_end(d);
    return 0;
}

static long pirq_eoi_gmfn_v1(const struct physdev_pirq_eoi_gmfn *op)
{
    return pirq_eoi_gmfn(op, true);
}

static long pirq_eoi_gmfn_v2(const struct physdev_pirq_eoi_gmfn *op)
{
    return pirq_eoi_gmfn(op, false);
}

void arch_init_domain(struct domain *d)
{
    d->arch.pirq_eoi_frame = INVALID_MFN;
}

void arch_relinquish_domain(struct domain *d)
{
    pirqs_relinquish(d);
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

static long eoi(const struct physdev_eoi *op)
{
    return pirq_end(this_cpu.domain, op->irq);
}

static long unmask_notify(void)
{
    pirq_end_unmasked(this_cpu.domain);
    return 0;
}

/* --- Older kernels of domain 0 set lines up by the registers of the I/O APICs, as they would without a hypervisor. */

#define ENTRY_LOW   0x02000u
#define ENTRY_LEVEL 0x08000u

static long apic_read_op(struct physdev_apic *op)
{
    int index;

    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    index = io_apic_at(op->apic_physbase);
    if (index < 0)
        return -EINVAL;
    op->value = io_apic_read(index, op->reg);
    return 0;
}

/* Of what is written only how the line tells counts. The rest is the hypervisor's: vector, destination, mask. */
static long apic_write_op(const struct physdev_apic *op)
{
    int index, gsi;
    long rc;
    struct physdev_setup_gsi setup = {.triggering = !!(op->value & ENTRY_LEVEL), .polarity = !!(op->value & ENTRY_LOW)};

    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    index = io_apic_at(op->apic_physbase);
    if (index < 0)
        return -EINVAL;
    gsi = io_apic_pin(index, op->reg);
    if (gsi <= 0 || op->reg & 1)
        return 0;
    setup.gsi = gsi;
    rc = pirq_setup_gsi(&setup);
    return rc && rc != -EEXIST ? rc : pirq_map_gsi(this_cpu.domain, gsi);
}

/* --- PCI. The hypervisor looks for devices itself, so it has only to say whether this one is there. */

static long pci_add(const struct physdev_manage_pci *op)
{
    return pci_device_add(0, op->bus, op->devfn);
}

static long pci_add_ext(const struct physdev_manage_pci_ext *op)
{
    return op->is_extfn > 1 || op->is_virtfn > 1 ? -EINVAL : pci_device_add(0, op->bus, op->devfn);
}

static long pci_remove(const struct physdev_manage_pci *op)
{
    return pci_device_remove(0, op->bus, op->devfn);
}

static long pci_device_add_op(const struct physdev_pci_device_add *op)
{
    return pci_device_add(op->seg, op->bus, op->devfn);
}

static long pci_device_remove_op(const struct physdev_pci_device *op)
{
    return pci_device_remove(op->seg, op->bus, op->devfn);
}

static long restore_msi(const struct physdev_manage_pci *op)
{
    return msi_restore(0, op->bus, op->devfn);
}

static long restore_msi_ext(const struct physdev_pci_device *op)
{
    return msi_restore(op->seg, op->bus, op->devfn);
}

static long prepare_msix(const struct physdev_pci_device *op)
{
    return msi_prepare(op->seg, op->bus, op->devfn, false);
}

static long release_msix(const struct physdev_pci_device *op)
{
    return msi_prepare(op->seg, op->bus, op->devfn, true);
}

static long mmcfg_reserved(const struct physdev_pci_mmcfg_reserved *op)
{
    return pci_mmcfg_reserved(op->address, op->segment, op->start_bus, op->end_bus, op->flags);
}

#define PCI_COMMANDS                                                                                           \
    (1u << PHYSDEVOP_manage_pci_add | 1u << PHYSDEVOP_manage_pci_add_ext | 1u << PHYSDEVOP_manage_pci_remove | \
     1u << PHYSDEVOP_pci_device_add | 1u << PHYSDEVOP_pci_device_remove | 1u << PHYSDEVOP_restore_msi |        \
     1u << PHYSDEVOP_restore_msi_ext | 1u << PHYSDEVOP_prepare_msix | 1u << PHYSDEVOP_release_msix |           \
     1u << PHYSDEVOP_pci_mmcfg_reserved)

static long pci_op(uint32_t cmd, void *arg)
{
    if (cmd >= 32 || !(PCI_COMMANDS >> cmd & 1))
        return -ENOSYS;
    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    switch (cmd) {
    case PHYSDEVOP_manage_pci_add:
        COMMAND(pci_add, physdev_manage_pci, false)
    case PHYSDEVOP_manage_pci_add_ext:
        COMMAND(pci_add_ext, physdev_manage_pci_ext, false)
    case PHYSDEVOP_manage_pci_remove:
        COMMAND(pci_remove, physdev_manage_pci, false)
    case PHYSDEVOP_pci_device_add:
        COMMAND(pci_device_add_op, physdev_pci_device_add, false)
    case PHYSDEVOP_pci_device_remove:
        COMMAND(pci_device_remove_op, physdev_pci_device, false)
    case PHYSDEVOP_restore_msi:
        COMMAND(restore_msi, physdev_manage_pci, false)
    case PHYSDEVOP_restore_msi_ext:
        COMMAND(restore_msi_ext, physdev_pci_device, false)
    case PHYSDEVOP_prepare_msix:
        COMMAND(prepare_msix, physdev_pci_device, false)
    case PHYSDEVOP_release_msix:
        COMMAND(release_msix, physdev_pci_device, false)
    case PHYSDEVOP_pci_mmcfg_reserved:
        COMMAND(mmcfg_reserved, physdev_pci_mmcfg_reserved, false)
    }
    return -ENOSYS;
}

long do_physdev_op(uint32_t cmd, void *arg)
{
    switch (cmd) {
    case PHYSDEVOP_set_iopl:
        COMMAND(set_iopl, physdev_set_iopl, false)
    case PHYSDEVOP_set_iobitmap:
        COMMAND(set_iobitmap, physdev_set_iobitmap, false)
    case PHYSDEVOP_eoi:
        COMMAND(eoi, physdev_eoi, false)
    case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
        return unmask_notify();
    case PHYSDEVOP_irq_status_query:
        COMMAND(irq_status_query, physdev_irq_status_query, true)
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
        COMMAND(pirq_eoi_gmfn_v1, physdev_pirq_eoi_gmfn, false)
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        COMMAND(pirq_eoi_gmfn_v2, physdev_pirq_eoi_gmfn, false)
    case PHYSDEVOP_alloc_irq_vector:
        COMMAND(alloc_irq_vector, physdev_irq, true)
    case PHYSDEVOP_apic_read:
        COMMAND(apic_read_op, physdev_apic, true)
    case PHYSDEVOP_apic_write:
        COMMAND(apic_write_op, physdev_apic, false)
    case PHYSDEVOP_setup_gsi:
        COMMAND(pirq_setup_gsi, physdev_setup_gsi, false)
    case PHYSDEVOP_map_pirq:
        COMMAND(pirq_map, physdev_map_pirq, true)
    case PHYSDEVOP_unmap_pirq:
        COMMAND(pirq_unmap, physdev_unmap_pirq, false)
    case PHYSDEVOP_get_free_pirq:
        COMMAND(pirq_get_free, physdev_get_free_pirq, true)
    default:
        return pci_op(cmd, arg);
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
