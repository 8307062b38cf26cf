/* SPDX-License-Identifier: MIT */
/* xen_version: what the hypervisor is. Guests are told 4.2, because the interface is that of Xen 4.2; the extra version
 * has our own name. */
#include <asm/guest_access.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/version.h>

#ifndef XEN_REV
#define XEN_REV "unknown"
#endif

/* Guests get each array as a whole, so the bytes behind the text must be 0. */
static const xen_extraversion_t extraversion = XEN_EXTRAVERSION;
static const xen_capabilities_info_t capabilities = "xen-3.0-x86_32p ";
static const xen_changeset_info_t changeset = "Int82 " INT82_VERSION " " XEN_REV;
static const struct xen_compile_info compile_info = {
    .compiler = "gcc " __VERSION__,
    .compile_by = "int82",
    .compile_domain = "",
    .compile_date = "", /* the same source gives the same image */
};

static uint32_t features_of(const struct domain *d)
{
    uint32_t features =
        1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist | 1u << XENFEAT_gnttab_map_avail_bits;

    if (d->vm_assist & 1u << VMASST_TYPE_pae_extended_cr3)
        features |= 1u << XENFEAT_pae_pgdir_above_4gb;
    if (d == dom0)
        features |= 1u << XENFEAT_dom0;
    return features;
}

static long get_features(struct xen_feature_info *arg)
{
    struct xen_feature_info info;

    if (copy_from_guest(&info, arg, sizeof(info)))
        return -EFAULT;
    if (info.submap_idx != 0)
        return -EINVAL;
    info.submap = features_of(this_cpu.domain);
    return copy_to_guest(arg, &info, sizeof(info));
}

/* Pending events are delivered on the way out of this call in any case: guests use it for that. */
static long get_version(void)
{
    if (event_deliverable(current))
        this_cpu.work |= WORK_UPCALL;
    return XEN_VERSION;
}

long do_xen_version(uint32_t cmd, void *arg)
{
    static const struct xen_platform_parameters parameters = {.virt_start = HYPERVISOR_VIRT_START};

    switch (cmd) {
    case XENVER_version:
        return get_version();
    case XENVER_extraversion:
        return copy_to_guest(arg, extraversion, sizeof(extraversion));
    case XENVER_compile_info:
        return copy_to_guest(arg, &compile_info, sizeof(compile_info));
    case XENVER_capabilities:
        return copy_to_guest(arg, capabilities, sizeof(capabilities));
    case XENVER_changeset:
        return copy_to_guest(arg, changeset, sizeof(changeset));
    case XENVER_platform_parameters:
        return copy_to_guest(arg, &parameters, sizeof(parameters));
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return arg ? -EINVAL : PAGE_SIZE;
    case XENVER_guest_handle:
        return copy_to_guest(arg, this_cpu.domain->handle, sizeof(this_cpu.domain->handle));
    case XENVER_commandline:
        return copy_to_guest(arg, saved_cmdline, sizeof(saved_cmdline));
    default:
        return -ENOSYS;
    }
}
