/* SPDX-License-Identifier: MIT */
/*
 * Watches of a domain's store. Each fires once when it is set, and then for each change below its path. The tree keeps
 * a list of its changes, which is worked off one event at a time, when there is room for one.
 */
#include "xenstore.h"

/* The two strings of a request about a watch. A size that no watch here can have becomes 0. */
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

int add_watch(struct store *s)
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

int remove_watch(struct store *s)
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

/* The path in the form in which the watch was set: from the root, or from the home. */
static void write_event(struct store *s, const struct watch *w, struct store_path path)
{
    begin_message(s, XS_WATCH_EVENT, 0, 0);
    if (*w->path == '/') {
        add_bytes(s, s->home, s->home_length);
        if (path.length)
            add_bytes(s, "/", 1);
    }
    add_bytes(s, path.text, path.length);
    add_bytes(s, "", 1);
    add_bytes(s, w->token, w->token_size);
}

/* Sends the watch an event for the change. */
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

/* Sends the event to the next watch that the change at s->event_at concerns, if there is one. */
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

bool look_for_event(struct store *s)
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
