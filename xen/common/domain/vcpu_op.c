/* SPDX-License-Identifier: MIT */
/* vcpu_op: starting, stopping, placing and timing vCPUs of the caller's domain. */
#include <asm/guest_access.h>
#include <asm/mm.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/schedule.h>

#define MAX_VIRT_CPUS  32 /* as on Xen; from MAX_VCPUS on no vCPU exists */
#define MIN_PERIOD     1000000ull
#define MAX_TIME_DELTA ((1ull << 62) - 1) /* ns, a period's upper bound */

_Static_assert(sizeof(struct vcpu_guest_context) <= PAGE_SIZE, "one page is allocated");

void vcpu_set_online(struct vcpu *v, bool online)
{
    if (online && v->state == VCPU_OFFLINE) {
        v->state = VCPU_RUNNABLE;
        vcpu_wake(v);
    } else if (!online) {
        if (v->state == VCPU_BLOCKED)
            vcpu_unblock(v); /* this ends its poll */
        v->state = VCPU_OFFLINE;
        vcpu_sleep(v);
    }
}

static long up(struct vcpu *v)
{
    if (!v->is_initialised)
        return -EINVAL;
    vcpu_set_online(v, true);
    return 0;
}

/* The context is on the heap, because it takes most of a page. */
static __may_switch long initialise(struct vcpu *v, const void *arg)
{
    struct vcpu_guest_context *context = alloc_heap_pages(0);
    long rc;

    if (!context)
        return -ENOMEM;
    if (copy_from_guest(context, arg, sizeof(*context)))
        rc = -EFAULT;
    else if (v->is_initialised)
        rc = -EEXIST;
    else {
        rc = arch_set_info_guest(v, context);
        v->is_initialised = !rc;
        if (!rc && context->flags & VGCF_online)
            up(v);
    }
    free_heap_pages(context, 0);
    return rc;
}

static long down(struct vcpu *v)
{
    vcpu_set_online(v, false);
    return 0;
}

static long get_runstate_info(const struct vcpu *v, void *arg)
{
    struct vcpu_runstate_info info;

    get_runstate(v, &info);
    return copy_to_guest(arg, &info, sizeof(info));
}

static long register_runstate_area(struct vcpu *v, const void *arg)
{
    struct vcpu_register_runstate_memory_area area;

    if (copy_from_guest(&area, arg, sizeof(area)) || !guest_range_ok(area.addr.v, sizeof(struct vcpu_runstate_info)))
        return -EFAULT;
    v->runstate_guest = area.addr.v;
    (void)get_runstate_info(v, v->runstate_guest); /* a page that is not there yet is filled at the next switch */
    return 0;
}

static long set_periodic_timer(struct vcpu *v, const void *arg)
{
    struct vcpu_set_periodic_timer set;

    if (copy_from_guest(&set, arg, sizeof(set)))
        return -EFAULT;
    if (set.period_ns < MIN_PERIOD || set.period_ns > MAX_TIME_DELTA)
        return -EINVAL;
    v->periodic_period = set.period_ns;
    update_periodic_timer(v);
    return 0;
}

static long stop_periodic_timer(struct vcpu *v)
{
    v->periodic_period = 0;
    update_periodic_timer(v);
    return 0;
}

static long set_singleshot_timer(struct vcpu *v, const void *arg)
{
    struct vcpu_set_singleshot_timer set;

    if (v != current)
        return -EINVAL;
    if (copy_from_guest(&set, arg, sizeof(set)))
        return -EFAULT;
    if (set.flags & VCPU_SSHOTTMR_future && set.timeout_abs_ns < system_time())
        return -ETIME;
    set_timer(&v->singleshot_timer, set.timeout_abs_ns);
    return 0;
}

static long stop_singleshot_timer(struct vcpu *v)
{
    if (v != current)
        return -EINVAL;
    stop_timer(&v->singleshot_timer);
    return 0;
}

void send_nmi(struct vcpu *v)
{
    v->nmi_pending = true;
    if (v == current)
        this_cpu.work |= WORK_UPCALL;
    else
        vcpu_unblock(v);
}

static long send_nmi_op(struct vcpu *v, const void *arg)
{
    if (arg)
        return -EINVAL;
    send_nmi(v);
    return 0;
}

/* The vCPU's stack moves along (asm/layout.h). So another vCPU must be on its way out, and stay there. */
static __may_switch long register_info(struct vcpu *v, const void *arg)
{
    struct vcpu_register_vcpu_info info;

    if (copy_from_guest(&info, arg, sizeof(info)))
        return -EFAULT;
    if (v != current) {
        if (v->state != VCPU_OFFLINE)
            return -EINVAL;
        if (v->is_initialised && stop_at_exit(v))
            return restart_call(__HYPERVISOR_vcpu_op, 0, 0, 0, 0);
        if (v->state != VCPU_OFFLINE)
            return -EINVAL; /* meanwhile somebody has started it */
    }
    return info.mfn < max_page ? map_vcpu_info(v, info.mfn, info.offset) : -EINVAL;
}

/* There is one CPU. Its APIC and its processor object in ACPI have number 0. */
static long get_physid(void *arg)
{
    struct vcpu_get_physid id = {.phys_id = 0};

    return copy_to_guest(arg, &id, sizeof(id));
}

long do_vcpu_op(uint32_t cmd, uint32_t vcpu_id, void *arg)
{
    struct vcpu *v;

    if (vcpu_id >= MAX_VIRT_CPUS)
        return -EINVAL;
    v = vcpu_id < MAX_VCPUS ? this_cpu.domain->vcpu[vcpu_id] : NULL;
    if (!v)
        return -ENOENT;

    switch (cmd) {
    case VCPUOP_initialise:
        return initialise(v, arg);
    case VCPUOP_up:
        return up(v);
    case VCPUOP_down:
        return down(v);
    case VCPUOP_is_up:
        return v->state != VCPU_OFFLINE;
    case VCPUOP_get_runstate_info:
        return get_runstate_info(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate_area(v, arg);
    case VCPUOP_set_periodic_timer:
        return set_periodic_timer(v, arg);
    case VCPUOP_stop_periodic_timer:
        return stop_periodic_timer(v);
    case VCPUOP_set_singleshot_timer:
        return set_singleshot_timer(v, arg);
    case VCPUOP_stop_singleshot_timer:
        return stop_singleshot_timer(v);
    case VCPUOP_send_nmi:
        return send_nmi_op(v, arg);
    case VCPUOP_register_vcpu_info:
        return register_info(v, arg);
    case VCPUOP_get_physid:
        return get_physid(arg);
    default: /* register_vcpu_time_memory_area included: 4.2 has it, but switched off */
        return -ENOSYS;
    }
}
