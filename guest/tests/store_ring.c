/* SPDX-License-Identifier: MIT */
/* store_ring.h */
#include "store_ring.h"

#include <public/int82.h>
#include <public/memory.h>

volatile struct xenstore_domain_interface *store_ring;
evtchn_port_t store_channel;

struct store_message store_reply, store_event;
uint32_t store_events;

int serve_op(uint32_t cmd, domid_t domid, uint32_t mfn, uint32_t *port_)
{
    static xen_platform_op_t op;
    int rc;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82_serve = (struct int82_serve){.domid = domid, .mfn = mfn, .port = *port_};
    rc = HYPERVISOR_dom0_op(&op);
    *port_ = op.u.int82_serve.port;
    return rc;
}

bool have_store(void)
{
    if (store_ring)
        return true;
    if (start_info->store_mfn) {
        store_ring = mfn_to_virt(start_info->store_mfn);
        store_channel = start_info->store_evtchn;
        return true;
    }
    if (is_dom0() && is_int82()) {
        static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));

        store_channel = 0;
        if (CHECK_RC(serve_op(INT82_OP_serve_store, DOMID_SELF, virt_to_mfn(page), &store_channel), 0))
            store_ring = (struct xenstore_domain_interface *)page;
    }
    return store_ring;
}
/* --- The ring */

uint32_t store_put(const void *from, uint32_t size)
{
    uint32_t n = 0;

    for (; n < size && store_ring->req_prod - store_ring->req_cons < XENSTORE_RING_SIZE; n++) {
        store_ring->req[MASK_XENSTORE_IDX(store_ring->req_prod)] = ((const char *)from)[n];
        barrier();
        store_ring->req_prod++;
    }
    return n;
}

static uint32_t store_get(void *to, uint32_t size)
{
    uint32_t n = 0;

    for (; n < size && store_ring->rsp_prod != store_ring->rsp_cons; n++) {
        ((char *)to)[n] = store_ring->rsp[MASK_XENSTORE_IDX(store_ring->rsp_cons)];
        barrier();
        store_ring->rsp_cons++;
    }
    return n;
}

/* The hypervisor does all that it can while we notify it. What does not move then never will. */
static bool put_all(const void *from, uint32_t size)
{
    for (uint32_t done = 0; done < size;) {
        uint32_t n = store_put((const char *)from + done, size - done);

        event_send(store_channel);
        if (!n && store_ring->req_prod - store_ring->req_cons == XENSTORE_RING_SIZE) {
            FAIL("the store takes no more");
            return false;
        }
        done += n;
    }
    return true;
}

static bool get_all(void *to, uint32_t size)
{
    for (uint32_t done = 0; done < size;) {
        uint32_t n = store_get((char *)to + done, size - done);

        if (!n) {
            event_send(store_channel);
            if (store_ring->rsp_prod == store_ring->rsp_cons)
                return false;
        }
        done += n;
    }
    return true;
}

bool store_next_message(void)
{
    struct xsd_sockmsg head;
    char *data;

    if (!get_all(&head, sizeof(head)))
        return false;
    data = head.type == XS_WATCH_EVENT ? store_event.data : store_reply.data;
    if (head.len > XENSTORE_PAYLOAD_MAX || !get_all(data, head.len)) {
        FAIL("half a message of type %u and length %u", head.type, head.len);
        return false;
    }
    data[head.len] = 0;
    if (head.type == XS_WATCH_EVENT) {
        store_event.head = head;
        store_events++;
    } else
        store_reply.head = head;
    return true;
}

static uint32_t last_id;

bool store_ask(uint32_t type, uint32_t tx, const void *payload, uint32_t size)
{
    struct xsd_sockmsg head = {type, ++last_id, tx, size};

    memset(&store_reply, 0, sizeof(store_reply));
    if (!put_all(&head, sizeof(head)) || !put_all(payload, size))
        return false;
    do
        if (!store_next_message()) {
            FAIL("no answer to a request of type %u", type);
            return false;
        }
    while (!store_reply.head.req_id);
    CHECK_EQ(store_reply.head.req_id, last_id);
    CHECK_EQ(store_reply.head.tx_id, tx);
    return true;
}
