/* SPDX-License-Identifier: MIT */
/*
 * memory_op: questions about a domain's memory and the machine's. reservation.c and exchange.c have the commands that
 * change a domain's memory.
 */
#include "memory.h"

/* --- Questions */

static long reservation_size(uint32_t cmd, const domid_t *arg)
{
    struct domain *d;
    domid_t domid;
    long rc;

    if (copy_from_guest(&domid, arg, sizeof(domid)))
        return refuse_pointer(arg);
    rc = target_domain(domid, &d);
    if (rc)
        return rc;
    switch (cmd) {
    case XENMEM_current_reservation:
        return d->tot_pages;
    case XENMEM_maximum_reservation:
        return MIN(d->max_pages, (uint32_t)INT32_MAX); /* the largest number that is no error */
    default: /* maximum_gpfn: what the guest has said itself, because the guest translates its frames itself */
        return (d->shared_info->arch.max_pfn ?: d->tot_pages) - 1;
    }
}

static long machphys_mapping(struct xen_machphys_mapping *arg)
{
    struct xen_machphys_mapping m = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = this_cpu.domain == dom0 ? max_page - 1 : MACH2PHYS_NR_ENTRIES - 1,
    };

    return copy_to_guest(arg, &m, sizeof(m));
}

/* One frame for each 2 MiB of the table. Where there is none, the one before it is repeated. */
static long machphys_mfn_list(struct xen_machphys_mfn_list *arg)
{
    struct xen_machphys_mfn_list l;
    uint32_t size = max_page * sizeof(uint32_t), max;

    if (copy_from_guest(&l, arg, sizeof(l)))
        return refuse_pointer(arg);
    max = MIN(l.max_extents, (size + (1u << L2_SHIFT) - 1) >> L2_SHIFT);
    if (!guest_array_ok(l.extent_start, max, sizeof(xen_pfn_t)))
        return -EFAULT;
    for (uint32_t i = 0; i < max; i++)
        if (__put_guest_u32(machphys_frame(i), &l.extent_start[i]))
            return -EFAULT;
    l.nr_extents = max;
    return copy_to_guest(arg, &l, sizeof(l));
}

/* --- Memory maps */

/* m: a copy of the caller's argument at arg. */
static long answer_map(struct xen_memory_map *m, struct xen_memory_map *arg, const struct e820entry *map,
                       uint32_t count)
{
    m->nr_entries = MIN(m->nr_entries, count);
    if (copy_to_guest(m->buffer, map, m->nr_entries * sizeof(*map)))
        return -EFAULT;
    return copy_to_guest(arg, m, sizeof(*m));
}

static long memory_map(struct xen_memory_map *arg)
{
    const struct domain *d = this_cpu.domain;
    struct xen_memory_map m;

    if (copy_from_guest(&m, arg, sizeof(m)))
        return refuse_pointer(arg);
    return d->memory_map_entries ? answer_map(&m, arg, d->memory_map, d->memory_map_entries) : -ENOSYS;
}

_Static_assert(E820_MAX * sizeof(struct e820entry) <= PAGE_SIZE, "a map fits into a page");

static long set_memory_map(const struct xen_foreign_memory_map *arg)
{
    struct xen_foreign_memory_map m;
    struct domain *d;
    void *map;
    long rc;

    if (copy_from_guest(&m, arg, sizeof(m)))
        return refuse_pointer(arg);
    if (m.map.nr_entries > E820_MAX)
        return -EINVAL;
    rc = target_domain(m.domid, &d);
    if (rc)
        return rc;
    map = alloc_heap_pages(0);
    if (!map)
        return -ENOMEM;
    if (copy_from_guest(map, m.map.buffer, m.map.nr_entries * sizeof(struct e820entry))) {
        free_heap_pages(map, 0);
        return -EFAULT;
    }
    if (d->memory_map)
        free_heap_pages(d->memory_map, 0);
    d->memory_map = map;
    d->memory_map_entries = m.map.nr_entries;
    return 0;
}

static long machine_memory_map(struct xen_memory_map *arg)
{
    struct xen_memory_map m;

    if (!this_cpu.domain->is_privileged)
        return -EINVAL;
    if (copy_from_guest(&m, arg, sizeof(m)))
        return refuse_pointer(arg);
    if (m.nr_entries < machine_map_entries + 1)
        return -EINVAL;
    return answer_map(&m, arg, machine_map, machine_map_entries);
}

/* --- Commands for guests whose frames the hypervisor translates: there are none here */

static long add_to_physmap(const struct xen_add_to_physmap *arg)
{
    struct xen_add_to_physmap op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    rc = target_domain(op.domid, &d);
    return rc ? rc : refuse(REFUSED_memory_physmap, -EINVAL, INVALID_MFN, op.gpfn);
}

static long remove_from_physmap(const struct xen_remove_from_physmap *arg)
{
    struct xen_remove_from_physmap op;
    struct domain *d;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    rc = target_domain(op.domid, &d);
    if (rc)
        return rc;
    if (op.gpfn >= max_page || mfn_to_page(op.gpfn)->owner != d)
        return refuse(REFUSED_memory_physmap, -ENOENT, INVALID_MFN, op.gpfn);
    return 0;
}

long do_memory_op(uint32_t cmd, void *arg)
{
    switch (cmd & COMMAND_MASK) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(cmd, arg);
    case XENMEM_exchange:
        return memory_exchange(arg);
    case XENMEM_maximum_ram_page:
        return max_page;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return reservation_size(cmd & COMMAND_MASK, arg);
    case XENMEM_machphys_mapping:
        return machphys_mapping(arg);
    case XENMEM_machphys_mfn_list:
        return machphys_mfn_list(arg);
    case XENMEM_memory_map:
        return memory_map(arg);
    case XENMEM_set_memory_map:
        return set_memory_map(arg);
    case XENMEM_machine_memory_map:
        return machine_memory_map(arg);
    case XENMEM_add_to_physmap:
        return add_to_physmap(arg);
    case XENMEM_remove_from_physmap:
        return remove_from_physmap(arg);
    default:
        return refuse(REFUSED_command, -ENOSYS, INVALID_MFN, cmd & COMMAND_MASK);
    }
}
