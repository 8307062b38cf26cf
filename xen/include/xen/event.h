/* Event channels: what other files need of them. xen/sched.h has what everybody calls. */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xen/sched.h>

int evtchn_init(struct domain *d);
void evtchn_destroy(struct domain *d); /* closes all ports */

/* The VIRQs that go to whichever vCPU the domain has chosen, for domain 0. */
void send_global_virq(uint32_t virq);

#endif
