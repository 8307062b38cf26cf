/* SPDX-License-Identifier: MIT */
/* sched_op: a vCPU gives up the CPU, or ends its domain. */
#include <asm/guest_access.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/refused.h>
#include <xen/schedule.h>

#define SECONDS(n)     ((uint64_t)(n)*1000000000)
#define MAX_POLL_PORTS 128

/* --- Watchdogs */

static void watchdog_expired(void *data)
{
    struct domain *d = data;

    if (d->is_shut_down || d->is_dying)
        return;
    printk("Watchdog timer fired for domain %u\n", d->domain_id);
    domain_shutdown(d, SHUTDOWN_watchdog);
}

void init_watchdogs(struct domain *d)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(d->watchdog); i++)
        init_timer(&d->watchdog[i], watchdog_expired, d);
}

void stop_watchdogs(struct domain *d)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(d->watchdog); i++)
        stop_timer(&d->watchdog[i]);
    d->watchdogs = 0;
}

static COLD long refuse_watchdog(long error, uint32_t id)
{
    return refuse(REFUSED_watchdog, error, INVALID_MFN, id);
}

static long set_watchdog(struct domain *d, uint32_t id, uint32_t timeout)
{
    uint32_t n = id - 1;

    if (id > ARRAY_SIZE(d->watchdog))
        return refuse_watchdog(-EINVAL, id);
    if (id == 0) {
        for (n = 0; d->watchdogs & 1u << n; n++)
            ;
        if (n == ARRAY_SIZE(d->watchdog))
            return refuse_watchdog(-ENOSPC, id);
        d->watchdogs |= 1u << n;
        set_timer(&d->watchdog[n], system_time() + SECONDS(timeout));
        return n + 1;
    }
    if (!(d->watchdogs & 1u << n))
        return refuse_watchdog(-EINVAL, id);
    if (timeout) {
        set_timer(&d->watchdog[n], system_time() + SECONDS(timeout));
    } else {
        stop_timer(&d->watchdog[n]);
        d->watchdogs &= ~(1u << n);
    }
    return 0;
}

/* --- Waiting */

static inline bool port_pending(const struct domain *d, uint32_t port)
{
    return d->shared_info->evtchn_pending[port / 32] >> port % 32 & 1;
}

/* 0: none of them is pending; 1: one is; or -error. *port is the last one looked at. */
static int any_pending(const struct domain *d, const evtchn_port_t *ports, uint32_t nr_ports, uint32_t *port)
{
    spend(nr_ports);
    for (uint32_t i = 0; i < nr_ports; i++) {
        if (__get_guest_u32(port, &ports[i]))
            return refuse_pointer(&ports[i]);
        if (*port >= NR_EVENT_CHANNELS)
            return refuse(REFUSED_event_port, -EINVAL, INVALID_MFN, *port);
        if (port_pending(d, *port))
            return 1;
    }
    return 0;
}

static inline __may_switch long do_poll(const evtchn_port_t *ports, uint32_t nr_ports, uint64_t timeout)
{
    struct vcpu *v = current;
    uint32_t port = 0;
    int rc;

    if (nr_ports > MAX_POLL_PORTS)
        return refuse(REFUSED_poll_ports, -EINVAL, INVALID_MFN, nr_ports);
    if (!guest_array_ok(ports, nr_ports, sizeof(port)))
        return refuse_pointer(ports);
    if (event_deliverable(v)) {
        this_cpu.work |= WORK_UPCALL;
        return 0;
    }
    rc = any_pending(v->domain, ports, nr_ports, &port);
    if (rc)
        return rc < 0 ? rc : 0;

    v->state = VCPU_BLOCKED;
    v->polling = true;
    v->poll_port = nr_ports == 1 ? port : 0;
    v->domain->poll_mask |= 1u << v->vcpu_id;
    if (timeout)
        set_timer(&v->poll_timer, timeout);
    schedule();
    return 0;
}

/* --- Commands */

static __attribute__((noinline)) __may_switch long poll_op(const struct sched_poll *arg)
{
    uint32_t ports, nr_ports, timeout_lo, timeout_hi;

    if (unlikely(!guest_range_ok(arg, sizeof(*arg))))
        return refuse_pointer(arg);
    FETCH_GUEST_U32(ports, (const uint32_t *)&arg->ports, fault);
    FETCH_GUEST_U32(nr_ports, &arg->nr_ports, fault);
    FETCH_GUEST_U32(timeout_lo, (const uint32_t *)&arg->timeout, fault);
    FETCH_GUEST_U32(timeout_hi, (const uint32_t *)&arg->timeout + 1, fault);
    return do_poll((const uint32_t *)ports, nr_ports, (uint64_t)timeout_hi << 32 | timeout_lo);
fault:
    return refuse_pointer(arg);
}

static long shutdown_op(const void *arg)
{
    struct sched_shutdown op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    domain_shutdown(this_cpu.domain, (uint8_t)op.reason);
    return 0;
}

static long shutdown_code_op(const void *arg)
{
    struct domain *d = this_cpu.domain;
    struct sched_shutdown op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    if (d->shutdown_code == NO_SHUTDOWN_CODE)
        d->shutdown_code = op.reason;
    return 0;
}

static long remote_shutdown_op(const void *arg)
{
    struct sched_remote_shutdown op;
    struct domain *d;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    d = domain_by_number(op.domain_id);
    if (!d)
        return refuse(REFUSED_other_domain, -ESRCH, INVALID_MFN, op.domain_id);
    if (!this_cpu.domain->is_privileged)
        return refuse(REFUSED_other_domain, -EPERM, INVALID_MFN, op.domain_id);
    domain_shutdown(d, (uint8_t)op.reason);
    return 0;
}

static long watchdog_op(const void *arg)
{
    struct sched_watchdog op;

    if (copy_from_guest(&op, arg, sizeof(op)))
        return refuse_pointer(arg);
    return set_watchdog(this_cpu.domain, op.id, op.timeout);
}

static __may_switch long block(void)
{
    vcpu_block();
    return 0;
}

static __attribute__((noinline)) long other_op(uint32_t cmd, const void *arg)
{
    switch (cmd) {
    case SCHEDOP_shutdown:
        return shutdown_op(arg);
    case SCHEDOP_remote_shutdown:
        return remote_shutdown_op(arg);
    case SCHEDOP_shutdown_code:
        return shutdown_code_op(arg);
    case SCHEDOP_watchdog:
        return watchdog_op(arg);
    default:
        return refuse(REFUSED_command, -ENOSYS, INVALID_MFN, cmd);
    }
}

long do_sched_op(uint32_t cmd, void *arg)
{
    if (likely(cmd == SCHEDOP_yield))
        return yield_cpu();
    if (likely(cmd == SCHEDOP_block))
        return block();
    if (likely(cmd == SCHEDOP_poll))
        return poll_op(arg);
    return other_op(cmd, arg);
}

long do_sched_op_compat(uint32_t cmd, uint32_t arg)
{
    switch (cmd) {
    case SCHEDOP_yield:
        return yield_cpu();
    case SCHEDOP_block:
        return block();
    case SCHEDOP_shutdown:
        domain_shutdown(this_cpu.domain, (uint8_t)arg);
        return 0;
    default:
        return refuse(REFUSED_command, -ENOSYS, INVALID_MFN, cmd);
    }
}
