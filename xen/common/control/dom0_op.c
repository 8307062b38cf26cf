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
#include <xen/counters.h>
#include <xen/domain.h>
#include <xen/faults.h>
#include <xen/hypercall.h>
#include <xen/machine.h>
#include <xen/operation.h>
#include <xen/served.h>

/* Each works on the hypervisor's copy of the argument. With 0 as result, it is copied back where the table says so. */
typedef long operation_t(xen_platform_op_t *op);

/* --- Time */

static long settime(xen_platform_op_t *op)
{
    const struct xenpf_settime *t = &op->u.settime;
    uint32_t nsec;
    uint64_t sec;

    sec = div64((uint64_t)t->secs * NS_PER_S + t->nsecs - t->system_time, NS_PER_S, &nsec);
    set_wallclock(sec, nsec);
    return 0;
}

/* --- CPUs: there is one, number 0 */

static long get_cpuinfo(xen_platform_op_t *op)
{
    struct xenpf_pcpuinfo *info = &op->u.pcpu_info;

    if (info->xen_cpuid == 0) {
        info->apic_id = read_cpuid(1, 0).ebx >> 24;
        info->acpi_id = 0;
        info->flags = XEN_PCPU_FLAGS_ONLINE;
    } else
        info->flags = XEN_PCPU_FLAGS_INVALID;
    info->max_present = 0;
    return 0;
}

static long get_cpu_version(xen_platform_op_t *op)
{
    struct xenpf_pcpu_version *v = &op->u.pcpu_version;
    uint32_t cpu = v->xen_cpuid, signature;
    struct cpuid_leaf vendor;

    memset(v, 0, sizeof(*v));
    v->xen_cpuid = cpu;
    if (cpu != 0)
        return 0;
    vendor = read_cpuid(0, 0);
    memcpy(v->vendor_id, &vendor.ebx, 4);
    memcpy(v->vendor_id + 4, &vendor.edx, 4);
    memcpy(v->vendor_id + 8, &vendor.ecx, 4);
    signature = read_cpuid(1, 0).eax;
    v->family = signature >> 8 & 0xF;
    v->model = signature >> 4 & 0xF;
    v->stepping = signature & 0xF;
    if (v->family == 0xF)
        v->family += signature >> 20 & 0xFF;
    if (v->family >= 6)
        v->model |= signature >> 12 & 0xF0;
    return 0;
}

static long cpu_online(xen_platform_op_t *op)
{
    return *(const uint32_t *)&op->u == 0 ? 0 : -EINVAL;
}

static long cpu_offline(xen_platform_op_t *op)
{
    return *(const uint32_t *)&op->u == 0 ? -EOPNOTSUPP : -EINVAL;
}

/* --- What Linux asks for and a machine without it refuses */

static long no_mtrrs(xen_platform_op_t *op)
{
    return -ENXIO;
}

static long no_such_register(xen_platform_op_t *op)
{
    return -EINVAL;
}

static long no_microcode_driver(xen_platform_op_t *op)
{
    return -EINVAL;
}

static long platform_quirk(xen_platform_op_t *op)
{
    uint32_t quirk = *(const uint32_t *)&op->u;

    return quirk >= 1 && quirk <= 3 ? 0 : -EINVAL; /* about IRQ balancing and I/O APICs: nothing to change */
}

static long firmware_info(xen_platform_op_t *op)
{
    uint32_t type = *(const uint32_t *)&op->u;

    return type >= 1 && type <= 3 ? -ESRCH : -EINVAL; /* disks, their signatures, the display's data: none known */
}

static long no_acpi_sleep(xen_platform_op_t *op)
{
    return -EPERM;
}

/* --- Counters */

static long op_get_counters(xen_platform_op_t *op)
{
    return get_counters(&op->u.int82);
}

static long op_reset_counters(xen_platform_op_t *op)
{
    return reset_counters();
}

static __may_switch long op_audit(xen_platform_op_t *op)
{
    return audit_op(&op->u.int82);
}

/* --- Faults on purpose */

static long op_corrupt(xen_platform_op_t *op)
{
    return corrupt_op(&op->u.int82_fault);
}

static long op_fail_allocation(xen_platform_op_t *op)
{
    return fail_allocation_op(&op->u.int82_fault);
}

static long op_preempt(xen_platform_op_t *op)
{
    return preempt_op(&op->u.int82_fault);
}

/* --- Services */

static __may_switch long serve_op(struct int82_serve *op, enum service service)
{
    struct domain *d;
    long rc = target_domain(op->domid, &d);

    return rc ?: serve(d, service, op->mfn, &op->port);
}

static __may_switch long serve_console(xen_platform_op_t *op)
{
    return serve_op(&op->u.int82_serve, SERVICE_CONSOLE);
}

static __may_switch long serve_store(xen_platform_op_t *op)
{
    return serve_op(&op->u.int82_serve, SERVICE_STORE);
}

/* --- Frames */

static long op_page_info(xen_platform_op_t *op)
{
    return page_info_op(&op->u.int82);
}

/* --- The table. Commands that are not in it answer -ENOSYS. */

static const struct {
    uint32_t cmd;
    operation_t *function;
    bool answers; /* in the argument */
} operations[] = {
    {XENPF_settime, settime, false},
    {XENPF_add_memtype, no_mtrrs, false},
    {XENPF_del_memtype, no_mtrrs, false},
    {XENPF_read_memtype, no_such_register, false},
    {XENPF_microcode_update, no_microcode_driver, false},
    {XENPF_platform_quirk, platform_quirk, false},
    {XENPF_get_cpu_version, get_cpu_version, true},
    {XENPF_firmware_info, firmware_info, false},
    {XENPF_enter_acpi_sleep, no_acpi_sleep, false},
    {XENPF_get_cpuinfo, get_cpuinfo, true},
    {XENPF_cpu_online, cpu_online, false},
    {XENPF_cpu_offline, cpu_offline, false},
    {INT82_OP_get_counters, op_get_counters, true},
    {INT82_OP_reset_counters, op_reset_counters, false},
    {INT82_OP_page_info, op_page_info, false},
    {INT82_OP_audit, op_audit, true},
    {INT82_OP_serve_console, serve_console, true},
    {INT82_OP_serve_store, serve_store, true},
    {INT82_OP_corrupt, op_corrupt, true},
    {INT82_OP_fail_allocation, op_fail_allocation, true},
    {INT82_OP_preempt, op_preempt, true},
};

long do_dom0_op(dom0_op_t *arg)
{
    xen_platform_op_t op;
    long rc = -ENOSYS;

    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++) {
        if (operations[i].cmd != op.cmd)
            continue;
        rc = operations[i].function(&op);
        if (rc == -ERESTART)
            return restart_call(__HYPERVISOR_dom0_op, 0, 0, 0, 0);
        if (!rc && operations[i].answers && copy_to_guest(arg, &op, sizeof(op)))
            rc = -EFAULT;
        break;
    }
    return rc;
}
