/* SPDX-License-Identifier: MIT */
/*
 * A domain's requests to its store, and the answers: keys, transactions, and the rest. store_watches.c has the watches.
 */
#include "xenstore.h"

/* --- Requests: their parts */

uint32_t string_size(const char *text, uint32_t max)
{
    for (uint32_t i = 0; i < max; i++)
        if (!text[i])
            return i + 1;
    return 0;
}

/* The string is the whole payload. It is short, because it is neither a path nor a value. */
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

/* Nothing can be found at such a path, so it need not be looked at further. */
int first_path(const struct store *s, struct store_path *path)
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

int home_path(const struct store *s, struct store_path *path)
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

/* The payload behind the path. */
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
        add_bytes(s, value.data, value.size);
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
        add_bytes(s, perms.data, perms.size);
    else
        add_string(s, own);
    return 0;
}

/* The first one names the owner, which cannot change. Permissions are kept but have no effect, because nobody else sees
 * the store. */
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
    int too_long;   /* the answer to a path that is too long */
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

void end_transaction(struct transaction *t)
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
    return -EACCES; /* only whoever runs the store may do that */
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

void answer_request(struct store *s)
{
    int rc;

    begin_message(s, s->in.head.type, s->in.head.req_id, s->in.head.tx_id);
    rc = answer(s);
    if (rc)
        fail(s, rc);
    s->in_used = 0;
}
