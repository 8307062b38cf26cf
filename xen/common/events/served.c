/* SPDX-License-Identifier: MIT */
/* Services of the hypervisor to domains, through rings: xen/served.h. The rings themselves are each service's own. */
#include <asm/frames.h>
#include <xen/event.h>
#include <xen/served.h>

int start_serving(struct domain *d, const struct service_ops *ops, mfn_t mfn, uint32_t *port)
{
    struct served_ring *r;
    int rc;

    if (d->is_dying || mfn >= max_page)
        return -EINVAL;
    if (d->served[ops->service])
        return -EEXIST;
    rc = get_page_and_type(mfn_to_page(mfn), d, PGT_writable_page);
    if (rc)
        return -EINVAL;
    r = alloc_heap_pages(ops->order);
    rc = r ? evtchn_serve(d, ops->service, port) : -ENOMEM;
    if (!rc) {
        *r = (struct served_ring){.domain = d, .mfn = mfn, .port = *port, .ops = ops};
        rc = ops->start(r);
        if (rc)
            evtchn_unserve(d, *port);
    }
    if (rc) {
        if (r)
            free_heap_pages(r, ops->order);
        put_page_and_type(mfn_to_page(mfn));
        return rc;
    }
    d->served[ops->service] = r;
    return 0;
}

void end_services(struct domain *d)
{
    for (unsigned int i = 0; i < NR_SERVICES; i++) {
        struct served_ring *r = d->served[i];

        if (!r)
            continue;
        d->served[i] = NULL;
        r->ops->stop(r);
        put_page_and_type(mfn_to_page(r->mfn));
        free_heap_pages(r, r->ops->order);
    }
}

bool service_notified(struct domain *d, enum service service)
{
    struct served_ring *r = d->served[service];
    bool leave = false;

    if (!r || r->stopped)
        return false;
    r->again = true;
    if (r->busy)
        return false;
    r->busy = true;
    while (r->again && !r->stopped && !leave) {
        r->again = false;
        leave = r->ops->work(r);
    }
    r->busy = false;
    return leave;
}

void notify_served(const struct served_ring *r)
{
    const struct evtchn *chn = &r->domain->evtchn[r->port];

    if (chn->state == ECS_SERVED && chn->virq == r->ops->service) /* the domain may have closed it */
        evtchn_tell(r->domain, r->port);
}

void stop_serving(struct served_ring *r, const char *why)
{
    if (r->stopped)
        return;
    r->stopped = true;
    printk("Domain %u: its %s is served no more: %s\n", r->domain->domain_id, r->ops->name, why);
}
