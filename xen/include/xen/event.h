/* SPDX-License-Identifier: MIT */
/* Event channels: what some other files need. xen/sched.h has what everybody uses. */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xen/sched.h>

int evtchn_init(struct domain *d);
__may_switch void evtchn_destroy(struct domain *d); /* closes all ports */

/* A port of d's whose other end is the hypervisor. *port: one that is unbound, or 0 for a new one, which is told.
 * 0, -EINVAL, -ENOSPC. */
int evtchn_serve(struct domain *d, enum service service, uint32_t *port);
void evtchn_unserve(struct domain *d, uint32_t port);
void evtchn_tell(struct domain *d, uint32_t port);   /* an event for it */
void evtchn_unmask(struct domain *d, uint32_t port); /* EVTCHNOP_unmask */

/* Current sends an event to d's port, which is not pending, as the last step of its call. Returns 0. */
__may_switch long evtchn_send_to(struct domain *d, uint32_t port);
void evtchn_notify(struct domain *d, uint32_t port); /* from d, to whoever is at the other end */

/* The VIRQs that go to whichever vCPU the domain has chosen, for domain 0. */
void send_global_virq(uint32_t virq);

#endif
