/* SPDX-License-Identifier: MIT */
/*
 * The store that Int82 keeps for a domain, used through its ring: the answers to good and bad requests. Domain 0 has no
 * store until it asks for one itself. Violations of the ring's rules are in rings.c.
 */
#include "store_ring.h"

#include <public/int82.h>

/* The answer must have this type and these bytes. */
static void expect(int line, uint32_t tx, uint32_t type, const void *payload, uint32_t size, uint32_t answer,
                   const void *text, uint32_t text_size)
{
    if (!store_ask(type, tx, payload, size))
        return;
    if (store_reply.head.type == answer && store_reply.head.len == text_size &&
        !memcmp(store_reply.data, text, text_size))
        return;
    fail(line, "request %u \"%s\": answer %u, %u bytes, \"%s\"", type, (const char *)payload, store_reply.head.type,
         store_reply.head.len, store_reply.data);
}

/* Payloads are string literals. Their final 0 is the last byte, as most requests want it. */
#define TX_OK(tx, type, payload) expect(__LINE__, tx, type, payload, sizeof(payload), type, "OK", 3)
#define TX_GIVES(tx, type, payload, text) \
    expect(__LINE__, tx, type, payload, sizeof(payload), type, text, sizeof(text) - 1)
#define TX_ERROR(tx, type, payload, error) \
    expect(__LINE__, tx, type, payload, sizeof(payload), XS_ERROR, error, sizeof(error))
#define OK(type, payload)           TX_OK(0, type, payload)
#define GIVES(type, payload, text)  TX_GIVES(0, type, payload, text)
#define ERROR(type, payload, error) TX_ERROR(0, type, payload, error)
/* The value of a write has no final 0. */
#define WRITE(tx, payload) expect(__LINE__, tx, XS_WRITE, payload, sizeof(payload) - 1, XS_WRITE, "OK", 3)

/* --- Tests */

TEST(store_port)
{
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_bind_vcpu bind = {0};

    NEED_STORE();
    status.port = bind.port = store_channel;
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_status, &status), 0);
    CHECK_EQ(status.status, EVTCHNSTAT_interdomain);
    CHECK_RC(HYPERVISOR_event_channel_op(EVTCHNOP_bind_vcpu, &bind), 0);
    event_clear(store_channel);
    CHECK(store_ask(XS_READ, 0, "domid", 6));
    CHECK(event_pending(store_channel));
}

TEST(store_home)
{
    char home[32], text[16];

    NEED_STORE();
    snprintf(text, sizeof(text), "%u", own_domid());
    snprintf(home, sizeof(home), "/local/domain/%u", own_domid());
    expect(__LINE__, 0, XS_READ, "domid", 6, XS_READ, text, strlen(text));
    expect(__LINE__, 0, XS_GET_DOMAIN_PATH, text, strlen(text) + 1, XS_GET_DOMAIN_PATH, home, strlen(home) + 1);
    GIVES(XS_GET_DOMAIN_PATH, "77", "/local/domain/77\0");
    expect(__LINE__, 0, XS_IS_DOMAIN_INTRODUCED, text, strlen(text) + 1, XS_IS_DOMAIN_INTRODUCED, "T", 2);
    GIVES(XS_IS_DOMAIN_INTRODUCED, "77", "F\0");
    GIVES(XS_READ, "device", "");
    GIVES(XS_DIRECTORY, "device", "");
    GIVES(XS_READ, "control/shutdown", "");
    CHECK(store_ask(XS_READ, 0, "name", 5) && store_reply.head.len);
    CHECK(store_ask(XS_DIRECTORY, 0, home, strlen(home) + 1) && store_reply.head.type == XS_DIRECTORY);
    CHECK(store_ask(XS_READ, 0, "memory/target", 14));
    CHECK_EQ(store_reply.head.type, XS_READ);
}

TEST(store_keys)
{
    NEED_STORE();
    OK(XS_RM, "data");
    ERROR(XS_READ, "data", "ENOENT");
    ERROR(XS_DIRECTORY, "data", "ENOENT");
    ERROR(XS_RM, "data/none/none", "ENOENT");
    WRITE(0, "data/a/b\0value");
    GIVES(XS_READ, "data/a/b", "value");
    GIVES(XS_READ, "data/a", "");
    WRITE(0, "data/a-b\0x");
    WRITE(0, "data/a/b\0another, longer value");
    WRITE(0, "data/0\0");
    GIVES(XS_READ, "data/a/b", "another, longer value");
    GIVES(XS_READ, "data/a-b", "x");
    WRITE(0, "data/a/b\0with a\0zero");
    GIVES(XS_READ, "data/a/b", "with a\0zero");
    OK(XS_MKDIR, "data/a/b"); /* changes nothing */
    GIVES(XS_READ, "data/a/b", "with a\0zero");
    OK(XS_MKDIR, "data/a/c/d/e");
    GIVES(XS_DIRECTORY, "data", "0\0a\0a-b\0");
    GIVES(XS_DIRECTORY, "data/a", "b\0c\0");
    GIVES(XS_DIRECTORY, "data/a/c/d/e", "");
    OK(XS_RM, "data/a");
    ERROR(XS_READ, "data/a/c/d", "ENOENT");
    GIVES(XS_DIRECTORY, "data", "0\0a-b\0");
    OK(XS_RM, "data/a");
    OK(XS_RM, "data");
    ERROR(XS_READ, "data/a-b", "ENOENT");
}

TEST(store_permissions)
{
    char text[16] = "n", set[32] = "data";
    uint32_t n;

    NEED_STORE();
    n = 1 + snprintf(text + 1, sizeof(text) - 1, "%u", own_domid()) + 1;
    WRITE(0, "data\0v");
    expect(__LINE__, 0, XS_GET_PERMS, "data", 5, XS_GET_PERMS, text, n);
    memcpy(text + n, "r77", 4);
    memcpy(set + 5, text, n + 4);
    expect(__LINE__, 0, XS_SET_PERMS, set, 5 + n + 4, XS_SET_PERMS, "OK", 3);
    expect(__LINE__, 0, XS_GET_PERMS, "data", 5, XS_GET_PERMS, text, n + 4);
    GIVES(XS_READ, "data", "v");
    ERROR(XS_SET_PERMS, "data\0n4711", "EACCES");
    ERROR(XS_SET_PERMS, "data\0x1", "EINVAL");
    ERROR(XS_SET_PERMS, "data\0n", "EINVAL");
    ERROR(XS_SET_PERMS, "data\0", "EINVAL");
    ERROR(XS_SET_PERMS, "data", "EINVAL");
    ERROR(XS_GET_PERMS, "nothing", "ENOENT");
    memcpy(set, "none", 4);
    expect(__LINE__, 0, XS_SET_PERMS, set, 5 + n, XS_ERROR, "ENOENT", 7);
    OK(XS_RM, "data");
}

TEST(store_forbidden)
{
    NEED_STORE();
    ERROR(XS_READ, "/", "EACCES");
    ERROR(XS_DIRECTORY, "/local/domain", "EACCES");
    ERROR(XS_READ, "/local/domain/77/name", "EACCES");
    ERROR(XS_READ, "/local/domain/00", "EACCES");
    ERROR(XS_WRITE, "/tool/x\0v", "EACCES");
    ERROR(XS_RM, "/local", "EACCES");
    ERROR(XS_MKDIR, "/vm", "EACCES");
    ERROR(XS_WATCH, "/local/domain/77\0token", "EACCES");
    ERROR(XS_WATCH, "@releaseDomain\0token", "EACCES");
    ERROR(XS_INTRODUCE, "1\0001\0002", "EACCES");
    ERROR(XS_RELEASE, "1", "EACCES");
    ERROR(XS_RESUME, "1", "EACCES");
    ERROR(XS_SET_TARGET, "1\0002", "EACCES");
    ERROR(XS_DEBUG, "print\0hello", "EACCES");
}

TEST(store_malformed)
{
    static char path[3100];

    NEED_STORE();
    expect(__LINE__, 0, XS_READ, "", 0, XS_ERROR, "EINVAL", 7);
    expect(__LINE__, 0, XS_READ, "domid", 5, XS_ERROR, "EINVAL", 7);
    expect(__LINE__, 0, XS_WRITE, "domid", 5, XS_ERROR, "EINVAL", 7);
    ERROR(XS_READ, "", "EINVAL");
    ERROR(XS_READ, "domid\0more", "EINVAL");
    ERROR(XS_READ, "a//b", "EINVAL");
    ERROR(XS_READ, "a/", "EINVAL");
    ERROR(XS_READ, "a b", "EINVAL");
    ERROR(XS_READ, "a.b", "EINVAL");
    ERROR(XS_READ, "\377", "EINVAL");
    ERROR(XS_WATCH, "data", "EINVAL");
    ERROR(XS_UNWATCH, "data", "EINVAL");
    ERROR(XS_TRANSACTION_END, "X", "EINVAL");
    ERROR(XS_GET_DOMAIN_PATH, "abc", "EINVAL");
    ERROR(XS_GET_DOMAIN_PATH, "99999999999999", "EINVAL");
    ERROR(XS_GET_DOMAIN_PATH, "", "EINVAL");
    ERROR(XS_WATCH_EVENT, "a\0b", "ENOSYS");
    ERROR(XS_ERROR, "a", "ENOSYS");
    ERROR(22, "a", "ENOSYS");
    ERROR(0xFFFFFFFF, "a", "ENOSYS");
    memset(path, 'a', sizeof(path));
    path[sizeof(path) - 1] = 0;
    expect(__LINE__, 0, XS_READ, path, sizeof(path), XS_ERROR, "EINVAL", 7);
    expect(__LINE__, 0, XS_MKDIR, path + sizeof(path) - 1000, 1000, XS_ERROR, "ENOSPC", 7);
    OK(XS_MKDIR, "data/1/2/3/4/5/6/7/8/9/10");
    ERROR(XS_MKDIR, "data2/1/2/3/4/5/6/7/8/9/10/11/12", "ENOSPC");
    ERROR(XS_READ, "data2", "ENOENT"); /* nothing of it is left */
    OK(XS_RM, "data");
}

TEST(store_quota)
{
    static char payload[XENSTORE_PAYLOAD_MAX];
    char key[16];
    unsigned int made = 0;

    NEED_STORE();
    memset(payload, 'v', sizeof(payload));
    memcpy(payload, "data", 5);
    expect(__LINE__, 0, XS_WRITE, payload, sizeof(payload), XS_WRITE, "OK", 3);
    if (store_ask(XS_READ, 0, "data", 5)) {
        CHECK_EQ(store_reply.head.len, XENSTORE_PAYLOAD_MAX - 5);
        CHECK(!memcmp(store_reply.data, payload + 5, XENSTORE_PAYLOAD_MAX - 5));
    }
    for (unsigned int i = 0; i < 1000; i++, made++) {
        uint32_t n = snprintf(key, sizeof(key), "data/%u", i) + 1;

        if (!store_ask(XS_MKDIR, 0, key, n))
            return;
        if (store_reply.head.type == XS_ERROR)
            break;
    }
    CHECK(made > 100 && made < 1000);
    CHECK(!strcmp(store_reply.data, "ENOSPC"));
    WRITE(0, "data\0"); /* what exists can still be changed, and then there is room again */
    CHECK(store_ask(XS_MKDIR, 0, key, strlen(key) + 1) && store_reply.head.type == XS_MKDIR);
    OK(XS_RM, "data");
}

TEST(store_transactions)
{
    uint32_t tx[5] = {0};
    char text[16];

    NEED_STORE();
    WRITE(0, "data\0old");
    for (unsigned int i = 0; i < 4; i++)
        if (store_ask(XS_TRANSACTION_START, 0, "", 1) && CHECK(store_reply.head.type == XS_TRANSACTION_START))
            for (const char *p = store_reply.data; *p; p++)
                tx[i] = tx[i] * 10 + *p - '0';
    CHECK(tx[0] && tx[1] && tx[0] != tx[1]);
    ERROR(XS_TRANSACTION_START, "", "ENOSPC");
    TX_ERROR(tx[0], XS_TRANSACTION_START, "", "EBUSY");
    WRITE(tx[0], "data\0new");
    WRITE(tx[0], "data/sub\0x");
    WRITE(tx[1], "data\0other");
    GIVES(XS_READ, "data", "old");
    TX_GIVES(tx[0], XS_READ, "data", "new");
    TX_GIVES(tx[1], XS_READ, "data", "other");
    TX_GIVES(tx[2], XS_READ, "data", "old");
    TX_OK(tx[3], XS_TRANSACTION_END, "F");
    TX_ERROR(tx[3], XS_READ, "data", "ENOENT");
    TX_ERROR(tx[3], XS_TRANSACTION_END, "T", "ENOENT");
    TX_OK(tx[0], XS_TRANSACTION_END, "T");
    GIVES(XS_READ, "data", "new");
    GIVES(XS_READ, "data/sub", "x");
    TX_ERROR(tx[1], XS_TRANSACTION_END, "T", "EAGAIN"); /* the other transaction was faster */
    TX_ERROR(tx[1], XS_READ, "data", "ENOENT");
    TX_ERROR(tx[2], XS_TRANSACTION_END, "T", "EAGAIN");
    GIVES(XS_READ, "data", "new");
    ERROR(XS_TRANSACTION_END, "T", "ENOENT");
    snprintf(text, sizeof(text), "%u", tx[0]);
    OK(XS_RM, "data");
}

static void expect_event(int line, const char *path, const char *token)
{
    uint32_t before = store_events;

    while (store_events == before && store_next_message())
        ;
    if (store_events == before)
        fail(line, "no event for %s", path);
    else if (strcmp(store_event.data, path) || strcmp(store_event.data + strlen(path) + 1, token) ||
             store_event.head.req_id)
        fail(line, "event \"%s\" instead of \"%s\"", store_event.data, path);
}
#define EVENT(path, token) expect_event(__LINE__, path, token)
#define NO_EVENT()         CHECK(!store_next_message())

TEST(store_watches)
{
    char absolute[48];
    uint32_t n, tx = 0;

    NEED_STORE();
    OK(XS_RM, "data");
    NO_EVENT();
    OK(XS_WATCH, "data/w\0token 1");
    EVENT("data/w", "token 1"); /* the first event comes by itself */
    NO_EVENT();
    ERROR(XS_WATCH, "data/w\0token 1", "EEXIST");
    WRITE(0, "data/w\0v");
    EVENT("data/w", "token 1");
    WRITE(0, "data/w/x/y\0v");
    EVENT("data/w/x/y", "token 1");
    WRITE(0, "data/ww\0v"); /* a name that only begins like the watched one */
    NO_EVENT();
    n = snprintf(absolute, sizeof(absolute), "/local/domain/%u/data", own_domid()) + 1;
    memcpy(absolute + n, "t2", 3);
    expect(__LINE__, 0, XS_WATCH, absolute, n + 3, XS_WATCH, "OK", 3);
    EVENT(absolute, "t2");
    OK(XS_RM, "data/w/x");
    EVENT("data/w/x", "token 1");
    memcpy(absolute + n - 1, "/w/x", 5);
    EVENT(absolute, "t2");
    absolute[n - 1] = 0;
    OK(XS_RM, "data"); /* removes the watched one as well */
    EVENT("data/w", "token 1");
    EVENT(absolute, "t2");
    NO_EVENT();
    if (store_ask(XS_TRANSACTION_START, 0, "", 1))
        for (const char *p = store_reply.data; *p; p++)
            tx = tx * 10 + *p - '0';
    WRITE(tx, "data/w\0v");
    WRITE(tx, "data/w/z\0v");
    NO_EVENT(); /* not before the transaction's end */
    TX_OK(tx, XS_TRANSACTION_END, "T");
    EVENT("data/w", "token 1");
    memcpy(absolute + n - 1, "/w", 3);
    EVENT(absolute, "t2");
    EVENT("data/w/z", "token 1");
    memcpy(absolute + n - 1, "/w/z", 5);
    EVENT(absolute, "t2");
    NO_EVENT();
    OK(XS_UNWATCH, "data/w\0token 1");
    ERROR(XS_UNWATCH, "data/w\0token 1", "ENOENT");
    OK(XS_RESET_WATCHES, "");
    OK(XS_RM, "data");
    NO_EVENT();
}

TEST(store_watch_limits)
{
    char payload[160] = "data";
    unsigned int made = 0;
    bool ok = true;

    NEED_STORE();
    for (; made < 100 && ok; made++) {
        uint32_t n = 5 + snprintf(payload + 5, sizeof(payload) - 5, "%u", made) + 1;

        if (!store_ask(XS_WATCH, 0, payload, n))
            return;
        ok = store_reply.head.type == XS_WATCH;
    }
    CHECK_EQ(made, 17);
    CHECK(!strcmp(store_reply.data, "ENOSPC"));
    OK(XS_RESET_WATCHES, "");
    memset(payload + 5, 't', 140);
    payload[145] = 0;
    expect(__LINE__, 0, XS_WATCH, payload, 146, XS_ERROR, "ENOSPC", 7);
    while (store_next_message())
        ;
}

/* Requests follow each other in pieces, and nobody reads the answers meanwhile. All are answered, in their order. */
TEST(store_ring_full)
{
    static const struct {
        struct xsd_sockmsg head;
        char data[6];
    } __attribute__((packed)) request = {{XS_READ, 4711, 0, 6}, "domid"};
    unsigned int sent = 0, answers = 0;
    uint32_t n = 0;

    NEED_STORE();
    for (;;) {
        uint32_t put = store_put((const char *)&request + n, sizeof(request) - n < 5 ? sizeof(request) - n : 5);

        event_send(store_channel);
        if (!put)
            break; /* both rings are full */
        n = (n + put) % sizeof(request);
        sent += !n;
    }
    CHECK(sent > 60);
    while (n) { /* the rest of the last one */
        CHECK(store_next_message());
        answers++;
        n = (n + store_put((const char *)&request + n, sizeof(request) - n)) % sizeof(request);
        sent += !n;
    }
    event_send(store_channel);
    while (store_next_message()) {
        CHECK_EQ(store_reply.head.req_id, 4711);
        CHECK_EQ(store_reply.head.type, XS_READ);
        answers++;
    }
    CHECK_EQ(answers, sent);
}

/* We must not change the other side's indices. If we do, it has no effect. */
TEST(store_ring_indices)
{
    NEED_STORE();
    store_ring->rsp_prod += 100000;
    store_ring->rsp_cons = store_ring->rsp_cons;
    event_send(store_channel);
    CHECK_EQ(store_ring->rsp_prod, store_ring->rsp_cons);
    store_ring->req_cons -= 17;
    event_send(store_channel);
    CHECK_EQ(store_ring->req_prod, store_ring->req_cons);
    CHECK(store_ask(XS_READ, 0, "domid", 6));
}

TEST(store_serve_refused)
{
    uint32_t p = 0, closed;
    void *page;

    if (!is_int82())
        SKIP("Int82's own");
    if (!(start_info->flags & SIF_PRIVILEGED)) {
        CHECK_RC(serve_op(INT82_OP_serve_store, DOMID_SELF, start_info->store_mfn, &p), -EPERM);
        return;
    }
    NEED_STORE();
    CHECK_RC(serve_op(INT82_OP_serve_store, 77, 0, &p), -ESRCH);
    CHECK_RC(serve_op(INT82_OP_serve_store, DOMID_SELF, 0, &p), -EEXIST);
    if (!is_dom0())
        return;
    page = alloc_page();
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, HUGE_FRAME, &p), -EINVAL);
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, 0xFFFFFFFF, &p), -EINVAL);
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, foreign_frame(), &p), -EINVAL);
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, pte_mfn(*mm_l2_entry((void *)VIRT_BASE)), &p), -EINVAL);
    p = 5000;
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, virt_to_mfn(page), &p), -EINVAL);
    closed = event_bind_ipi(0);
    p = closed;
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, virt_to_mfn(page), &p), -EINVAL);
    CHECK_RC(event_close(closed), 0);
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, virt_to_mfn(page), &p), -EINVAL);
    p = 0;
    CHECK_RC(serve_op(INT82_OP_serve_console, 0, virt_to_mfn(page), &p), -EINVAL); /* it has the machine's console */
    CHECK_RC(page_make_readonly(page), 0);
    CHECK_RC(page_make_writable(page), 0);
    free_page(page);
}

/* --- The most work that one request can cause */

/* Makes keys until there is no room for more. Then makes paths as deep as allowed, in front of all keys and after
 * them. */
TEST(store_longest_path)
{
    char path[8];
    uint32_t n;

    NEED_STORE();
    for (n = 0; n < 2000; n++) {
        uint32_t size = snprintf(path, sizeof(path), "m%u", n) + 1;

        if (!store_ask(XS_MKDIR, 0, path, size) || store_reply.head.type == XS_ERROR)
            break;
    }
    CHECK(n > 400 && n < 2000);
    CHECK(!strcmp(store_reply.data, "ENOSPC"));
    ERROR(XS_MKDIR, "z/b/c/d/e/f/g/h/i/j/k/l", "ENOSPC");
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t size = snprintf(path, sizeof(path), "m%u", i) + 1;

        CHECK(store_ask(XS_RM, 0, path, size));
        CHECK_EQ(store_reply.head.type, XS_RM);
    }
    OK(XS_MKDIR, "z/b/c/d/e/f/g/h/i/j/k/l");
    GIVES(XS_DIRECTORY, "z/b/c/d", "e\0");
    OK(XS_RM, "z");
    OK(XS_MKDIR, "m1000/b/c/d/e/f/g/h/i/j/k/l"); /* in front of others that begin with it */
    GIVES(XS_DIRECTORY, "m1000", "b\0");
    OK(XS_RM, "m1000");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t size = snprintf(path, sizeof(path), "m%u", i) + 1;

        store_ask(XS_RM, 0, path, size);
    }
    ERROR(XS_READ, "m20", "ENOENT");
}

/* The greatest number of changes that a transaction can bring at once, and the greatest number of watches, which they
 * do not concern. */
TEST(store_longest_watches)
{
    char payload[16], tx[16];
    uint32_t id = 0;

    NEED_STORE();
    OK(XS_RESET_WATCHES, "");
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t size = snprintf(payload, sizeof(payload), "elsewhere") + 1;

        size += snprintf(payload + size, sizeof(payload) - size, "t%u", i) + 1;
        expect(__LINE__, 0, XS_WATCH, payload, size, XS_WATCH, "OK", 3);
    }
    store_ask(XS_TRANSACTION_START, 0, "", 1);
    memcpy(tx, store_reply.data, sizeof(tx));
    for (const char *p = tx; *p >= '0' && *p <= '9'; p++)
        id = id * 10 + *p - '0';
    store_events = 0;
    for (uint32_t i = 0; i < 400; i++)
        if (!store_ask(XS_WRITE, id, "k", 2) || store_reply.head.type == XS_ERROR)
            break;
    CHECK(!strcmp(store_reply.data, "ENOSPC"));
    TX_OK(id, XS_TRANSACTION_END, "T");
    CHECK(store_ask(XS_RM, 0, "k", 2));
    CHECK_EQ(store_events, 0);
    OK(XS_RESET_WATCHES, "");
}
