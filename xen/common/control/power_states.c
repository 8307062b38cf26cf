/* SPDX-License-Identifier: MIT */
/*
 * set_processor_pminfo: what ACPI says of the processor's power states. Only a kernel can run ACPI's methods, so domain
 * 0's does, and hands over what they said. Int82 idles by HLT, and leaves the frequency as firmware has set it. So what
 * it is told is checked and answered as by a Xen 4.2 without a driver for frequencies, and not kept.
 */
#include <asm/guest_access.h>
#include <xen/control.h>
#include <xen/machine.h>

#define MAX_STATES 255 /* elements of an ACPI package, which each of these lists is one of */

/* Who coordinates the frequencies of several processors: 1 the hardware, all of them, any of them. */
#define FIRST_SHARED_TYPE 1
#define LAST_SHARED_TYPE  3

/* The processor that this is about is the one in use. */
static bool is_ours(uint32_t id)
{
    return id != NO_ACPI_ID && id == cpu_acpi_id();
}

static long read_states(const void *states, uint32_t count, uint32_t size)
{
    struct xen_processor_px state; /* the larger one */

    spend(count * size / BYTES_PER_STEP);
    for (uint32_t i = 0; i < count; i++)
        if (copy_from_guest(&state, (const char *)states + i * size, size))
            return -EFAULT;
    return 0;
}
_Static_assert(sizeof(xen_processor_cx_t) <= sizeof(xen_processor_px_t), "read into one");

static long set_idle_states(uint32_t id, const struct xen_processor_power *power)
{
    if (!guest_array_ok(power->states, power->count, sizeof(*power->states)))
        return -EFAULT;
    if (!is_ours(id) || power->count > MAX_STATES)
        return -EINVAL;
    return read_states(power->states, power->count, sizeof(*power->states));
}

static bool registers_agree(const struct xen_processor_performance *perf)
{
    return !(perf->flags & XEN_PX_PCT) || perf->control_register.space_id == perf->status_register.space_id;
}

static bool coordination_is_known(const struct xen_processor_performance *perf)
{
    return !(perf->flags & XEN_PX_PSD) ||
           (perf->shared_type >= FIRST_SHARED_TYPE && perf->shared_type <= LAST_SHARED_TYPE);
}

static long set_frequencies(uint32_t id, const struct xen_processor_performance *perf)
{
    static bool complete; /* all has been told. What is a limit then, is an order to a driver */

    if (!is_ours(id) || !registers_agree(perf))
        return -EINVAL;
    if (perf->flags & XEN_PX_PSS) {
        if (perf->state_count <= 1 || perf->state_count > MAX_STATES)
            return -EINVAL;
        if (read_states(perf->states, perf->state_count, sizeof(*perf->states)))
            return -EFAULT;
    }
    if (!coordination_is_known(perf))
        return -EINVAL;
    if (perf->flags & XEN_PX_PPC && complete)
        return -ENODEV;
    complete |= perf->flags == (XEN_PX_PCT | XEN_PX_PSS | XEN_PX_PPC | XEN_PX_PSD);
    return 0;
}

/* The kernel is about to tell firmware (_PDC) what it and the hypervisor can do. */
static long set_pdc(uint32_t id, uint32_t *pdc)
{
    struct {
        uint32_t revision, count;
    } head;
    uint32_t bits;

    if (copy_from_guest(&head, pdc, sizeof(head)))
        return -EFAULT;
    if (head.revision != PDC_REVISION || !head.count)
        return -EINVAL;
    if (copy_from_guest(&bits, pdc + 2, sizeof(bits)))
        return -EFAULT;
    if (id != PDC_BOOT_CPU && !is_ours(id))
        return -EINVAL;
    bits = cpu_pdc_bits(bits);
    return copy_to_guest(pdc + 2, &bits, sizeof(bits));
}

long set_power_states(const struct xenpf_set_processor_pminfo *info)
{
    switch (info->type) {
    case XEN_PM_CX:
        return set_idle_states(info->id, &info->u.power);
    case XEN_PM_PX:
        return set_frequencies(info->id, &info->u.perf);
    case XEN_PM_TX:
        return -ENOSYS;
    case XEN_PM_PDC:
        return set_pdc(info->id, info->u.pdc);
    default:
        return -EINVAL;
    }
}
