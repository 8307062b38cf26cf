/* SPDX-License-Identifier: MIT */
/*
 * Event channels: one bit for each port of a domain, set by another domain, another vCPU or the hypervisor.
 *
 * No locks and no locked instructions, although guests read and write the same words: interrupts are off and there is
 * one CPU, so no guest runs between the load and the store of a read-modify-write. With more CPUs these become atomic.
 */
#include <asm/frames.h>
#include <asm/pirq.h>
#include <xen/command.h>
#include <xen/domain.h>
#include <xen/event.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/refused.h>
#include <xen/schedule.h>
#include <xen/served.h>

static inline struct evtchn *port_of(struct domain *d, uint32_t port)
{
    return port < NR_EVENT_CHANNELS ? &d->evtchn[port] : NULL;
}

static COLD long refuse_port(uint32_t port)
{
    return refuse(REFUSED_event_port, -EINVAL, INVALID_MFN, port);
}

static COLD long refuse_vcpu(uint32_t id)
{
    return refuse(REFUSED_event_vcpu, -ENOENT, INVALID_MFN, id);
}

static COLD long refuse_virq(long error, uint32_t virq)
{
    return refuse(REFUSED_event_virq, error, INVALID_MFN, virq);
}

static bool virq_is_global(uint32_t virq)
{
    return virq != VIRQ_TIMER && virq != VIRQ_DEBUG && virq != VIRQ_XENOPROF;
}

/* --- Delivery */

/* The port is pending and not masked. */
static inline void select_port(struct vcpu *v, uint32_t port)
{
    uint32_t bit = 1u << port / 32;
    struct vcpu_info *info;

    if (unlikely(!v))
        return; /* a domain that is still being built */
    info = v->vcpu_info;
    if (info->evtchn_pending_sel & bit)
        return;
    info->evtchn_pending_sel |= bit;
    if (info->evtchn_upcall_pending)
        return;
    info->evtchn_upcall_pending = 1;
    if (unlikely(v != current))
        vcpu_unblock(v);
    else if (!info->evtchn_upcall_mask) /* a guest that unmasks looks itself, or has us look (xen_version, iret, block)
                                         */
        this_cpu.work |= WORK_UPCALL;
}

static __attribute__((noinline)) void wake_pollers(struct domain *d, uint32_t port)
{
    for (uint32_t left = d->poll_mask; left; left &= left - 1) {
        struct vcpu *v = d->vcpu[__builtin_ctz(left)];

        if (!v->poll_port || v->poll_port == port)
            vcpu_unblock(v);
    }
}

/* To be called while the port is not pending. */
static __attribute__((noinline)) void make_pending(struct domain *d, uint32_t port)
{
    struct shared_info *s = d->shared_info;
    uint32_t word = port / 32, bit = 1u << port % 32;

    s->evtchn_pending[word] |= bit;
    if (unlikely(d->poll_mask))
        wake_pollers(d, port);
    if (!(s->evtchn_mask[word] & bit))
        select_port(d->vcpu[d->evtchn[port].notify_vcpu], port);
}

static inline bool is_pending(const struct domain *d, uint32_t port)
{
    return d->shared_info->evtchn_pending[port / 32] >> port % 32 & 1;
}

static inline void set_pending(struct domain *d, uint32_t port)
{
    if (!is_pending(d, port))
        make_pending(d, port);
}

/* Current's own event, as the last step of its call. If that wakes somebody who goes before current, and there is no
 * other work on the way out, then that one runs here, and not only after the long way out. */
long evtchn_send_to(struct domain *d, uint32_t port)
{
    uint32_t work = this_cpu.work;

    make_pending(d, port);
    if (!work && this_cpu.work == WORK_SCHEDULE)
        schedule_woken();
    return 0;
}

void evtchn_set_pending(struct vcpu *v, uint32_t port)
{
    set_pending(v->domain, port);
}

void evtchn_tell(struct domain *d, uint32_t port)
{
    set_pending(d, port);
}

/* As if d itself had sent through it. */
void evtchn_notify(struct domain *d, uint32_t port)
{
    const struct evtchn *chn = &d->evtchn[port];

    if (chn->state == ECS_INTERDOMAIN)
        set_pending(chn->remote_dom, chn->remote_port);
    else if (chn->state == ECS_IPI)
        set_pending(d, port);
}

void send_guest_virq(struct vcpu *v, uint32_t virq)
{
    uint32_t port = v->virq_to_port[virq];

    if (port)
        evtchn_set_pending(v, port);
}

void send_global_virq(uint32_t virq)
{
    if (dom0 && dom0->vcpu[0])
        send_guest_virq(dom0->vcpu[0], virq);
}

static __attribute__((noinline)) __may_switch long send_elsewhere(struct domain *d, const struct evtchn *chn)
{
    switch (chn->state) {
    case ECS_UNBOUND:
        return 0; /* nobody is there yet: bind_interdomain() makes up for it */
    case ECS_SERVED:
        return service_notified(d, chn->virq) ? restart_call(__HYPERVISOR_event_channel_op, 0, 0, 0, 0) : 0;
    default:
        return refuse_port(chn - d->evtchn);
    }
}

/* The hot one. Looks only for the two kinds of port that guests send through. */
static inline __may_switch long send(const uint32_t *arg)
{
    struct domain *d = this_cpu.domain;
    const struct evtchn *chn;
    uint32_t port;

    if (unlikely(!guest_range_ok(arg, sizeof(port))))
        return refuse_pointer(arg);
    FETCH_GUEST_U32(port, arg, fault);
    if (unlikely(port >= NR_EVENT_CHANNELS))
        return refuse_port(port);
    chn = &d->evtchn[port];
    if (unlikely(chn->state != ECS_IPI)) {
        if (unlikely(chn->state != ECS_INTERDOMAIN))
            return send_elsewhere(d, chn);
        d = chn->remote_dom;
        port = chn->remote_port;
    }
    return is_pending(d, port) ? 0 : evtchn_send_to(d, port);
fault:
    return refuse_access();
}

/* --- Binding */

/* The lowest free port, or -error. However many are in use, it is found in the same time. */
static int free_port(struct domain *d)
{
    uint32_t word;

    if (d->is_dying)
        return -EINVAL;
    if (!d->free_port_words)
        return refuse(REFUSED_event_full, -ENOSPC, INVALID_MFN, 0);
    word = __builtin_ctz(d->free_port_words);
    return word * 32 + __builtin_ctz(d->free_ports[word]);
}

/* The port that free_port() has found gets this state. */
static struct evtchn *open_port(struct domain *d, uint32_t port, enum evtchn_state state)
{
    d->free_ports[port / 32] &= ~(1u << port % 32);
    if (!d->free_ports[port / 32])
        d->free_port_words &= ~(1u << port / 32);
    d->evtchn[port].state = state;
    return &d->evtchn[port];
}

static long alloc_unbound(struct evtchn_alloc_unbound *op)
{
    struct domain *d;
    long rc = target_domain(op->dom, &d);
    int port;

    if (rc)
        return rc;
    port = free_port(d);
    if (port < 0)
        return port;
    open_port(d, port, ECS_UNBOUND)->remote_domid =
        op->remote_dom == DOMID_SELF ? this_cpu.domain->domain_id : op->remote_dom;
    op->port = port;
    return 0;
}

static void connect(struct domain *d, uint32_t port, struct domain *remote, uint32_t remote_port)
{
    struct evtchn *chn = open_port(d, port, ECS_INTERDOMAIN);

    chn->remote_dom = remote;
    chn->remote_port = remote_port;
}

static long bind_interdomain(struct evtchn_bind_interdomain *op)
{
    struct domain *d = this_cpu.domain, *remote = domain_by_id(op->remote_dom);
    struct evtchn *chn;
    int port;

    if (!remote)
        return refuse(REFUSED_other_domain, -ESRCH, INVALID_MFN, op->remote_dom);
    port = free_port(d);
    if (port < 0)
        return port;
    chn = port_of(remote, op->remote_port);
    if (!chn || chn->state != ECS_UNBOUND || chn->remote_domid != d->domain_id)
        return refuse(REFUSED_event_remote, -EINVAL, INVALID_MFN, op->remote_port);
    connect(d, port, remote, op->remote_port);
    connect(remote, op->remote_port, d, port);
    /* Events sent to the port while it was unbound are lost. So the guest always gets one now. */
    set_pending(d, port);
    op->local_port = port;
    return 0;
}

int evtchn_serve(struct domain *d, enum service service, uint32_t *port)
{
    int found = *port;

    if (!found)
        found = free_port(d);
    else if (*port >= NR_EVENT_CHANNELS || d->evtchn[found].state != ECS_UNBOUND)
        return -EINVAL;
    if (found < 0)
        return found;
    *open_port(d, found, ECS_SERVED) = (struct evtchn){.state = ECS_SERVED, .virq = service};
    *port = found;
    return 0;
}

static struct vcpu *vcpu_of(struct domain *d, uint32_t id)
{
    return id < MAX_VCPUS ? d->vcpu[id] : NULL;
}

static long bind_virq(struct evtchn_bind_virq *op)
{
    struct domain *d = this_cpu.domain;
    struct evtchn *chn;
    struct vcpu *v;
    int port;

    if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0))
        return refuse_virq(-EINVAL, op->virq);
    v = vcpu_of(d, op->vcpu);
    if (!v)
        return refuse_vcpu(op->vcpu);
    if (v->virq_to_port[op->virq])
        return refuse_virq(-EEXIST, op->virq);
    port = free_port(d);
    if (port < 0)
        return port;
    chn = open_port(d, port, ECS_VIRQ);
    chn->virq = op->virq;
    chn->notify_vcpu = op->vcpu;
    v->virq_to_port[op->virq] = port;
    op->port = port;
    if (op->virq == VIRQ_TIMER)
        update_periodic_timer(v);
    return 0;
}

static long bind_ipi(struct evtchn_bind_ipi *op)
{
    struct domain *d = this_cpu.domain;
    int port;

    if (!vcpu_of(d, op->vcpu))
        return refuse_vcpu(op->vcpu);
    port = free_port(d);
    if (port < 0)
        return port;
    open_port(d, port, ECS_IPI)->notify_vcpu = op->vcpu;
    op->port = port;
    return 0;
}

static long bind_pirq(struct evtchn_bind_pirq *op)
{
    struct domain *d = this_cpu.domain;
    int err = pirq_may_bind(d, op->pirq), port;

    if (err)
        return refuse(REFUSED_event_pirq, err, INVALID_MFN, op->pirq);
    port = free_port(d);
    if (port < 0)
        return port;
    err = pirq_bind(d, op->pirq, port, op->flags & BIND_PIRQ__WILL_SHARE);
    if (err)
        return refuse(REFUSED_event_pirq, err, INVALID_MFN, op->pirq);
    open_port(d, port, ECS_PIRQ)->pirq = op->pirq;
    op->port = port;
    return 0;
}

/* --- Closing */

static void forget_virq(struct domain *d, uint32_t virq, uint32_t port)
{
    struct vcpu *v;

    for_each_vcpu(d, v) if (v->virq_to_port[virq] == port)
    {
        v->virq_to_port[virq] = 0;
        if (virq == VIRQ_TIMER)
            update_periodic_timer(v);
    }
}

static long close_port(struct domain *d, uint32_t port)
{
    struct evtchn *chn = port_of(d, port), *other;

    if (!chn || chn->state == ECS_FREE || chn->state == ECS_RESERVED)
        return -EINVAL;
    if (chn->state == ECS_VIRQ)
        forget_virq(d, chn->virq, port);
    else if (chn->state == ECS_PIRQ)
        pirq_unbind(d, chn->pirq, port);
    else if (chn->state == ECS_INTERDOMAIN) {
        other = &chn->remote_dom->evtchn[chn->remote_port];
        other->state = ECS_UNBOUND;
        other->remote_domid = d->domain_id;
    }
    /* The port's next user must not find an old event. */
    d->shared_info->evtchn_pending[port / 32] &= ~(1u << port % 32);
    *chn = (struct evtchn){.state = ECS_FREE};
    d->free_ports[port / 32] |= 1u << port % 32;
    d->free_port_words |= 1u << port / 32;
    return 0;
}

void evtchn_unserve(struct domain *d, uint32_t port)
{
    (void)close_port(d, port);
}

static long reset(const struct evtchn_reset *op)
{
    struct domain *d;
    long rc = target_domain(op->dom, &d);

    if (rc)
        return rc;
    for (uint32_t port = 0; port < NR_EVENT_CHANNELS; port++)
        (void)close_port(d, port);
    spend(NR_EVENT_CHANNELS * 2);
    return 0;
}

int evtchn_init(struct domain *d)
{
    d->evtchn[0].state = ECS_RESERVED;
    memset(d->free_ports, 0xFF, sizeof(d->free_ports));
    d->free_ports[0] &= ~1u;
    d->free_port_words = ~0u;
    return 0;
}

void evtchn_destroy(struct domain *d)
{
    for (uint32_t port = 0; port < NR_EVENT_CHANNELS; port++) {
        (void)close_port(d, port);
        if (port % 256 == 255)
            preempt_point();
    }
}

/* --- Inspecting and changing */

static long status(struct evtchn_status *op)
{
    struct evtchn *chn;
    struct domain *d;
    long rc = target_domain(op->dom, &d);

    if (rc)
        return rc;
    chn = port_of(d, op->port);
    if (!chn)
        return refuse_port(op->port);
    switch (chn->state) {
    case ECS_UNBOUND:
        op->status = EVTCHNSTAT_unbound;
        op->u.unbound.dom = chn->remote_domid;
        break;
    case ECS_INTERDOMAIN:
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = chn->remote_dom->domain_id;
        op->u.interdomain.port = chn->remote_port;
        break;
    case ECS_SERVED: /* as if domain 0 did it */
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = 0;
        op->u.interdomain.port = 0;
        break;
    case ECS_VIRQ:
        op->status = EVTCHNSTAT_virq;
        op->u.virq = chn->virq;
        break;
    case ECS_PIRQ:
        op->status = EVTCHNSTAT_pirq;
        op->u.pirq = chn->pirq;
        break;
    case ECS_IPI:
        op->status = EVTCHNSTAT_ipi;
        break;
    default:
        op->status = EVTCHNSTAT_closed;
    }
    op->vcpu = chn->notify_vcpu;
    return 0;
}

static long bind_vcpu(const struct evtchn_bind_vcpu *op)
{
    struct domain *d = this_cpu.domain;
    struct evtchn *chn = port_of(d, op->port);

    if (!vcpu_of(d, op->vcpu))
        return refuse_vcpu(op->vcpu);
    if (!chn || (chn->state != ECS_UNBOUND && chn->state != ECS_INTERDOMAIN && chn->state != ECS_SERVED &&
                 chn->state != ECS_PIRQ && !(chn->state == ECS_VIRQ && virq_is_global(chn->virq))))
        return refuse_port(op->port);
    chn->notify_vcpu = op->vcpu;
    return 0;
}

void evtchn_unmask(struct domain *d, uint32_t port)
{
    struct shared_info *s = d->shared_info;
    uint32_t word = port / 32, bit = 1u << port % 32;

    if (!(s->evtchn_mask[word] & bit))
        return;
    s->evtchn_mask[word] &= ~bit;
    if (s->evtchn_pending[word] & bit)
        select_port(d->vcpu[d->evtchn[port].notify_vcpu], port);
}

static long unmask(const struct evtchn_unmask *op)
{
    if (op->port >= NR_EVENT_CHANNELS)
        return refuse_port(op->port);
    evtchn_unmask(this_cpu.domain, op->port);
    return 0;
}

/* --- FIFO events (since Xen 4.4) do not exist here. Wrong arguments get the error that a Xen with FIFO events gives.
 * Right ones get an error, too, after which guests use the 2-level form. */

#define FIFO_BLOCK_SIZE 72

static long init_control(const struct evtchn_init_control *op)
{
    struct domain *d = this_cpu.domain;
    struct page_info *page;

    if (!vcpu_of(d, op->vcpu))
        return -ENOENT;
    if (op->offset > PAGE_SIZE - FIFO_BLOCK_SIZE || op->offset & 7 || op->control_gfn >= max_page)
        return -EINVAL;
    page = mfn_to_page(op->control_gfn);
    if (get_page_and_type(page, d, PGT_writable_page))
        return -EINVAL;
    put_page_and_type(page);
    return -ENOSYS;
}

static long expand_array(const struct evtchn_expand_array *op)
{
    return -EOPNOTSUPP; /* nothing to expand before init_control */
}

static long set_priority(const struct evtchn_set_priority *op)
{
    struct evtchn *chn = port_of(this_cpu.domain, op->port);

    return chn && chn->state != ECS_FREE && chn->state != ECS_RESERVED ? -ENOSYS : -EINVAL;
}

/* --- The hypercall */

static long close_op(const struct evtchn_close *op)
{
    long rc = close_port(this_cpu.domain, op->port);

    return rc ? refuse_port(op->port) : 0;
}

/* The commands that make a port of d's. If its number cannot be written to the guest, the port is closed again. */
#define COMMAND_BIND(handler, type, port, d) COMMAND_UNDO(handler, type, true, (void)close_port(d, op.port))

static __attribute__((noinline)) long other_op(uint32_t cmd, void *arg)
{
    switch (cmd) {
    case EVTCHNOP_alloc_unbound:
        COMMAND_BIND(alloc_unbound, evtchn_alloc_unbound, port, domain_by_id(op.dom))
    case EVTCHNOP_bind_interdomain:
        COMMAND_BIND(bind_interdomain, evtchn_bind_interdomain, local_port, this_cpu.domain)
    case EVTCHNOP_bind_virq:
        COMMAND_BIND(bind_virq, evtchn_bind_virq, port, this_cpu.domain)
    case EVTCHNOP_bind_ipi:
        COMMAND_BIND(bind_ipi, evtchn_bind_ipi, port, this_cpu.domain)
    case EVTCHNOP_bind_pirq:
        COMMAND_BIND(bind_pirq, evtchn_bind_pirq, port, this_cpu.domain)
    case EVTCHNOP_close:
        COMMAND(close_op, evtchn_close, false)
    case EVTCHNOP_status:
        COMMAND(status, evtchn_status, true)
    case EVTCHNOP_bind_vcpu:
        COMMAND(bind_vcpu, evtchn_bind_vcpu, false)
    case EVTCHNOP_unmask:
        COMMAND(unmask, evtchn_unmask, false)
    case EVTCHNOP_reset:
        COMMAND(reset, evtchn_reset, false)
    case EVTCHNOP_init_control:
        COMMAND(init_control, evtchn_init_control, false)
    case EVTCHNOP_expand_array:
        COMMAND(expand_array, evtchn_expand_array, false)
    case EVTCHNOP_set_priority:
        COMMAND(set_priority, evtchn_set_priority, false)
    default:
        return refuse(REFUSED_command, -ENOSYS, INVALID_MFN, cmd);
    }
}

long do_event_channel_op(uint32_t cmd, void *arg)
{
    if (likely(cmd == EVTCHNOP_send))
        return send(arg);
    return other_op(cmd, arg);
}

long do_event_channel_op_compat(evtchn_op_t *op)
{
    evtchn_op_t copy;
    long rc;

    /* The whole structure must be readable, whatever the command needs. */
    if (copy_from_guest(&copy, op, sizeof(copy)))
        return refuse_pointer(op);
    rc = do_event_channel_op(copy.cmd, &op->u);
    return rc == -ERESTART ? restart_call(__HYPERVISOR_event_channel_op_compat, 0, 0, 0, 0) : rc;
}
