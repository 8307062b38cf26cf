/* SPDX-License-Identifier: MIT */
/* Services of the hypervisor to domains, through rings: xen/served.h. The rings themselves are each service's own. */
#include <asm/frames.h>
#include <xen/event.h>
#include <xen/served.h>

static const struct service_ops *const all_ops[NR_SERVICES] = {
    [SERVICE_CONSOLE] = &console_service,
    [SERVICE_STORE] = &store_service,
};

int serve(struct domain *d, enum service service, mfn_t mfn, uint32_t *port)
{
    const struct service_ops *ops = all_ops[service];
    struct served_ring *r;
    int rc;

    if (d->is_dying || mfn >= max_page)
        return -EINVAL;
    if (d->served[service])
        return -EEXIST;
    rc = get_page_and_type(mfn_to_page(mfn), d, PGT_writable_page);
    if (rc)
        return -EINVAL;
    r = alloc_heap_pages(ops->order);
    rc = r ? evtchn_serve(d, service, port) : -ENOMEM;
    if (!rc) {
        *r = (struct served_ring){.domain = d, .mfn = mfn, .port = *port, .service = service};
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
    d->served[service] = r;
    describe_in_store(d);
    return 0;
}

void end_services(struct domain *d)
{
    for (unsigned int i = 0; i < NR_SERVICES; i++) {
        struct served_ring *r = d->served[i];

        if (!r)
            continue;
        d->served[i] = NULL;
        all_ops[i]->stop(r);
        put_page_and_type(mfn_to_page(r->mfn));
        free_heap_pages(r, all_ops[i]->order);
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
        leave = all_ops[service]->work(r);
    }
    r->busy = false;
    return leave;
}

void notify_served(const struct served_ring *r)
{
    const struct evtchn *chn = &r->domain->evtchn[r->port];

    if (chn->state == ECS_SERVED && chn->virq == r->service) /* the domain may have closed it */
        evtchn_tell(r->domain, r->port);
}

void stop_serving(struct served_ring *r, const char *why)
{
    if (r->stopped)
        return;
    r->stopped = true;
    printk("Domain %u: its %s is served no more: %s\n", r->domain->domain_id, all_ops[r->service]->name, why);
}
