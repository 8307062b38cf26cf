/* SPDX-License-Identifier: MIT */
/*
 * The auditor (xen/audit.h): stops the other vCPUs, tells who refers to which frames, and checks everything but frames.
 *
 * It runs while no call is half done: the other vCPUs are paused. Those inside the hypervisor first go on to their way
 * out, because they may hold references that cannot be seen. It lets interrupts in, but no other vCPU run. This is
 * acceptable because only a privileged domain can start it, and no other domain can make it longer.
 */
#include <asm/guest_access.h>
#include <xen/audit.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>
#include <xen/served.h>

static struct int82_audit answer;
static bool busy;

static const struct {
    uint32_t kind;
    const char *object, *text;
} kinds[] = {
#define TEXT(number, name, object, text) {number, object, text},
    INT82_AUDIT_KINDS(TEXT)
#undef TEXT
};

void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found)
{
    char text[100];

    if (answer.mismatches++ >= INT82_AUDIT_FIRST)
        return;
    answer.first[answer.reported++] = (struct int82_mismatch){kind, id, expected, found};
    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].kind == kind) {
            snprintf(text, sizeof(text), kinds[i].text, expected, found);
            printk("audit: %s %x %s\n", kinds[i].object, id, text);
        }
}

/* --- All domains: those that can be named, and those that have been killed but are still referred to */

static void each_domain(void (*fn)(struct domain *d))
{
    struct domain *d;

    for_each_domain(d) fn(d);
    for (d = dying_list; d; d = d->next)
        fn(d);
}

static bool in_list(const struct domain *list, const struct domain *d)
{
    for (; list; list = list->next)
        if (list == d)
            return true;
    return false;
}

bool audit_knows_domain(const struct domain *d)
{
    return d == dom_io || d == dom_xen || d == idle_domain || in_list(domain_list, d) || in_list(dying_list, d);
}

/* --- Standing still */

static struct vcpu *inside; /* one that is in the hypervisor, and not on its way out */

static void look_inside(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) if (v != current && v->is_initialised && !v->frame) inside = v;
}

static void pause_others(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) if (v != current && !v->audit_paused)
    {
        v->audit_paused = true;
        vcpu_pause(v);
    }
}

static void unpause_others(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) if (v->audit_paused)
    {
        v->audit_paused = false;
        vcpu_unpause(v);
    }
}

/* 0, or -ERESTART: somebody wants the caller itself on its way out. */
static __may_switch int stop_others(void)
{
    struct domain *d;
    int rc = 0;

    while (!rc) {
        inside = NULL;
        each_domain(pause_others); /* a call in progress may have made new domains or vCPUs */
        each_domain(look_inside);
        if (!inside)
            return 0;
        d = inside->domain;
        hold_domain(d);
        rc = stop_at_exit(inside);
        release_domain(d);
    }
    return rc;
}

/* --- References */

static void start_domain(struct domain *d)
{
    d->audit_pages = d->audit_holds = 0;
    answer.domains++;
}

void audit_hold(struct domain *d)
{
    if (audit_knows_domain(d))
        d->audit_holds++;
}

/* All frames that d refers to for longer than a hypercall, but for page tables and pins. */
static void declare_references(struct domain *d)
{
    struct vcpu *v;

    audit_share(virt_to_mfn(d->shared_info), d, true);
    audit_grant_table(d);
    audit_pirq_eoi_frame(d);
    audit_pirqs(d);
    for (unsigned int i = 0; i < NR_SERVICES; i++)
        if (d->served[i])
            audit_refer(d->served[i]->mfn, PGT_writable_page);
    for_each_vcpu(d, v) audit_vcpu_frames(v);
}

/* --- Event channels */

static bool is_vcpu(const struct domain *d, uint32_t id)
{
    return id < MAX_VCPUS && d->vcpu[id];
}

static bool virq_port_ok(const struct domain *d, uint32_t port, const struct evtchn *chn)
{
    const struct vcpu *v;

    for_each_vcpu(d, v) if (chn->virq < ARRAY_SIZE(v->virq_to_port) && v->virq_to_port[chn->virq] == port) return true;
    return false;
}

static void audit_port(const struct domain *d, uint32_t port)
{
    const struct evtchn *chn = &d->evtchn[port], *other;
    uint32_t id = d->domain_id << 16 | port;

    switch (chn->state) {
    case ECS_VIRQ:
        if (!virq_port_ok(d, port, chn) || !is_vcpu(d, chn->notify_vcpu))
            audit_mismatch(INT82_AUDIT_PORT, id, chn->virq, chn->notify_vcpu);
        break;
    case ECS_IPI:
        if (!is_vcpu(d, chn->notify_vcpu))
            audit_mismatch(INT82_AUDIT_PORT, id, 0, chn->notify_vcpu);
        break;
    case ECS_SERVED:
        if (chn->virq >= NR_SERVICES || !d->served[chn->virq] || d->served[chn->virq]->port != port)
            audit_mismatch(INT82_AUDIT_PORT, id, 0, chn->virq);
        break;
    case ECS_INTERDOMAIN:
        if (!in_list(domain_list, chn->remote_dom) || chn->remote_port >= NR_EVENT_CHANNELS) {
            audit_mismatch(INT82_AUDIT_PORT, id, 0, (uint32_t)chn->remote_dom);
            break;
        }
        other = &chn->remote_dom->evtchn[chn->remote_port];
        if (other->state != ECS_INTERDOMAIN || other->remote_dom != d || other->remote_port != port)
            audit_mismatch(INT82_AUDIT_PORT, id, port, other->remote_port);
        break;
    }
    if (chn->notify_vcpu >= MAX_VCPUS)
        audit_mismatch(INT82_AUDIT_PORT, id, MAX_VCPUS - 1, chn->notify_vcpu);
    if ((d->free_ports[port / 32] >> port % 32 & 1) != (chn->state == ECS_FREE))
        audit_mismatch(INT82_AUDIT_PORT, id, chn->state, d->free_ports[port / 32]);
    if ((d->free_port_words >> port / 32 & 1) != !!d->free_ports[port / 32])
        audit_mismatch(INT82_AUDIT_PORT, id, d->free_ports[port / 32], d->free_port_words);
}

static void audit_events(const struct domain *d)
{
    const struct vcpu *v;

    for (uint32_t port = 0; port < NR_EVENT_CHANNELS; port++)
        audit_port(d, port);
    for_each_vcpu(d, v) for (uint32_t virq = 0; virq < ARRAY_SIZE(v->virq_to_port); virq++)
    {
        uint32_t port = v->virq_to_port[virq];

        if (port && (port >= NR_EVENT_CHANNELS || d->evtchn[port].state != ECS_VIRQ || d->evtchn[port].virq != virq))
            audit_mismatch(INT82_AUDIT_PORT, d->domain_id << 16 | port, virq, 0);
    }
}

/* --- Domains and vCPUs */

static void audit_vcpu(const struct vcpu *v)
{
    bool in_mask = v->domain->poll_mask >> v->vcpu_id & 1;

    if (in_mask != v->polling || (v->polling && v->state != VCPU_BLOCKED))
        audit_mismatch(INT82_AUDIT_POLL, audit_vcpu_id(v), v->polling, in_mask);
    if (v->operation.suspended || v->operation.domain != v->domain)
        audit_mismatch(INT82_AUDIT_QUEUE, audit_vcpu_id(v), v->domain->domain_id, v->operation.domain->domain_id);
}

static void audit_domain(struct domain *d)
{
    struct vcpu *v;

    audit_grant_pins(d);
    audit_events(d);
    for_each_vcpu(d, v) audit_vcpu(v);
    if (d->audit_pages != d->tot_pages)
        audit_mismatch(INT82_AUDIT_PAGES, d->domain_id, d->audit_pages, d->tot_pages);
    if (d->audit_holds != d->holds)
        audit_mismatch(INT82_AUDIT_HOLDS, d->domain_id, d->audit_holds, d->holds);
    if (d->memory_holder)
        audit_mismatch(INT82_AUDIT_QUEUE, audit_vcpu_id(d->memory_holder), d->domain_id, d->domain_id);
    if (d->is_dying != in_list(dying_list, d) || (domain_by_number(d->domain_id) == d) != in_list(domain_list, d))
        audit_mismatch(INT82_AUDIT_DOMAIN, d->domain_id, !d->is_dying, d->is_dying);
}

static bool fpu_owner_known;

static void look_for_fpu_owner(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu(d, v) fpu_owner_known |= v == this_cpu.fpu_owner;
}

static void audit_fpu(void)
{
    fpu_owner_known = !this_cpu.fpu_owner;
    each_domain(look_for_fpu_owner);
    if (!fpu_owner_known)
        audit_mismatch(INT82_AUDIT_FPU, audit_vcpu_id(current), 0, (uint32_t)this_cpu.fpu_owner);
}

/* --- Timers must be parts of something that exists */

static const struct timer *timer;
static bool timer_known;

static bool within(const void *part, const void *whole, uint32_t size)
{
    return (uint32_t)part - (uint32_t)whole < size;
}

static void look_for_timer(struct domain *d)
{
    struct vcpu *v;

    timer_known |= within(timer, d, sizeof(*d));
    for (unsigned int i = 0; i < NR_SERVICES; i++)
        timer_known |= d->served[i] && within(timer, d->served[i], PAGE_SIZE);
    for_each_vcpu(d, v) timer_known |= within(timer, v, sizeof(*v));
}

static void audit_timer(const struct timer *t)
{
    mfn_t first, end;

    heap_range(&first, &end);
    timer = t;
    timer_known = virt_to_mfn(t) < first; /* the hypervisor's own data */
    each_domain(look_for_timer);
    if (!timer_known)
        audit_mismatch(INT82_AUDIT_TIMER, (uint32_t)t, (uint32_t)t->function, (uint32_t)t->data);
}

/* --- The operation */

static void audit_all(void)
{
    each_domain(start_domain);
    each_domain(declare_references);
    audit_guest_irqs();
    audit_frames(&answer);
    each_domain(audit_domain);
    audit_pools();
    audit_cpu();
    audit_fpu();
    audit_timers(audit_timer);
}

static __may_switch int run_audit(void)
{
    int rc;

    memset(&answer, 0, sizeof(answer));
    audit_run_queue(); /* as it is before anybody is paused */
    rc = stop_others();
    if (rc)
        return rc;
    answer.free_frames = free_dom_frames();
    answer.free_heap_pages = free_heap_frames();
    rc = audit_map_scratch();
    if (rc)
        return rc;
    audit_all();
    audit_unmap_scratch();
    if (answer.mismatches)
        printk("audit: %u mismatches\n", answer.mismatches);
    return 0;
}

long audit_op(struct int82_op_buffer *op)
{
    uint32_t room = MIN(op->size, sizeof(answer));
    long rc;

    if (busy)
        return -EBUSY;
    busy = true;
    rc = run_audit();
    each_domain(unpause_others);
    busy = false;
    if (rc)
        return rc;
    op->size = sizeof(answer);
    return copy_to_guest(op->buffer, &answer, room);
}
