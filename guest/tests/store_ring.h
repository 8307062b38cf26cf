/* SPDX-License-Identifier: MIT */
/* The ring to the store that Int82 keeps for a domain. Domain 0 has no store until it asks for one itself. */
#ifndef STORE_RING_H
#define STORE_RING_H

#include "test.h"

#include <public/io/xs_wire.h>

struct store_message {
    struct xsd_sockmsg head;
    char data[XENSTORE_PAYLOAD_MAX + 1];
};

extern volatile struct xenstore_domain_interface *store_ring;
extern evtchn_port_t store_channel;
extern struct store_message store_reply, store_event; /* the last ones */
extern uint32_t store_events;

bool have_store(void);
#define NEED_STORE()   \
    if (!have_store()) \
    SKIP("no store")

/* dom0_op's INT82_OP_serve_* */
int serve_op(uint32_t cmd, domid_t domid, uint32_t mfn, uint32_t *port);

uint32_t store_put(const void *from, uint32_t size); /* as much as there is room for */
bool store_next_message(void);                       /* into store_reply or store_event. False: there is none */
/* Makes a request. Its answer goes into store_reply. */
bool store_ask(uint32_t type, uint32_t tx, const void *payload, uint32_t size);

#endif
