/* SPDX-License-Identifier: MIT */
/*
 * domctl: domain 0 creates, controls and destroys domains (docs/control.md). As on Xen, there is one such call at a
 * time; others wait. The domain that it is about is held, so its structure stays.
 *
 * To add an operation: a number and a structure in public/domctl.h, a function, and its line in operations[].
 */
#include <asm/domctl.h>
#include <asm/guest_access.h>
#include <asm/pirq.h>
#include <xen/control.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/schedule.h>

#define MAX_VIRT_CPUS         32 /* as on Xen; from MAX_VCPUS on no vCPU exists */
#define MAX_CONTROLLER_PAUSES 255
#define NO_CAP                0xFFFF

static struct vcpu *holder; /* who is in a domctl */

/* --- Creating and ending */

/* The next free number after the last one that was chosen here. 0: none is free. */
static uint16_t choose_domid(void)
{
    static uint16_t last;
    uint16_t domid = last;

    do {
        domid = domid < DOMID_FIRST_RESERVED - 1 ? domid + 1 : 1;
        if (!domid_in_use(domid)) {
            last = domid;
            return domid;
        }
    } while (domid != last);
    return 0;
}

static long createdomain(struct domain *unused, xen_domctl_t *op)
{
    const struct xen_domctl_createdomain *create = &op->u.createdomain;
    uint16_t domid = op->domain;
    struct domain *d;

    if (create->flags & ~(XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_oos_off))
        return -EINVAL;
    if (domid == 0 || domid >= DOMID_FIRST_RESERVED) {
        domid = choose_domid();
        if (!domid)
            return -ENOMEM;
    } else if (domid_in_use(domid))
        return -EINVAL;
    d = create_domain(domid, 0, false);
    if (!d)
        return -ENOMEM;
    snprintf(d->name, sizeof(d->name), "Domain-%u", domid);
    memcpy(d->handle, create->handle, sizeof(d->handle));
    d->controller_pauses = 1;
    domain_pause(d);
    update_wallclock(d);
    op->domain = domid;
    return 0;
}

static __may_switch long destroydomain(struct domain *d, xen_domctl_t *op)
{
    return domain_kill(d);
}

static __may_switch long max_vcpus(struct domain *d, xen_domctl_t *op)
{
    uint32_t max = op->u.max_vcpus.max;

    if (d == this_cpu.domain || max > MAX_VCPUS || (max < d->max_vcpus && d->vcpu[max]))
        return -EINVAL;
    if (d->max_vcpus && max > d->max_vcpus)
        return -EBUSY;
    d->max_vcpus = MAX(max, d->max_vcpus);
    for (uint32_t i = 0; i < max; i++) {
        if (d->vcpu[i])
            continue;
        if (effort_spent() && pause_point())
            return -ERESTART;
        if (!alloc_vcpu(d, i))
            return -ENOMEM;
    }
    return 0;
}

static long max_mem(struct domain *d, xen_domctl_t *op)
{
    uint64_t pages = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);

    d->max_pages = MIN(pages, UINT32_MAX);
    return 0;
}

static long setdomainhandle(struct domain *d, xen_domctl_t *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

/* --- Running and not */

static long pausedomain(struct domain *d, xen_domctl_t *op)
{
    if (d == this_cpu.domain)
        return -EINVAL;
    if (d->controller_pauses == MAX_CONTROLLER_PAUSES)
        return -EUSERS;
    d->controller_pauses++;
    domain_pause(d);
    return 0;
}

static long unpausedomain(struct domain *d, xen_domctl_t *op)
{
    if (!d->controller_pauses)
        return -EINVAL;
    d->controller_pauses--;
    domain_unpause(d);
    return 0;
}

static long resumedomain(struct domain *d, xen_domctl_t *op)
{
    domain_resume(d);
    return 0;
}

/* Weights are supported (xen/schedule.h). Caps are not, so the only cap that is accepted is none. */
static long scheduler_op(struct domain *d, xen_domctl_t *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;

    if (s->sched_id != XEN_SCHEDULER_CREDIT)
        return -EINVAL;
    switch (s->cmd) {
    case XEN_DOMCTL_SCHEDOP_getinfo:
        s->u.credit.weight = d->weight;
        s->u.credit.cap = 0;
        return 0;
    case XEN_DOMCTL_SCHEDOP_putinfo:
        if (s->u.credit.cap && s->u.credit.cap != NO_CAP)
            return -EOPNOTSUPP;
        if (s->u.credit.weight)
            set_weight(d, s->u.credit.weight);
        return 0;
    default:
        return -EINVAL;
    }
}

/* The only CPU is number 0. */
static long setvcpuaffinity(struct domain *d, xen_domctl_t *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    uint8_t cpus = 0;

    if (a->vcpu >= d->max_vcpus)
        return -EINVAL;
    if (!d->vcpu[a->vcpu])
        return -ESRCH;
    if (a->cpumap.nr_cpus && copy_from_guest(&cpus, a->cpumap.bitmap, 1))
        return -EFAULT;
    return cpus & 1 ? 0 : -EINVAL;
}

static __may_switch long getvcpuaffinity(struct domain *d, xen_domctl_t *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    uint32_t bytes = a->cpumap.nr_cpus / 8 + !!(a->cpumap.nr_cpus % 8);
    uint8_t cpus = 1;

    if (a->vcpu >= d->max_vcpus)
        return -EINVAL;
    if (!d->vcpu[a->vcpu])
        return -ESRCH;
    for (uint32_t i = 0; i < bytes; i++) {
        if (copy_to_guest(a->cpumap.bitmap + i, &cpus, 1))
            return -EFAULT;
        cpus = 0;
        if (point_due(i) && pause_point())
            return -ERESTART;
    }
    return 0;
}

static long sendtrigger(struct domain *d, xen_domctl_t *op)
{
    const struct xen_domctl_sendtrigger *t = &op->u.sendtrigger;
    struct vcpu *v;

    if (t->vcpu >= MAX_VIRT_CPUS)
        return -EINVAL;
    v = t->vcpu < MAX_VCPUS ? d->vcpu[t->vcpu] : NULL;
    if (!v)
        return -ESRCH;
    switch (t->trigger) {
    case XEN_DOMCTL_SENDTRIGGER_NMI:
        send_nmi(v);
        return 0;
    case XEN_DOMCTL_SENDTRIGGER_POWER: /* these are buttons of HVM domains */
    case XEN_DOMCTL_SENDTRIGGER_SLEEP:
        return -EINVAL;
    default:
        return -ENOSYS;
    }
}

/* --- Registers */

_Static_assert(sizeof(vcpu_guest_context_t) <= PAGE_SIZE, "one page is allocated");

static __may_switch long first_context(struct vcpu *v, const vcpu_guest_context_t *context)
{
    long rc = arch_set_info_guest(v, context);

    if (rc)
        return rc;
    v->is_initialised = true;
    if (!v->vcpu_id) {
        set_vm_assist(v->domain, context->vm_assist & ((2u << MAX_VMASST_TYPE) - 1));
        update_wallclock(v->domain);
    }
    return 0;
}

static __may_switch void reset_vcpu(struct vcpu *v)
{
    vcpu_set_online(v, false);
    v->is_initialised = false;
    arch_reset_vcpu(v);
}

/* Waits until v, which is paused, is on its way out and nobody else works on its domain's memory. Then sets its
 * registers; context NULL: v becomes as it was made. */
static __may_switch long install_context(struct vcpu *v, const vcpu_guest_context_t *context)
{
    long rc = v->is_initialised ? stop_at_exit(v) : 0;

    if (!rc)
        rc = begin_operation(v->domain);
    if (rc)
        return rc;
    if (!context)
        reset_vcpu(v);
    else
        rc = v->is_initialised ? arch_change_info_guest(v, context) : first_context(v, context);
    if (context && !rc)
        vcpu_set_online(v, context->flags & VGCF_online);
    end_operation();
    return rc;
}

static __may_switch long setvcpucontext(struct domain *d, xen_domctl_t *op)
{
    uint32_t id = op->u.vcpucontext.vcpu;
    vcpu_guest_context_t *context;
    long rc;

    if (d == this_cpu.domain || id >= d->max_vcpus || !d->vcpu[id])
        return -EINVAL;
    context = alloc_heap_pages(0);
    if (!context)
        return -ENOMEM;
    if (op->u.vcpucontext.ctxt.p && copy_from_guest(context, op->u.vcpucontext.ctxt.p, sizeof(*context)))
        rc = -EFAULT;
    else {
        domain_pause(d);
        rc = install_context(d->vcpu[id], op->u.vcpucontext.ctxt.p ? context : NULL);
        domain_unpause(d);
    }
    free_heap_pages(context, 0);
    return rc;
}

/* A vCPU cannot read its own registers: it is in the middle of this call. */
static __may_switch long getvcpucontext(struct domain *d, xen_domctl_t *op)
{
    uint32_t id = op->u.vcpucontext.vcpu;
    vcpu_guest_context_t *context;
    struct vcpu *v;
    long rc;

    if (id >= d->max_vcpus)
        return -EINVAL;
    v = d->vcpu[id];
    if (!v)
        return -ESRCH;
    if (!v->is_initialised)
        return -ENODATA;
    if (v == current)
        return -EINVAL;
    context = alloc_heap_pages(0);
    if (!context)
        return -ENOMEM;
    vcpu_pause(v);
    rc = stop_at_exit(v);
    if (!rc)
        arch_get_info_guest(v, context);
    vcpu_unpause(v);
    if (!rc)
        rc = copy_to_guest(op->u.vcpucontext.ctxt.p, context, sizeof(*context));
    free_heap_pages(context, 0);
    return rc;
}

static long getvcpuinfo(struct domain *d, xen_domctl_t *op)
{
    struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
    struct vcpu_runstate_info run;
    const struct vcpu *v;

    if (info->vcpu >= d->max_vcpus)
        return -EINVAL;
    v = d->vcpu[info->vcpu];
    if (!v)
        return -ESRCH;
    get_runstate(v, &run);
    info->online = v->state != VCPU_OFFLINE;
    info->blocked = v->state == VCPU_BLOCKED;
    info->running = v == current;
    info->cpu_time = run.time[RUNSTATE_running];
    info->cpu = 0;
    return 0;
}

/* --- Looking */

void get_domain_info(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_blocked;
    const struct vcpu *v;

    memset(info, 0, sizeof(*info));
    for_each_vcpu(d, v)
    {
        struct vcpu_runstate_info run;

        get_runstate(v, &run);
        info->cpu_time += run.time[RUNSTATE_running];
        info->max_vcpu_id = v->vcpu_id;
        if (v->state == VCPU_OFFLINE)
            continue;
        info->nr_online_vcpus++;
        if (v->state != VCPU_BLOCKED)
            flags &= ~XEN_DOMINF_blocked;
        if (v == current)
            flags |= XEN_DOMINF_running;
    }
    info->domain = d->domain_id;
    info->flags = (info->nr_online_vcpus ? flags : 0) | (d->is_dying ? XEN_DOMINF_dying : 0) |
                  (d->is_shut_down ? XEN_DOMINF_shutdown : 0) | (d->controller_pauses ? XEN_DOMINF_paused : 0) |
                  (d->debugger_attached ? XEN_DOMINF_debugged : 0) | d->shutdown_code << XEN_DOMINF_shutdownshift;
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->shared_info_frame = virt_to_mfn(d->shared_info);
    memcpy(info->handle, d->handle, sizeof(info->handle));
}

/* The first domain with at least that number. */
static long getdomaininfo(struct domain *unused, xen_domctl_t *op)
{
    const struct domain *d = next_domain(op->domain);

    if (!d)
        return -ESRCH;
    get_domain_info(d, &op->u.getdomaininfo);
    op->domain = d->domain_id;
    return 0;
}

/* --- The rest */

/* No domain stops for a debugger here, so none can be attached. */
static long setdebugging(struct domain *d, xen_domctl_t *op)
{
    if (d == this_cpu.domain)
        return -EINVAL;
    return op->u.setdebugging.enable ? -EOPNOTSUPP : 0;
}

static long settimeoffset(struct domain *d, xen_domctl_t *op)
{
    d->time_offset = op->u.settimeoffset.time_offset_seconds;
    update_wallclock(d);
    return 0;
}

static long subscribe(struct domain *d, xen_domctl_t *op)
{
    d->suspend_port = op->u.subscribe.port < NR_EVENT_CHANNELS ? op->u.subscribe.port : 0;
    return 0;
}

/* There is no migration, so there is nothing to forbid. */
static long disable_migrate(struct domain *d, xen_domctl_t *op)
{
    return 0;
}

static long set_address_size(struct domain *d, xen_domctl_t *op)
{
    return op->u.address_size.size == 32 ? 0 : -EINVAL;
}

static long get_address_size(struct domain *d, xen_domctl_t *op)
{
    op->u.address_size.size = 32;
    return 0;
}

static long irq_permission(struct domain *d, xen_domctl_t *op)
{
    return pirq_permission(d, op->u.irq_permission.pirq, op->u.irq_permission.allow_access);
}

/* Commands for HVM domains: there are none. */
static long not_for_pv(struct domain *d, xen_domctl_t *op)
{
    return -EINVAL;
}

/* Commands that Xen has and Int82 does not: they ask for a domain first, as there. */
static long not_supported(struct domain *d, xen_domctl_t *op)
{
    return -EOPNOTSUPP;
}

static long no_iommu(struct domain *d, xen_domctl_t *op)
{
    return -EPERM;
}

/* --- The table. Commands that are not in it answer -ENOSYS. */

static const struct operation {
    uint32_t cmd;
    domctl_t *function;
    bool answers;  /* in the argument */
    int no_domain; /* the answer if there is no such domain; 0: none is needed */
} operations[] = {
    {XEN_DOMCTL_createdomain, createdomain, true, 0},
    {XEN_DOMCTL_destroydomain, destroydomain, false, -ESRCH},
    {XEN_DOMCTL_pausedomain, pausedomain, false, -ESRCH},
    {XEN_DOMCTL_unpausedomain, unpausedomain, false, -ESRCH},
    {XEN_DOMCTL_getdomaininfo, getdomaininfo, true, 0},
    {XEN_DOMCTL_getmemlist, domctl_getmemlist, true, -EINVAL},
    {XEN_DOMCTL_getpageframeinfo, domctl_getpageframeinfo, true, -EINVAL},
    {XEN_DOMCTL_getpageframeinfo2, domctl_getpageframeinfo2, false, -ESRCH},
    {XEN_DOMCTL_getpageframeinfo3, domctl_getpageframeinfo2, false, -ESRCH},
    {XEN_DOMCTL_setvcpuaffinity, setvcpuaffinity, false, -ESRCH},
    {XEN_DOMCTL_getvcpuaffinity, getvcpuaffinity, false, -ESRCH},
    {XEN_DOMCTL_max_mem, max_mem, false, -ESRCH},
    {XEN_DOMCTL_setvcpucontext, setvcpucontext, false, -ESRCH},
    {XEN_DOMCTL_getvcpucontext, getvcpucontext, true, -ESRCH},
    {XEN_DOMCTL_getvcpuinfo, getvcpuinfo, true, -ESRCH},
    {XEN_DOMCTL_max_vcpus, max_vcpus, false, -ESRCH},
    {XEN_DOMCTL_scheduler_op, scheduler_op, true, -ESRCH},
    {XEN_DOMCTL_setdomainhandle, setdomainhandle, false, -ESRCH},
    {XEN_DOMCTL_setdebugging, setdebugging, false, -ESRCH},
    {XEN_DOMCTL_irq_permission, irq_permission, false, -ESRCH},
    {XEN_DOMCTL_iomem_permission, domctl_iomem_permission, false, -ESRCH},
    {XEN_DOMCTL_ioport_permission, domctl_ioport_permission, false, -ESRCH},
    {XEN_DOMCTL_hypercall_init, domctl_hypercall_init, false, -ESRCH},
    {XEN_DOMCTL_settimeoffset, settimeoffset, false, -ESRCH},
    {XEN_DOMCTL_resumedomain, resumedomain, false, -ESRCH},
    {XEN_DOMCTL_sendtrigger, sendtrigger, false, -ESRCH},
    {XEN_DOMCTL_subscribe, subscribe, false, -ESRCH},
    {XEN_DOMCTL_gethvmcontext, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_sethvmcontext, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_set_address_size, set_address_size, false, -ESRCH},
    {XEN_DOMCTL_get_address_size, get_address_size, true, -ESRCH},
    {XEN_DOMCTL_set_ext_vcpucontext, domctl_ext_vcpucontext, false, -ESRCH},
    {XEN_DOMCTL_get_ext_vcpucontext, domctl_ext_vcpucontext, true, -ESRCH},
    {XEN_DOMCTL_debug_op, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_disable_migrate, disable_migrate, false, -ESRCH},
    {XEN_DOMCTL_gettscinfo, domctl_gettscinfo, false, -ESRCH},
    {XEN_DOMCTL_settscinfo, domctl_settscinfo, false, -ESRCH},
    {XEN_DOMCTL_gethvmcontext_partial, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_bind_pt_irq, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_pin_mem_cacheattr, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_shadow_op, not_for_pv, false, -ESRCH},
    {XEN_DOMCTL_unbind_pt_irq, no_iommu, false, -ESRCH},
    {XEN_DOMCTL_memory_mapping, domctl_memory_mapping, false, -ESRCH},
    {XEN_DOMCTL_ioport_mapping, domctl_ioport_mapping, false, -ESRCH},
    {XEN_DOMCTL_set_target, not_supported, false, -ESRCH},
    {XEN_DOMCTL_set_cpuid, not_supported, false, -ESRCH},
    {XEN_DOMCTL_set_machine_address_size, not_supported, false, -ESRCH},
    {XEN_DOMCTL_get_machine_address_size, not_supported, false, -ESRCH},
    {XEN_DOMCTL_suppress_spurious_page_faults, not_supported, false, -ESRCH},
    {XEN_DOMCTL_setvcpuextstate, not_supported, false, -ESRCH},
    {XEN_DOMCTL_getvcpuextstate, not_supported, false, -ESRCH},
    {XEN_DOMCTL_set_virq_handler, not_supported, false, -ESRCH},
    {XEN_DOMCTL_gdbsx_guestmemio, not_supported, false, -ESRCH},
    {XEN_DOMCTL_gdbsx_pausevcpu, not_supported, false, -ESRCH},
    {XEN_DOMCTL_gdbsx_unpausevcpu, not_supported, false, -ESRCH},
    {XEN_DOMCTL_gdbsx_domstatus, not_supported, false, -ESRCH},
};

static const struct operation *find_operation(uint32_t cmd)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++)
        if (operations[i].cmd == cmd)
            return &operations[i];
    return NULL;
}

static __may_switch long run(const struct operation *o, xen_domctl_t *op)
{
    struct domain *d;
    long rc;

    if (!o->no_domain)
        return o->function(NULL, op);
    if (!domctl_range_ok(op))
        return -EINVAL;
    d = op->domain < DOMID_FIRST_RESERVED ? domain_by_id(op->domain) : NULL;
    if (!d || d->is_dying)
        return o->no_domain;
    hold_domain(d);
    rc = o->function(d, op);
    release_domain(d);
    return rc;
}

long do_domctl(xen_domctl_t *arg)
{
    const struct operation *o;
    xen_domctl_t op;
    long rc;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;
    if (!this_cpu.domain->is_privileged)
        return -EPERM;
    o = find_operation(op.cmd);
    if (!o)
        return -ENOSYS;
    rc = wait_for_holder(&holder);
    if (!rc) {
        holder = current;
        rc = run(o, &op);
        holder = NULL;
    }
    if (rc == -ERESTART)
        return restart_call(__HYPERVISOR_domctl, 0, 0, 0, 0);
    if (!rc && o->answers && copy_to_guest(arg, &op, sizeof(op)))
        rc = -EFAULT;
    return rc;
}
