/*
 * A small xenstore (public/io/xs_wire.h). Each domain has a home of its own, /local/domain/<id>, where it may read and
 * write, up to a few KiB; nothing else is to be seen. So what belongs to two domains, such as devices, is not here: a
 * domain that looks for some finds none.
 *
 * The ring is the domain's memory: each index and each byte is read once. Requests are answered one by one; a reply, or
 * an event of a watch, waits until there is room for it, and the next request until then. Nobody can interrupt an
 * answer, so what is long is looked through once: the tree (store_tree.c), and a path.
 */
#include <public/errno.h>
#include <public/io/xs_wire.h>
#include <xen/domain.h>
#include <xen/operation.h>
#include <xen/served.h>
#include <xen/store.h>

#define MAX_TRANSACTIONS 4
#define MAX_WATCHES      16
#define MAX_WATCH_TEXT   128 /* of path and of token, each with its end */
#define MAX_PERMS        128 /* bytes of one key's permissions */
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
    uint32_t path_size, token_size; /* with their ends */
    struct store_path watched;      /* within path */
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

/* Of a string, with its end; 0: it has none. */
static uint32_t string_size(const char *text, uint32_t max)
{
    for (uint32_t i = 0; i < max; i++)
        if (!text[i])
            return i + 1;
    return 0;
}

/* It is all of the payload, and short, as what is neither a path nor a value is. */
static bool is_one_string(const struct store *s)
{
    return s->in.head.len && string_size(s->in.data, MIN(s->in.head.len, 16)) == s->in.head.len;
}

static bool is_name(uint8_t c)
{
    static const uint32_t names[8] = {0, 0x03FF2000, 0x87FFFFFF, 0x07FFFFFE}; /* - 0-9 @ A-Z _ a-z */

    return names[c / 32] >> c % 32 & 1;
}

/* Between two names, or the root's. */
static bool is_separator(const char *p, bool first)
{
    return *p == '/' && p[1] != '/' && (p[1] || first);
}

/* The path that the payload begins with. Of one that nothing can be found at we need not know more. */
static int first_path(const struct store *s, struct store_path *path)
{
    const char *text = s->in.data;
    uint32_t size = string_size(text, MIN(s->in.head.len, XENSTORE_ABS_PATH_MAX));

    if (size < 2 || (*text != '/' && size > XENSTORE_REL_PATH_MAX))
        return -EINVAL;
    *path = (struct store_path){text, size - 1};
    if (size > sizeof(s->home) + 1 + STORE_PATH_MAX)
        return 0;
    for (uint32_t i = 0; text[i]; i++)
        if (!is_name(text[i]) && !is_separator(text + i, !i))
            return -EINVAL;
    return 0;
}

/* From any to one within the home. */
static int home_path(const struct store *s, struct store_path *path)
{
    if (*path->text == '@')
        return -EACCES; /* events about other domains */
    if (*path->text == '/') {
        uint32_t skip = s->home_length;

        if (!store_within(*path, (struct store_path){s->home, s->home_length}))
            return -EACCES;
        skip += skip < path->length;
        *path = (struct store_path){path->text + skip, path->length - skip};
    }
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

/* --- Requests about keys: of one path, which the payload begins with */

/* What follows the path. */
static const char *behind(struct store_path path)
{
    return path.text + path.length + 1;
}

static uint32_t size_behind(const struct store *s, struct store_path path)
{
    return s->in.data + s->in.head.len - behind(path);
}

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
    int rc = store_write(t, path, behind(path), size_behind(s, path));

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
    const char *first = behind(path), *end = first + size_behind(s, path);
    int rc;

    if (first == end || end[-1])
        return -EINVAL;
    if (end - first > MAX_PERMS)
        return -ENOSPC;
    for (const char *p = first; p < end; p += strlen(p) + 1) {
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

static const struct key_request {
    uint32_t type;
    bool path_only; /* nothing may follow the path */
    int too_long;   /* the answer to a path that cannot be */
    key_request_t *function;
} key_requests[] = {
    {XS_DIRECTORY, true, -ENOENT, list_key},   {XS_READ, true, -ENOENT, read_key},
    {XS_WRITE, false, -ENOSPC, write_key},     {XS_MKDIR, true, -ENOSPC, make_key},
    {XS_RM, true, -ENOENT, remove_key},        {XS_GET_PERMS, true, -ENOENT, get_perms},
    {XS_SET_PERMS, false, -ENOENT, set_perms},
};

static int key_request(struct store *s, const struct key_request *k)
{
    struct store_tree *tree = tree_of(s);
    struct store_path path;
    int rc = first_path(s, &path);

    if (rc || (k->path_only && size_behind(s, path)))
        return -EINVAL;
    if (!tree)
        return -ENOENT;
    rc = home_path(s, &path);
    if (!rc && path.length > STORE_PATH_MAX)
        rc = k->too_long;
    return rc ?: k->function(s, tree, path);
}

/* --- Watches */

/* What a request says of one: two strings. Sizes that none of ours can have are 0. */
struct watch_text {
    const char *path, *token;
    uint32_t path_size, token_size;
};

static int watch_text(const struct store *s, struct watch_text *text)
{
    uint32_t size = s->in.head.len, path_size = string_size(s->in.data, MIN(size, XENSTORE_ABS_PATH_MAX));
    uint32_t rest = size - path_size;

    if (!path_size || !rest || s->in.data[size - 1])
        return -EINVAL;
    text->path = s->in.data;
    text->token = s->in.data + path_size;
    text->path_size = path_size <= MAX_WATCH_TEXT ? path_size : 0;
    text->token_size = string_size(text->token, MIN(rest, MAX_WATCH_TEXT));
    return 0;
}

static struct watch *find_watch(struct store *s, const struct watch_text *text)
{
    for (unsigned int i = 0; i < MAX_WATCHES; i++) {
        struct watch *w = &s->watches[i];

        if (w->used && w->path_size == text->path_size && w->token_size == text->token_size &&
            !memcmp(w->path, text->path, w->path_size) && !memcmp(w->token, text->token, w->token_size))
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
    struct watch_text text;
    struct store_path path;
    struct watch *w;
    int rc;

    rc = watch_text(s, &text) ?: first_path(s, &path) ?: home_path(s, &path);
    if (rc)
        return rc;
    if (find_watch(s, &text))
        return -EEXIST;
    w = unused_watch(s);
    if (!w || !text.path_size || !text.token_size)
        return -ENOSPC;
    memcpy(w->path, text.path, text.path_size);
    memcpy(w->token, text.token, text.token_size);
    w->path_size = text.path_size;
    w->token_size = text.token_size;
    w->watched = (struct store_path){w->path + (path.text - text.path), path.length};
    w->used = w->is_new = true;
    add_string(s, "OK");
    return 0;
}

static int remove_watch(struct store *s)
{
    struct watch_text text;
    struct watch *w;

    if (watch_text(s, &text))
        return -EINVAL;
    w = find_watch(s, &text);
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
    add(s, w->token, w->token_size);
}

/* The change, to the watch. */
static bool fires(struct store *s, const struct watch *w, char kind, struct store_path path)
{
    if (store_within(path, w->watched))
        write_event(s, w, path);
    else if (kind == '-' && store_within(w->watched, path))
        write_event(s, w, w->watched);
    else
        return false;
    return true;
}

/* To the first watch that is left of those that the change at s->event_at concerns, if there is one. */
static void next_watch(struct store *s)
{
    const char *change = &s->tree->changes[s->event_at];
    struct store_path path = {change + 1, strlen(change + 1)};

    while (s->event_for < MAX_WATCHES) {
        const struct watch *w = &s->watches[s->event_for++];

        if (w->used && fires(s, w, *change, path))
            return;
    }
    s->event_for = 0;
    s->event_at += path.length + 2;
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

    if (!is_one_string(s))
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

    if (!is_one_string(s) || (!commit && strcmp(s->in.data, "F")))
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

    if (!is_one_string(s))
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
            return key_request(s, &key_requests[i]);
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

/* What there is of a request. Whether it is complete. */
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

/* The domain may have filled its store by now, and be ended while others run. */
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

/* What a domain finds in its home. */
void describe_in_store(struct domain *d)
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
const struct service_ops store_service = {"store", 2, start, work, stop};
