/* SPDX-License-Identifier: MIT */
/* Event channels. Upcalls are masked at boot, and until events_enable(). */
#ifndef GUEST_EVENTS_H
#define GUEST_EVENTS_H

#include <guest/guest.h>
#include <public/event_channel.h>

typedef void (*event_handler_t)(evtchn_port_t port);

void events_init(void);    /* registers the upcall entry; done at the start of day */
void events_enable(void);  /* delivers what is pending at once */
bool events_disable(void); /* returns whether they had been enabled */

domid_t own_domid(void); /* no call returns it, but an event channel to oneself shows it */

/* handler NULL: the port's events are only cleared. This does not unmask the port: event_unmask() does. */
void event_set_handler(evtchn_port_t port, event_handler_t handler);
uint32_t upcall_count(void); /* number of upcalls so far */

/* The port, or an error. */
int event_bind_ipi(uint32_t vcpu);
int event_bind_virq(uint32_t virq, uint32_t vcpu);
int event_alloc_unbound(domid_t dom, domid_t remote);
int event_close(evtchn_port_t port);
int event_send(evtchn_port_t port);

bool event_pending(evtchn_port_t port);
void event_clear(evtchn_port_t port); /* the port's pending bit only */
void event_mask(evtchn_port_t port);
void event_unmask(evtchn_port_t port); /* through EVTCHNOP_unmask */
void events_clear_all(void);           /* pending bits, selector and upcall_pending */

/* The assembly entry, in case somebody has registered another one by set_callbacks. */
extern const char event_entry[], failsafe_entry[];

#endif
