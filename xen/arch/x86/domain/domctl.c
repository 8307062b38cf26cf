/* SPDX-License-Identifier: MIT */
/* domctl: commands about frames, devices, and the processor. */
#include <asm/device_access.h>
#include <asm/domctl.h>
#include <asm/emulate.h>
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/domain.h>
#include <xen/operation.h>

#define MAX_LISTED  (1u << 20) /* most frames that getmemlist lists */
#define MAX_QUERIED 1024
#define TSC_DEFAULT 0
#define TSC_NEVER   2

/* --- Frames */

/* The domain's own frames, without those that the hypervisor shares with it. */
static bool belongs_to(mfn_t mfn, const struct domain *d)
{
    return mfn < max_page && mfn_to_page(mfn)->owner == d && mfn_to_page(mfn)->count & PGC_allocated;
}

long domctl_getmemlist(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getmemlist *list = &op->u.getmemlist;
    uint64_t entry;
    uint32_t n = 0;

    if ((uint32_t)list->max_pfns > MAX_LISTED)
        return -EOPNOTSUPP;
    for (mfn_t mfn = 0; mfn < max_page && n < (uint32_t)list->max_pfns; mfn++) {
        if (point_due(mfn) && pause_point())
            return -ERESTART;
        if (!belongs_to(mfn, d))
            continue;
        entry = mfn;
        if (copy_to_guest(list->buffer.p + n, &entry, sizeof(entry)))
            return -EFAULT;
        n++;
    }
    list->num_pfns = n;
    return 0;
}

static uint32_t use_of(const struct page_info *page)
{
    if (page->type_info < PGT_one)
        return XEN_DOMCTL_PFINFO_NOTAB;
    switch (page->type_info & PGT_type_mask) {
    case PGT_l1_page_table:
        return XEN_DOMCTL_PFINFO_L1TAB;
    case PGT_l2_page_table:
        return XEN_DOMCTL_PFINFO_L2TAB;
    case PGT_l3_page_table:
        return XEN_DOMCTL_PFINFO_L3TAB;
    default:
        return XEN_DOMCTL_PFINFO_NOTAB;
    }
}

long domctl_getpageframeinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getpageframeinfo *info = &op->u.getpageframeinfo;
    mfn_t mfn = info->gmfn;

    if (mfn >= max_page || mfn_to_page(mfn)->owner != d)
        return -EINVAL;
    info->type = use_of(mfn_to_page(mfn));
    return 0;
}

static uint32_t type_and_pin(mfn_t mfn, const struct domain *d)
{
    const struct page_info *page;

    if (!belongs_to(mfn, d))
        return XEN_DOMCTL_PFINFO_XTAB;
    page = mfn_to_page(mfn);
    return use_of(page) | (page->type_info & PGT_pinned ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
}

long domctl_getpageframeinfo2(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_getpageframeinfo2 *info = &op->u.getpageframeinfo2;
    int32_t num = info->num;
    uint32_t *array = info->array.p, entry;

    if (num > MAX_QUERIED)
        return -E2BIG;
    for (int32_t i = 0; i < num; i++) {
        if (copy_from_guest(&entry, &array[i], sizeof(entry)))
            return -EFAULT;
        entry = type_and_pin(entry, d) | (op->cmd == XEN_DOMCTL_getpageframeinfo2 ? entry : 0);
        if (copy_to_guest(&array[i], &entry, sizeof(entry)))
            return -EFAULT;
        if (point_due(i) && pause_point())
            return -ERESTART;
    }
    return 0;
}

long domctl_hypercall_init(struct domain *d, struct xen_domctl *op)
{
    mfn_t mfn = op->u.hypercall_init.gmfn;
    struct page_info *page = mfn_to_page(mfn);

    if (mfn >= max_page || get_page_and_type(page, d, PGT_writable_page))
        return -EACCES;
    write_hypercall_page(map_frame(mfn));
    put_page_and_type(page);
    return 0;
}

/* --- vCPUs */

/* Neither SYSCALL nor SYSENTER enters a 32-bit guest's kernel; there are no machine-check banks. */
long domctl_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_ext_vcpucontext *c = &op->u.ext_vcpucontext;
    uint32_t vcpu = c->vcpu;

    if (vcpu >= MAX_VCPUS || !d->vcpu[vcpu])
        return -ESRCH;
    if (op->cmd == XEN_DOMCTL_get_ext_vcpucontext) {
        *c = (struct xen_domctl_ext_vcpucontext){.vcpu = vcpu, .size = sizeof(*c)};
        return 0;
    }
    if (c->size < offsetof(struct xen_domctl_ext_vcpucontext, mcg_cap) || c->sysenter_callback_cs & ~3 ||
        c->sysenter_callback_eip || c->syscall32_callback_cs & ~3 || c->syscall32_callback_eip)
        return -EINVAL;
    if (c->size >= sizeof(*c) && c->mcg_cap)
        return -EPERM;
    return 0;
}

/* All domains read the processor's TSC, and time since the machine's boot. */
long domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_guest_tsc_info info = {.tsc_mode = TSC_DEFAULT, .gtsc_khz = tsc_khz, .elapsed_nsec = system_time()};

    return copy_to_guest(op->u.tsc_info.out_info.p, &info, sizeof(info));
}

long domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
    uint32_t mode = op->u.tsc_info.info.tsc_mode;

    return mode == TSC_DEFAULT || mode == TSC_NEVER ? 0 : -EOPNOTSUPP;
}

/* --- Ranges: what Xen looks at before it looks for the domain. Frames' numbers have 32 bits there, too. */

static bool frames_ok(uint32_t first, uint32_t count)
{
    return count && first + count - 1 >= first;
}

static bool memory_mapping_ok(const struct xen_domctl_memory_mapping *m)
{
    uint32_t first = m->first_mfn, last = first + (uint32_t)m->nr_mfns - 1, frame_bits = physical_bits() - PAGE_SHIFT;

    return frames_ok(first, m->nr_mfns) && frames_ok(m->first_gfn, m->nr_mfns) &&
           (frame_bits >= 32 || !((first | last) >> frame_bits));
}

static bool ioport_mapping_ok(const struct xen_domctl_ioport_mapping *m)
{
    return (m->first_gport | m->first_mport | (m->nr_ports - 1)) < 0x10000 && m->first_gport + m->nr_ports <= 0x10000 &&
           m->first_mport + m->nr_ports <= 0x10000;
}

bool domctl_range_ok(const xen_domctl_t *op)
{
    const struct xen_domctl_ioport_permission *ports = &op->u.ioport_permission;

    switch (op->cmd) {
    case XEN_DOMCTL_iomem_permission:
        return frames_ok(op->u.iomem_permission.first_mfn, op->u.iomem_permission.nr_mfns);
    case XEN_DOMCTL_ioport_permission:
        return ports->nr_ports <= NR_PORTS && ports->first_port <= NR_PORTS - ports->nr_ports;
    case XEN_DOMCTL_memory_mapping:
        return memory_mapping_ok(&op->u.memory_mapping);
    case XEN_DOMCTL_ioport_mapping:
        return ioport_mapping_ok(&op->u.ioport_mapping);
    default:
        return true;
    }
}

/* --- Devices. As on later releases of Xen, nobody gives what he does not have himself. What is mapped when frames are
 * taken away stays mapped, as on Xen. */

static long give_or_take(struct rangeset *to, const struct rangeset *from, uint32_t first, uint32_t last, bool give)
{
    if (!give)
        return rangeset_remove(to, first, last);
    return rangeset_contains(from, first, last) ? rangeset_add(to, first, last) : -EPERM;
}

static long change_frames(struct domain *d, uint32_t first, uint32_t count, bool give)
{
    return give_or_take(&d->arch.frames_permitted, &this_cpu.domain->arch.frames_permitted, first, first + count - 1,
                        give);
}

static long change_ports(struct domain *d, uint32_t first, uint32_t count, bool give)
{
    return give_or_take(&d->arch.ports_permitted, &this_cpu.domain->arch.ports_permitted, first, first + count - 1,
                        give);
}

long domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;

    return change_frames(d, p->first_mfn, p->nr_mfns, p->allow_access);
}

long domctl_ioport_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_ioport_permission *p = &op->u.ioport_permission;

    return p->nr_ports ? change_ports(d, p->first_port, p->nr_ports, p->allow_access) : 0;
}

/* For a domain that translates its own frames, as all do here, a mapping is a permission. */
long domctl_memory_mapping(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;

    return change_frames(d, m->first_mfn, m->nr_mfns, m->add_mapping);
}

long domctl_ioport_mapping(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_ioport_mapping *m = &op->u.ioport_mapping;

    return change_ports(d, m->first_mport, m->nr_ports, m->add_mapping);
}
