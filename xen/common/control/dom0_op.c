/* SPDX-License-Identifier: MIT */
/*
 * dom0_op (platform_op): domain 0 operates the machine.
 *
 * To add an operation: a number and a structure in public/platform.h (or int82.h), a function here, and its line in
 * operations[]. docs/adding-a-dom0-op.md goes through it.
 */
#include <asm/guest_access.h>
#include <asm/processor.h>
#include <public/int82.h>
#include <xen/audit.h>
#include <xen/control.h>
#include <xen/counters.h>
#include <xen/domain.h>
#include <xen/faults.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/operation.h>
#include <xen/served.h>

/* --- Time */

static long settime(union control_arg *op)
{
    const struct xenpf_settime *t = &op->platform.u.settime;
    uint32_t nsec;
    uint64_t sec;

    sec = div64((uint64_t)t->secs * NS_PER_S + t->nsecs - t->system_time, NS_PER_S, &nsec);
    set_wallclock(sec, nsec);
    return 0;
}

/* --- CPUs: there is one, number 0 */

static long get_cpuinfo(union control_arg *op)
{
    struct xenpf_pcpuinfo *info = &op->platform.u.pcpu_info;

    if (info->xen_cpuid == 0) {
        info->apic_id = cpu_apic_id();
        info->acpi_id = cpu_acpi_id();
        info->flags = XEN_PCPU_FLAGS_ONLINE;
    } else
        info->flags = XEN_PCPU_FLAGS_INVALID;
    info->max_present = 0;
    return 0;
}

static long get_cpu_version(union control_arg *op)
{
    struct xenpf_pcpu_version *v = &op->platform.u.pcpu_version;
    uint32_t cpu = v->xen_cpuid;

    memset(v, 0, sizeof(*v));
    v->xen_cpuid = cpu;
    if (cpu == 0)
        cpu_version(v);
    return 0;
}

static long cpu_online(union control_arg *op)
{
    return *(const uint32_t *)&op->platform.u == 0 ? 0 : -EINVAL;
}

static long cpu_offline(union control_arg *op)
{
    return *(const uint32_t *)&op->platform.u == 0 ? -EOPNOTSUPP : -EINVAL;
}

static long core_parking(union control_arg *op)
{
    struct xenpf_core_parking *p = &op->platform.u.core_parking;

    if (p->type == XEN_CORE_PARKING_GET)
        p->idle_nums = 0; /* one always works */
    return p->type == XEN_CORE_PARKING_GET || p->type == XEN_CORE_PARKING_SET ? 0 : -EINVAL;
}

static long set_processor_pminfo(union control_arg *op)
{
    return set_power_states(&op->platform.u.set_pminfo);
}

/* --- Questions of Linux that are refused, as on a machine without these things */

static long no_mtrrs(union control_arg *op)
{
    return -ENXIO;
}

static long no_such_register(union control_arg *op)
{
    return -EINVAL;
}

static long no_microcode_driver(union control_arg *op)
{
    return -EINVAL;
}

static long platform_quirk(union control_arg *op)
{
    uint32_t quirk = *(const uint32_t *)&op->platform.u;

    return quirk >= 1 && quirk <= 3 ? 0 : -EINVAL; /* about IRQ balancing and I/O APICs: nothing to change */
}

static long firmware_info(union control_arg *op)
{
    uint32_t type = *(const uint32_t *)&op->platform.u;

    if (type == 4)
        return -ENOSYS;                               /* EFI's */
    return type >= 1 && type <= 3 ? -ESRCH : -EINVAL; /* disks, their signatures, the display's data: there are none */
}

static long no_acpi_sleep(union control_arg *op)
{
    return -EPERM;
}

/* --- Counters */

static long op_get_counters(union control_arg *op)
{
    return get_counters(&op->platform.u.int82);
}

static long op_reset_counters(union control_arg *op)
{
    return reset_counters();
}

static __may_switch long op_audit(union control_arg *op)
{
    return audit_op(&op->platform.u.int82);
}

/* --- Faults on purpose */

static long op_corrupt(union control_arg *op)
{
    return corrupt_op(&op->platform.u.int82_fault);
}

static long op_fail_allocation(union control_arg *op)
{
    return fail_allocation_op(&op->platform.u.int82_fault);
}

static long op_preempt(union control_arg *op)
{
    return preempt_op(&op->platform.u.int82_fault);
}

/* --- Services */

static __may_switch long serve_op(struct int82_serve *op, enum service service)
{
    struct domain *d;
    long rc = target_domain(op->domid, &d);

    return rc ?: serve(d, service, op->mfn, &op->port);
}

static __may_switch long serve_console(union control_arg *op)
{
    return serve_op(&op->platform.u.int82_serve, SERVICE_CONSOLE);
}

static __may_switch long serve_store(union control_arg *op)
{
    return serve_op(&op->platform.u.int82_serve, SERVICE_STORE);
}

/* --- Frames */

static long op_page_info(union control_arg *op)
{
    return page_info_op(&op->platform.u.int82);
}

/* --- The table. Commands that are not in it answer -ENOSYS. */

static const struct control_op operations[] = {
    {XENPF_settime, settime, SILENT},
    {XENPF_add_memtype, no_mtrrs, SILENT},
    {XENPF_del_memtype, no_mtrrs, SILENT},
    {XENPF_read_memtype, no_such_register, SILENT},
    {XENPF_microcode_update, no_microcode_driver, SILENT},
    {XENPF_platform_quirk, platform_quirk, SILENT},
    {XENPF_get_cpu_version, get_cpu_version, ANSWERS},
    {XENPF_firmware_info, firmware_info, SILENT},
    {XENPF_enter_acpi_sleep, no_acpi_sleep, SILENT},
    {XENPF_set_processor_pminfo, set_processor_pminfo, SILENT},
    {XENPF_get_cpuinfo, get_cpuinfo, ANSWERS},
    {XENPF_cpu_online, cpu_online, SILENT},
    {XENPF_cpu_offline, cpu_offline, SILENT},
    {XENPF_core_parking, core_parking, ANSWERS},
    {INT82_OP_get_counters, op_get_counters, ANSWERS},
    {INT82_OP_reset_counters, op_reset_counters, SILENT},
    {INT82_OP_page_info, op_page_info, SILENT},
    {INT82_OP_audit, op_audit, ANSWERS},
    {INT82_OP_serve_console, serve_console, ANSWERS},
    {INT82_OP_serve_store, serve_store, ANSWERS},
    {INT82_OP_corrupt, op_corrupt, ANSWERS},
    {INT82_OP_fail_allocation, op_fail_allocation, ANSWERS},
    {INT82_OP_preempt, op_preempt, ANSWERS},
};

static const struct control_call call = {__HYPERVISOR_dom0_op, XENPF_INTERFACE_VERSION, operations,
                                         ARRAY_SIZE(operations)};

long do_dom0_op(dom0_op_t *arg)
{
    return control_call(&call, arg);
}
