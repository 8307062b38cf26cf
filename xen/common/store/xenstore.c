/* SPDX-License-Identifier: MIT */
/*
 * A small xenstore (public/io/xs_wire.h). Each domain has a home of its own, /local/domain/<id>, where it may read and
 * write up to a few KiB. It sees nothing else. So things that belong to two domains, such as devices, do not exist
 * here: a domain that looks for them finds none.
 *
 * The ring is the domain's memory, so each index and each byte is read once. Requests are answered one by one. A reply,
 * or an event of a watch, waits until there is room for it, and the next request waits, too. Nobody else can run during
 * an answer, so anything long is read only once: the tree (store_tree.c), and a path.
 *
 * This file has the ring, and the service's beginning and end; store_requests.c has the answers, store_watches.c the
 * watches.
 */
#include "xenstore.h"

static struct store *store_of(struct served_ring *r)
{
    return (struct store *)r;
}

/* --- Messages out */

void begin_message(struct store *s, uint32_t type, uint32_t req_id, uint32_t tx_id)
{
    s->out.head = (struct xsd_sockmsg){.type = type, .req_id = req_id, .tx_id = tx_id};
    s->out_size = sizeof(s->out.head);
    s->out_sent = 0;
}

void add_bytes(struct store *s, const void *data, uint32_t size)
{
    memcpy(s->out.data + s->out.head.len, data, size);
    s->out.head.len += size;
    s->out_size += size;
}

void add_string(struct store *s, const char *text)
{
    add_bytes(s, text, strlen(text) + 1);
}

/* --- The ring */

/* Sends as much of the message as there is room for. True: all of it has gone. */
static bool send(struct store *s)
{
    struct xenstore_domain_interface *page = served_page(&s->served);
    uint32_t unread = s->rsp_prod - ACCESS_ONCE(page->rsp_cons), room = sizeof(page->rsp) - unread;

    if (unread > sizeof(page->rsp)) {
        stop_serving(&s->served, "more of its answers read than were written");
        return false;
    }
    while (room && s->out_sent < s->out_size) {
        uint32_t at = MASK_XENSTORE_IDX(s->rsp_prod);
        uint32_t n = MIN(MIN(s->out_size - s->out_sent, room), sizeof(page->rsp) - at);

        memcpy(page->rsp + at, (const char *)&s->out + s->out_sent, n);
        s->out_sent += n;
        s->rsp_prod += n;
        room -= n;
    }
    barrier();
    page->rsp_prod = s->rsp_prod;
    return s->out_sent == s->out_size;
}

/* Takes what there is of a request. True: the request is complete. */
static bool receive(struct store *s)
{
    struct xenstore_domain_interface *page = served_page(&s->served);
    uint32_t waiting = ACCESS_ONCE(page->req_prod) - s->req_cons, wanted = sizeof(s->in.head);

    if (waiting > sizeof(page->req)) {
        stop_serving(&s->served, "more requests than the ring holds");
        return false;
    }
    for (;;) {
        uint32_t at = MASK_XENSTORE_IDX(s->req_cons), n;

        if (s->in_used >= sizeof(s->in.head)) {
            if (s->in.head.len > sizeof(s->in.data)) {
                stop_serving(&s->served, "a request longer than 4096 bytes");
                return false;
            }
            wanted = sizeof(s->in.head) + s->in.head.len;
        }
        n = MIN(MIN(wanted - s->in_used, waiting), sizeof(page->req) - at);
        if (!n)
            break;
        memcpy((char *)&s->in + s->in_used, page->req + at, n);
        s->in_used += n;
        s->req_cons += n;
        waiting -= n;
    }
    barrier();
    page->req_cons = s->req_cons;
    return s->in_used == wanted;
}

static __may_switch bool work(struct served_ring *r)
{
    struct store *s = store_of(r);
    uint32_t before = s->req_cons + s->rsp_prod;
    bool leave = false;

    while (send(s)) {
        leave = pause_point();
        if (leave)
            break;
        if (look_for_event(s))
            continue;
        if (!receive(s))
            break;
        answer_request(s);
    }
    if (s->req_cons + s->rsp_prod != before)
        notify_served(r);
    return leave;
}

/* --- Beginning and end */

static int start(struct served_ring *r)
{
    const struct xenstore_domain_interface *page = served_page(r);
    struct store *s = store_of(r);

    s->req_cons = page->req_cons;
    s->rsp_prod = page->rsp_prod;
    s->home_length = snprintf(s->home, sizeof(s->home), "/local/domain/%u", r->domain->domain_id);
    s->tree = alloc_heap_pages(TREE_ORDER);
    if (!s->tree)
        return -ENOMEM;
    store_init(s->tree);
    return 0;
}

static void stop(struct served_ring *r)
{
    struct store *s = store_of(r);

    for (unsigned int i = 0; i < MAX_TRANSACTIONS; i++)
        if (s->transactions[i].id)
            end_transaction(&s->transactions[i]);
    free_heap_pages(s->tree, TREE_ORDER);
}

/* The domain may have filled its store, so this can fail; and the domain may end while others run. */
static __may_switch void set(struct domain *d, const char *key, const char *value)
{
    struct served_ring *r = d->served[SERVICE_STORE];

    if (r)
        (void)store_write(store_of(r)->tree, (struct store_path){key, strlen(key)}, value, strlen(value));
    (void)pause_point();
}

static __may_switch void set_number(struct domain *d, const char *key, uint32_t value)
{
    char text[12];

    snprintf(text, sizeof(text), "%u", value);
    set(d, key, text);
}

/* Writes what a domain finds in its home. */
static __may_switch void describe_in_store(struct domain *d)
{
    static const char *const services[NR_SERVICES][2] = {
        [SERVICE_CONSOLE] = {"console/ring-ref", "console/port"},
        [SERVICE_STORE] = {"store/ring-ref", "store/port"},
    };

    if (!d->served[SERVICE_STORE])
        return;
    hold_domain(d);
    set(d, "name", d->name);
    set(d, "device", "");
    set(d, "control/shutdown", ""); /* nobody asks for one; without the key, Mini-OS gives up */
    set_number(d, "domid", d->domain_id);
    set_number(d, "memory/target", d->tot_pages << (PAGE_SHIFT - 10));
    for (unsigned int i = 0; i < NR_SERVICES; i++) {
        if (d->served[i])
            set_number(d, services[i][0], d->served[i]->mfn);
        if (d->served[i])
            set_number(d, services[i][1], d->served[i]->port);
    }
    release_domain(d);
}

_Static_assert(sizeof(struct store) <= 4 * PAGE_SIZE, "the order below");
static const struct service_ops store_service = {SERVICE_STORE, "store", 2, start, work, stop};

int serve(struct domain *d, enum service service, mfn_t mfn, uint32_t *port)
{
    int rc = start_serving(d, service == SERVICE_STORE ? &store_service : &console_service, mfn, port);

    if (!rc)
        describe_in_store(d);
    return rc;
}
