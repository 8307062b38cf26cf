/*
 * A small xenstore (public/io/xs_wire.h). Each domain has a home of its own, /local/domain/<id>, where it may read and
 * write, up to a few KiB; nothing else is to be seen. So what belongs to two domains, such as devices, is not here: a
 * domain that looks for some finds none.
 *
 * The ring is the domain's memory: each index and each byte is read once. Requests are answered one by one; a reply, or
 * an event of a watch, waits until there is room for it, and the next request until then.
 */
#include <public/errno.h>
#include <public/io/xs_wire.h>
#include <xen/operation.h>
#include <xen/served.h>
#include <xen/store.h>

#define MAX_TRANSACTIONS 4
#define MAX_WATCHES      16
#define MAX_WATCH_TEXT   128 /* of path and of token, each with its end */
#define TREE_ORDER       1

_Static_assert(sizeof(struct store_tree) == PAGE_SIZE << TREE_ORDER, "a block of the heap");

struct message {
    struct xsd_sockmsg head;
    char data[XENSTORE_PAYLOAD_MAX];
};

struct watch {
    bool used;
    bool is_new; /* fires once by itself */
    char path[MAX_WATCH_TEXT], token[MAX_WATCH_TEXT];
    struct store_path watched; /* within path */
};

struct transaction {
    uint32_t id; /* 0: none */
    uint32_t generation;
    struct store_tree *tree;
};

struct store {
    struct served_ring served;    /* first */
    uint32_t req_cons, rsp_prod;  /* ours; the ring's are for the domain to see */
    uint32_t in_used;             /* bytes of the request so far */
    uint32_t out_size, out_sent;  /* of the message on its way out */
    uint32_t event_at, event_for; /* the change and the watch to look at next */
    uint32_t last_transaction;
    uint32_t home_length;
    char home[24]; /* "/local/domain/1" */
    struct store_tree *tree;
    struct transaction transactions[MAX_TRANSACTIONS];
    struct watch watches[MAX_WATCHES];
    struct message in, out;
};

static struct store *store_of(struct served_ring *r)
{
    return (struct store *)r;
}

/* --- Messages out */

static void begin_message(struct store *s, uint32_t type, uint32_t req_id, uint32_t tx_id)
{
    s->out.head = (struct xsd_sockmsg){.type = type, .req_id = req_id, .tx_id = tx_id};
    s->out_size = sizeof(s->out.head);
    s->out_sent = 0;
}

/* Callers know that it fits. */
static void add(struct store *s, const void *data, uint32_t size)
{
    memcpy(s->out.data + s->out.head.len, data, size);
    s->out.head.len += size;
    s->out_size += size;
}

static void add_string(struct store *s, const char *text)
{
    add(s, text, strlen(text) + 1);
}

static void fail(struct store *s, int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {{EINVAL, "EINVAL"}, {EACCES, "EACCES"}, {EEXIST, "EEXIST"}, {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"},
                 {ENOSPC, "ENOSPC"}, {ENOSYS, "ENOSYS"}, {EBUSY, "EBUSY"},   {EAGAIN, "EAGAIN"}, {E2BIG, "E2BIG"}};
    const char *name = "EINVAL";

    for (unsigned int i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].error == -error)
            name = names[i].name;
    begin_message(s, XS_ERROR, s->in.head.req_id, s->in.head.tx_id);
    add_string(s, name);
}

/* --- Requests: their parts */

/* The number of terminated strings that the payload consists of; 0 if it does not. */
static uint32_t strings(const struct store *s)
{
    uint32_t n = 0, size = s->in.head.len;

    if (!size || s->in.data[size - 1])
        return 0;
    for (uint32_t i = 0; i < size; i++)
        n += !s->in.data[i];
    return n;
}

static const char *next_string(const char *text)
{
    return text + strlen(text) + 1;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '@';
}

static int check_path(const char *text)
{
    uint32_t length = strlen(text);

    if (!length || length >= (*text == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX))
        return -EINVAL;
    for (const char *p = text; *p; p++)
        if (*p == '/' ? p[1] == '/' || (!p[1] && p != text) : !is_name(*p))
            return -EINVAL;
    return 0;
}

/* Within the home; text goes on being needed. */
static int home_path(const struct store *s, const char *text, struct store_path *path)
{
    int rc = check_path(text);

    if (rc)
        return rc;
    if (*text == '@')
        return -EACCES; /* events about other domains */
    if (*text == '/') {
        struct store_path all = {text, strlen(text)}, home = {s->home, s->home_length};

        if (!store_within(all, home))
            return -EACCES;
        text += s->home_length;
        text += *text == '/';
    }
    *path = (struct store_path){text, strlen(text)};
    return 0;
}

static struct transaction *find_transaction(struct store *s, uint32_t id)
{
    for (unsigned int i = 0; i < MAX_TRANSACTIONS; i++)
        if (s->transactions[i].id == id)
            return &s->transactions[i];
    return NULL;
}

/* What the request is about: the store, or a transaction's copy. */
static struct store_tree *tree_of(struct store *s)
{
    struct transaction *t;

    if (!s->in.head.tx_id)
        return s->tree;
    t = find_transaction(s, s->in.head.tx_id);
    return t ? t->tree : NULL;
}

static uint32_t decimal(const char *text, const char **end)
{
    uint32_t n = 0;

    *end = text;
    while (**end >= '0' && **end <= '9' && n < DOMID_FIRST_RESERVED)
        n = n * 10 + *(*end)++ - '0';
    return n;
}

/* --- Requests about keys: of one path, the payload's first string */

typedef int key_request_t(struct store *s, struct store_tree *t, struct store_path path);

static int read_key(struct store *s, struct store_tree *t, struct store_path path)
{
    struct store_value value;
    int rc = store_read(t, path, &value);

    if (!rc)
        add(s, value.data, value.size);
    return rc;
}

static int list_key(struct store *s, struct store_tree *t, struct store_path path)
{
    int size = store_list(t, path, s->out.data, sizeof(s->out.data));

    if (size < 0)
        return size;
    s->out.head.len = size;
    s->out_size += size;
    return 0;
}

static int write_key(struct store *s, struct store_tree *t, struct store_path path)
{
    const char *value = next_string(s->in.data);
    int rc = store_write(t, path, value, s->in.data + s->in.head.len - value);

    if (!rc)
        add_string(s, "OK");
    return rc;
}

static int make_key(struct store *s, struct store_tree *t, struct store_path path)
{
    int rc = store_mkdir(t, path);

    if (!rc)
        add_string(s, "OK");
    return rc;
}

static int remove_key(struct store *s, struct store_tree *t, struct store_path path)
{
    int rc = store_remove(t, path);

    if (!rc)
        add_string(s, "OK");
    return rc;
}

static int get_perms(struct store *s, struct store_tree *t, struct store_path path)
{
    struct store_value perms;
    int rc = store_get_perms(t, path, &perms);
    char own[8];

    if (rc)
        return rc;
    snprintf(own, sizeof(own), "n%u", s->served.domain->domain_id);
    if (perms.size)
        add(s, perms.data, perms.size);
    else
        add_string(s, own);
    return 0;
}

/* The first one names the owner, who cannot be another. They are kept; but nobody else sees the store anyhow. */
static int set_perms(struct store *s, struct store_tree *t, struct store_path path)
{
    const char *first = next_string(s->in.data), *end = s->in.data + s->in.head.len;
    int rc;

    if (strings(s) < 2)
        return -EINVAL;
    for (const char *p = first; p < end; p = next_string(p)) {
        const char *stop;
        uint32_t domid;

        if (!strchr("wrbn", *p) || !*p || !p[1])
            return -EINVAL;
        domid = decimal(p + 1, &stop);
        if (*stop)
            return -EINVAL;
        if (p == first && domid != s->served.domain->domain_id)
            return -EACCES;
    }
    rc = store_set_perms(t, path, first, end - first);
    if (!rc)
        add_string(s, "OK");
    return rc;
}

static const struct {
    uint32_t type;
    bool path_only; /* nothing may follow the path */
    key_request_t *function;
} key_requests[] = {
    {XS_DIRECTORY, true, list_key},   {XS_READ, true, read_key}, {XS_WRITE, false, write_key},
    {XS_MKDIR, true, make_key},       {XS_RM, true, remove_key}, {XS_GET_PERMS, true, get_perms},
    {XS_SET_PERMS, false, set_perms},
};

static int key_request(struct store *s, key_request_t *function, bool path_only)
{
    struct store_tree *tree = tree_of(s);
    struct store_path path;
    bool terminated = false;
    int rc;

    for (uint32_t i = 0; i < s->in.head.len && !terminated; i++)
        terminated = !s->in.data[i];
    if (!terminated || (path_only && strings(s) != 1))
        return -EINVAL;
    if (!tree)
        return -ENOENT;
    rc = home_path(s, s->in.data, &path);
    return rc ?: function(s, tree, path);
}

/* --- Watches */

static struct watch *find_watch(struct store *s, const char *path, const char *token)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        struct watch *w = &s->watches[i];

        if (w->used && !strcmp(w->path, path) && !strcmp(w->token, token))
            return w;
    }
    return NULL;
}

static struct watch *unused_watch(struct store *s)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        if (!s->watches[i].used)
            return &s->watches[i];
    return NULL;
}

static int add_watch(struct store *s)
{
    const char *path = s->in.data, *token;
    struct store_path ignored;
    struct watch *w;
    int rc;

    if (strings(s) < 2)
        return -EINVAL;
    token = next_string(path);
    rc = home_path(s, path, &ignored);
    if (rc)
        return rc;
    if (find_watch(s, path, token))
        return -EEXIST;
    w = unused_watch(s);
    if (!w)
        return -ENOSPC;
    if (strlcpy(w->path, path, sizeof(w->path)) >= sizeof(w->path) ||
        strlcpy(w->token, token, sizeof(w->token)) >= sizeof(w->token))
        return -ENOSPC;
    (void)home_path(s, w->path, &w->watched);
    w->used = w->is_new = true;
    add_string(s, "OK");
    return 0;
}

static int remove_watch(struct store *s)
{
    struct watch *w;

    if (strings(s) < 2)
        return -EINVAL;
    w = find_watch(s, s->in.data, next_string(s->in.data));
    if (!w)
        return -ENOENT;
    w->used = false;
    add_string(s, "OK");
    return 0;
}

/* In the form that the watch was set with: from the root, or from the home. */
static void write_event(struct store *s, const struct watch *w, struct store_path path)
{
    begin_message(s, XS_WATCH_EVENT, 0, 0);
    if (*w->path == '/') {
        add(s, s->home, s->home_length);
        if (path.length)
            add(s, "/", 1);
    }
    add(s, path.text, path.length);
    add(s, "", 1);
    add_string(s, w->token);
}

/* The change that s->event_at stands at, to the watch. */
static bool fires(struct store *s, const struct watch *w)
{
    const char *change = &s->tree->changes[s->event_at];
    struct store_path path = {change + 1, strlen(change + 1)};

    if (store_within(path, w->watched))
        write_event(s, w, path);
    else if (*change == '-' && store_within(w->watched, path))
        write_event(s, w, w->watched);
    else
        return false;
    return true;
}

/* To the first watch that is left of those that the change at s->event_at concerns, if there is one. */
static void next_watch(struct store *s)
{
    while (s->event_for < MAX_WATCHES) {
        const struct watch *w = &s->watches[s->event_for++];

        if (w->used && fires(s, w))
            return;
    }
    s->event_for = 0;
    s->event_at += strlen(&s->tree->changes[s->event_at]) + 1;
}

/* False: there are none, and none are left to look for. */
static bool look_for_event(struct store *s)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        struct watch *w = &s->watches[i];

        if (!w->used || !w->is_new)
            continue;
        w->is_new = false;
        write_event(s, w, w->watched);
        return true;
    }
    if (s->event_at < s->tree->changes_used) {
        next_watch(s);
        return true;
    }
    s->event_at = s->tree->changes_used = 0;
    return false;
}

/* --- Transactions */

static int start_transaction(struct store *s)
{
    struct transaction *t;
    char text[12];

    if (strings(s) != 1)
        return -EINVAL;
    if (s->in.head.tx_id)
        return -EBUSY;
    t = find_transaction(s, 0);
    if (!t)
        return -ENOSPC;
    t->tree = alloc_heap_pages(TREE_ORDER);
    if (!t->tree)
        return -ENOMEM;
    memcpy(t->tree, s->tree, sizeof(*t->tree));
    t->generation = s->tree->generation;
    do
        t->id = ++s->last_transaction;
    while (!t->id);
    snprintf(text, sizeof(text), "%u", t->id);
    add_string(s, text);
    return 0;
}

static void end_transaction(struct transaction *t)
{
    free_heap_pages(t->tree, TREE_ORDER);
    t->id = 0;
}

static int finish_transaction(struct store *s)
{
    struct transaction *t = s->in.head.tx_id ? find_transaction(s, s->in.head.tx_id) : NULL;
    bool commit = !strcmp(s->in.data, "T");
    struct store_tree *old = s->tree;

    if (strings(s) != 1 || (!commit && strcmp(s->in.data, "F")))
        return -EINVAL;
    if (!t)
        return -ENOENT;
    if (commit && t->generation != old->generation) {
        end_transaction(t);
        return -EAGAIN;
    }
    if (commit) {
        s->tree = t->tree;
        t->tree = old;
    }
    end_transaction(t);
    add_string(s, "OK");
    return 0;
}

/* --- Other requests */

static int domain_number(struct store *s, uint32_t *domid)
{
    const char *end;

    if (strings(s) != 1)
        return -EINVAL;
    *domid = decimal(s->in.data, &end);
    return end == s->in.data || *end || *domid >= DOMID_FIRST_RESERVED ? -EINVAL : 0;
}

static int get_domain_path(struct store *s)
{
    char text[sizeof(s->home)];
    uint32_t domid;

    if (domain_number(s, &domid))
        return -EINVAL;
    snprintf(text, sizeof(text), "/local/domain/%u", domid);
    add_string(s, text);
    return 0;
}

static int is_domain_introduced(struct store *s)
{
    const struct domain *d;
    uint32_t domid;

    if (domain_number(s, &domid))
        return -EINVAL;
    d = domain_by_id(domid);
    add_string(s, d && d->served[SERVICE_STORE] ? "T" : "F");
    return 0;
}

static int reset_watches(struct store *s)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++)
        s->watches[i].used = false;
    for (unsigned int i = 0; i < MAX_TRANSACTIONS; i++)
        if (s->transactions[i].id)
            end_transaction(&s->transactions[i]);
    add_string(s, "OK");
    return 0;
}

static int refuse(struct store *s)
{
    return -EACCES; /* a matter of whoever runs the store */
}

static const struct {
    uint32_t type;
    int (*function)(struct store *s);
} other_requests[] = {
    {XS_WATCH, add_watch},
    {XS_UNWATCH, remove_watch},
    {XS_TRANSACTION_START, start_transaction},
    {XS_TRANSACTION_END, finish_transaction},
    {XS_GET_DOMAIN_PATH, get_domain_path},
    {XS_IS_DOMAIN_INTRODUCED, is_domain_introduced},
    {XS_RESET_WATCHES, reset_watches},
    {XS_DEBUG, refuse},
    {XS_INTRODUCE, refuse},
    {XS_RELEASE, refuse},
    {XS_RESUME, refuse},
    {XS_SET_TARGET, refuse},
};

static int answer(struct store *s)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(key_requests); i++)
        if (key_requests[i].type == s->in.head.type)
            return key_request(s, key_requests[i].function, key_requests[i].path_only);
    for (unsigned int i = 0; i < ARRAY_SIZE(other_requests); i++)
        if (other_requests[i].type == s->in.head.type)
            return other_requests[i].function(s);
    return -ENOSYS;
}

static void answer_request(struct store *s)
{
    int rc;

    begin_message(s, s->in.head.type, s->in.head.req_id, s->in.head.tx_id);
    rc = answer(s);
    if (rc)
        fail(s, rc);
    s->in_used = 0;
}

/* --- The ring */

/* All of the message that there is room for. Whether that was the rest. */
static bool send(struct store *s)
{
    struct xenstore_domain_interface *page = served_page(&s->served);
    uint32_t unread = s->rsp_prod - ACCESS_ONCE(page->rsp_cons), n;
    const char *from = (const char *)&s->out + s->out_sent;

    if (unread > sizeof(page->rsp)) {
        stop_serving(&s->served, "more of its answers read than were written");
        return false;
    }
    n = MIN(s->out_size - s->out_sent, sizeof(page->rsp) - unread);
    for (uint32_t i = 0; i < n; i++)
        page->rsp[MASK_XENSTORE_IDX(s->rsp_prod + i)] = from[i];
    s->out_sent += n;
    s->rsp_prod += n;
    barrier();
    page->rsp_prod = s->rsp_prod;
    return s->out_sent == s->out_size;
}

/* What there is of a request. Whether it is complete. */
static bool receive(struct store *s)
{
    struct xenstore_domain_interface *page = served_page(&s->served);
    uint32_t waiting = ACCESS_ONCE(page->req_prod) - s->req_cons, wanted = sizeof(s->in.head);

    if (waiting > sizeof(page->req)) {
        stop_serving(&s->served, "more requests than the ring holds");
        return false;
    }
    for (;; s->in_used++) {
        if (s->in_used >= sizeof(s->in.head)) {
            if (s->in.head.len > sizeof(s->in.data)) {
                stop_serving(&s->served, "a request longer than 4096 bytes");
                return false;
            }
            wanted = sizeof(s->in.head) + s->in.head.len;
        }
        if (s->in_used == wanted || !waiting--)
            break;
        ((char *)&s->in)[s->in_used] = page->req[MASK_XENSTORE_IDX(s->req_cons)];
        s->req_cons++;
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

static void set(struct store *s, const char *key, uint32_t value)
{
    char text[12];

    (void)store_write(s->tree, (struct store_path){key, strlen(key)}, text, snprintf(text, sizeof(text), "%u", value));
}

/* What a domain finds in its home. */
void describe_in_store(const struct domain *d)
{
    static const char *const services[NR_SERVICES][2] = {
        [SERVICE_CONSOLE] = {"console/ring-ref", "console/port"},
        [SERVICE_STORE] = {"store/ring-ref", "store/port"},
    };
    struct store *s;

    if (!d->served[SERVICE_STORE])
        return;
    s = store_of(d->served[SERVICE_STORE]);
    (void)store_write(s->tree, (struct store_path){"name", 4}, d->name, strlen(d->name));
    (void)store_mkdir(s->tree, (struct store_path){"device", 6});
    set(s, "domid", d->domain_id);
    set(s, "memory/target", d->tot_pages << (PAGE_SHIFT - 10));
    for (unsigned int i = 0; i < NR_SERVICES; i++)
        if (d->served[i]) {
            set(s, services[i][0], d->served[i]->mfn);
            set(s, services[i][1], d->served[i]->port);
        }
}

_Static_assert(sizeof(struct store) <= 4 * PAGE_SIZE, "the order below");
const struct service_ops store_service = {"store", 2, start, work, stop};
