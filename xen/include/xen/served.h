/* SPDX-License-Identifier: MIT */
/*
 * Services: the console and the store, which Int82 itself provides to a domain through a ring in one of the domain's
 * pages and an event channel whose other end is the hypervisor.
 *
 * The work is done by the vCPU that notifies, in its own time, and may be preempted. Only one vCPU at a time does the
 * work. Another one that notifies meanwhile sets `again` and returns.
 */
#ifndef XEN_SERVED_H
#define XEN_SERVED_H

#include <asm/window.h>
#include <xen/sched.h>

/* Each service's own structure begins with it. */
struct served_ring {
    struct domain *domain;
    mfn_t mfn; /* of the ring's page: referenced as a writable page of the domain's */
    uint32_t port;
    const struct service_ops *ops;
    bool busy;    /* some vCPU works on it */
    bool again;   /* notified meanwhile */
    bool stopped; /* for good: the domain has broken the protocol */
};

/* What a service consists of. */
struct service_ops {
    enum service service;
    const char *name;
    unsigned int order; /* pages of its structure: 2^order, zeroed */
    int (*start)(struct served_ring *r);
    bool (*work)(struct served_ring *r); /* does all that there is to do. May switch; true: as pause_point() */
    void (*stop)(struct served_ring *r); /* before the structure is freed */
};
extern const struct service_ops console_service;

/* Serves d through its page mfn, from now until it ends. *port: one of d's that is unbound, or 0 for a new one, which
 * is told. 0, -EINVAL (page, port), -EEXIST (done already), -ENOMEM, -ENOSPC. */
__may_switch int start_serving(struct domain *d, const struct service_ops *ops, mfn_t mfn, uint32_t *port);
void end_services(struct domain *d);
/* The same with one of the services that there are; and if d has a store, it finds there what it is served with
 * (common/store/xenstore.c). */
__may_switch int serve(struct domain *d, enum service service, mfn_t mfn, uint32_t *port);

/* d has sent an event through a port of this service. True: not all of the work has been done, as pause_point(). */
__may_switch bool service_notified(struct domain *d, enum service service);

/* Tells the domain that something has changed in the ring. */
void notify_served(const struct served_ring *r);
/* What the domain has written into the ring makes no sense: logs that once, and ends the service. */
void stop_serving(struct served_ring *r, const char *why);

/* The ring's page, mapped until others may run. */
static inline void *served_page(const struct served_ring *r)
{
    return map_frame(r->mfn);
}

#endif
