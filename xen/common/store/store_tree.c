/* SPDX-License-Identifier: MIT */
/*
 * The tree behind xenstore.c (xen/store.h): entries one behind the other, sorted so that all descendants of a node
 * follow it. Every look-up is a walk along at most 7 KiB, in which nobody else can run (docs/security.md has the
 * bound). So each request makes one walk, which compares words where it can.
 */
#include <public/errno.h>
#include <xen/lib.h>
#include <xen/store.h>

struct entry {
    uint16_t path, perms, value; /* lengths of the parts that follow, in this order */
    uint8_t data[];
} __attribute__((packed));

static struct entry *entry_at(const struct store_tree *t, uint32_t at)
{
    return (struct entry *)(uintptr_t)&t->bytes[at];
}

static uint32_t size_of(const struct entry *e)
{
    return sizeof(*e) + e->path + e->perms + e->value;
}

static struct store_path path_of(const struct entry *e)
{
    return (struct store_path){(const char *)e->data, e->path};
}

/* '/' sorts before all other characters, so a node's children come before its next sibling. */
static int order_of(char c)
{
    return c == '/' ? 0 : (uint8_t)c;
}

struct word {
    uint32_t value;
} __attribute__((packed)); /* at any address */

static uint32_t word_at(const char *text)
{
    return ((const struct word *)text)->value;
}

static int compare(struct store_path a, struct store_path b)
{
    uint32_t n = MIN(a.length, b.length), i = 0;

    while (i + 4 <= n && word_at(a.text + i) == word_at(b.text + i))
        i += 4;
    for (; i < n; i++)
        if (a.text[i] != b.text[i])
            return order_of(a.text[i]) - order_of(b.text[i]);
    return (int)a.length - (int)b.length;
}

bool store_within(struct store_path path, struct store_path other)
{
    if (path.length < other.length || memcmp(path.text, other.text, other.length))
        return false;
    return !other.length || path.length == other.length || path.text[other.length] == '/';
}

/* Where the path's entry is, or would be. *before: the entry in front of it; the home is in front of all. */
static bool find_behind(const struct store_tree *t, struct store_path path, uint32_t *at, uint32_t *before)
{
    uint32_t here = 0, last = 0;
    int order = -1;

    while (here < t->used) {
        const struct entry *e = entry_at(t, here);

        order = compare(path_of(e), path);
        if (order >= 0)
            break;
        last = here;
        here += size_of(e);
    }
    *at = here;
    *before = last;
    return !order;
}

/* The path is missing and would stand behind the entry `before`. Whether its parent, or another node above it, exists:
 * such a node is that entry or one above it, because only descendants stand between a node and its next sibling. */
static bool is_above(const struct store_tree *t, uint32_t before, struct store_path node)
{
    return store_within(path_of(entry_at(t, before)), node);
}

static bool find(const struct store_tree *t, struct store_path path, uint32_t *at)
{
    uint32_t before;

    return find_behind(t, path, at, &before);
}

static struct store_path parent_of(struct store_path path)
{
    while (path.length && path.text[path.length - 1] != '/')
        path.length--;
    if (path.length)
        path.length--;
    return path;
}

/* Moves everything behind `at` up or down. The room has been checked. */
static void resize(struct store_tree *t, uint32_t at, uint32_t from, uint32_t to)
{
    memmove(&t->bytes[at + to], &t->bytes[at + from], t->used - at - from);
    t->used = t->used - from + to;
}

/* Writes an entry into room that has been made. Returns its end. */
static uint32_t put(struct store_tree *t, uint32_t at, struct store_path path, const void *value, uint32_t size)
{
    struct entry *e = entry_at(t, at);

    e->path = path.length;
    e->perms = 0;
    e->value = size;
    memcpy(e->data, path.text, path.length);
    memcpy(e->data + path.length, value, size);
    return at + size_of(e);
}

static bool can_note(const struct store_tree *t, struct store_path path)
{
    return path.length + 2 <= sizeof(t->changes) - t->changes_used;
}

static void note_change(struct store_tree *t, char kind, struct store_path path)
{
    char *p = &t->changes[t->changes_used];

    p[0] = kind;
    memcpy(p + 1, path.text, path.length);
    p[path.length + 1] = 0;
    t->changes_used += path.length + 2;
    t->generation++;
}

/*
 * Makes path and all nodes that are missing above it, at the place that find_behind() has found: all of them belong
 * there. So the tree is walked once, however deep the path is.
 */
static int create(struct store_tree *t, struct store_path path, uint32_t at, uint32_t before, const void *value,
                  uint32_t size)
{
    struct store_path missing[STORE_DEPTH_MAX];
    uint32_t n = 0, needed = size;

    if (path.length > STORE_PATH_MAX || !can_note(t, path))
        return -ENOSPC;
    for (struct store_path p = path; !is_above(t, before, p); p = parent_of(p)) {
        if (n == STORE_DEPTH_MAX)
            return -ENOSPC;
        missing[n++] = p;
        needed += sizeof(struct entry) + p.length;
    }
    if (needed > sizeof(t->bytes) - t->used)
        return -ENOSPC;
    resize(t, at, 0, needed);
    while (n--)
        at = put(t, at, missing[n], value, n ? 0 : size);
    note_change(t, '+', path);
    return 0;
}

/* Replaces a part of an entry that exists; offset: where the part begins in data. */
static int replace(struct store_tree *t, uint32_t at, uint32_t offset, uint16_t *length, const void *data,
                   uint32_t size)
{
    struct entry *e = entry_at(t, at);
    struct store_path path = path_of(e);

    if ((size > *length && size - *length > sizeof(t->bytes) - t->used) || !can_note(t, path))
        return -ENOSPC;
    resize(t, at + sizeof(*e) + offset, *length, size);
    memcpy(e->data + offset, data, size);
    *length = size;
    note_change(t, '+', path);
    return 0;
}

void store_init(struct store_tree *t)
{
    memset(t, 0, sizeof(*t));
    t->used = put(t, 0, (struct store_path){"", 0}, "", 0);
}

/* The entry of path, or NULL. */
static const struct entry *find_entry(const struct store_tree *t, struct store_path path)
{
    uint32_t at;

    return find(t, path, &at) ? entry_at(t, at) : NULL;
}

int store_read(const struct store_tree *t, struct store_path path, struct store_value *value)
{
    const struct entry *e = find_entry(t, path);

    if (!e)
        return -ENOENT;
    *value = (struct store_value){e->data + e->path + e->perms, e->value};
    return 0;
}

int store_write(struct store_tree *t, struct store_path path, const void *value, uint32_t size)
{
    uint32_t at, before;
    uint16_t length;
    int rc;

    if (!find_behind(t, path, &at, &before))
        return create(t, path, at, before, value, size);
    length = entry_at(t, at)->value;
    rc = replace(t, at, entry_at(t, at)->path + entry_at(t, at)->perms, &length, value, size);
    entry_at(t, at)->value = length;
    return rc;
}

int store_mkdir(struct store_tree *t, struct store_path path)
{
    uint32_t at, before;

    return find_behind(t, path, &at, &before) ? 0 : create(t, path, at, before, "", 0);
}

int store_remove(struct store_tree *t, struct store_path path)
{
    uint32_t at, before, end;

    if (!path.length)
        return -EACCES; /* the home cannot be removed */
    if (!find_behind(t, path, &at, &before))
        return is_above(t, before, parent_of(path)) ? 0 : -ENOENT;
    if (!can_note(t, path))
        return -ENOSPC;
    for (end = at; end < t->used && store_within(path_of(entry_at(t, end)), path);)
        end += size_of(entry_at(t, end));
    resize(t, at, end - at, 0);
    note_change(t, '-', path);
    return 0;
}

/* A child has no '/' in the rest of its path; that is found while the name is copied. */
int store_list(const struct store_tree *t, struct store_path path, char *buf, uint32_t size)
{
    uint32_t at, used = 0, skip = path.length ? path.length + 1 : 0;

    if (!find(t, path, &at))
        return -ENOENT;
    for (at += size_of(entry_at(t, at)); at < t->used; at += size_of(entry_at(t, at))) {
        struct store_path p = path_of(entry_at(t, at));
        uint32_t room = size - used, i;
        char *to = buf + used;

        if (!store_within(p, path))
            break;
        p.text += skip;
        p.length -= skip;
        for (i = 0; i < p.length && p.text[i] != '/'; i++)
            if (i < room)
                to[i] = p.text[i];
        if (i < p.length)
            continue;
        if (i >= room)
            return -E2BIG;
        to[i] = 0;
        used += i + 1;
    }
    return used;
}

int store_get_perms(const struct store_tree *t, struct store_path path, struct store_value *perms)
{
    const struct entry *e = find_entry(t, path);

    if (!e)
        return -ENOENT;
    *perms = (struct store_value){e->data + e->path, e->perms};
    return 0;
}

int store_set_perms(struct store_tree *t, struct store_path path, const void *perms, uint32_t size)
{
    uint16_t length;
    uint32_t at;
    int rc;

    if (!find(t, path, &at))
        return -ENOENT;
    length = entry_at(t, at)->perms;
    rc = replace(t, at, entry_at(t, at)->path, &length, perms, size);
    entry_at(t, at)->perms = length;
    return rc;
}
