/* SPDX-License-Identifier: MIT */
/*
 * The store's tree against a model: an unordered list of paths and values, which is too simple to be wrong. Long random
 * sequences use few names, so that paths meet, nest, and run out of room. The sanitizers find reads beyond the tree.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/store.h>

#define STEPS 100000
#define MAX   2000

static struct node {
    char path[STORE_PATH_MAX + 1];
    char value[1024];
    uint32_t size;
} nodes[MAX];
static unsigned int count;
static uint64_t state = 1;
static unsigned int refused, step;

static uint32_t below(uint32_t n)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % n;
}

static struct store_path path_of(const char *text)
{
    return (struct store_path){text, strlen(text)};
}

static void check(int holds, const char *what, const char *path)
{
    if (holds)
        return;
    printf("@test fail store_model: step %u: %s (%s)\n", step, what, path);
    exit(1);
}

static struct node *find(const char *path)
{
    for (unsigned int i = 0; i < count; i++)
        if (!strcmp(nodes[i].path, path))
            return &nodes[i];
    return NULL;
}

static int within(const char *path, const char *other)
{
    size_t n = strlen(other);

    return !strncmp(path, other, n) && (!n || !path[n] || path[n] == '/');
}

static void make(const char *path)
{
    char parent[STORE_PATH_MAX + 1];
    char *slash;

    if (find(path))
        return;
    strcpy(parent, path);
    slash = strrchr(parent, '/');
    if (slash) {
        *slash = 0;
        make(parent);
    }
    check(count < MAX, "the model is full", path);
    memset(&nodes[count], 0, sizeof(nodes[0]));
    strcpy(nodes[count++].path, path);
}

static void drop(const char *path)
{
    for (unsigned int i = 0; i < count;)
        if (within(nodes[i].path, path))
            nodes[i] = nodes[--count];
        else
            i++;
}

static void random_path(char *path)
{
    static const char *const names[] = {"a", "b", "a-b", "ab", "0", "a_b", "longer-name"};
    unsigned int depth = 1 + below(below(8) ? 4 : 15);

    *path = 0;
    for (unsigned int i = 0; i < depth; i++) {
        if (i)
            strcat(path, "/");
        strcat(path, names[below(7)]);
    }
}

/* Everything that can be asked about one path. */
static void compare(const struct store_tree *t, const char *path)
{
    struct node *n = find(path);
    struct store_value v;
    char list[4096];
    int rc = store_read(t, path_of(path), &v), size;
    unsigned int children = 0;

    check(rc == (n ? 0 : -ENOENT), "whether it is there", path);
    size = store_list(t, path_of(path), list, sizeof(list));
    if (!n) {
        check(size == -ENOENT, "it has children all the same", path);
        return;
    }
    check(v.size == n->size && !memcmp(v.data, n->value, n->size), "the value", path);
    for (unsigned int i = 0; i < count; i++) {
        const char *rest = nodes[i].path + strlen(path) + (*path != 0);

        children += &nodes[i] != n && within(nodes[i].path, path) && !strchr(rest, '/');
    }
    for (char *p = list; p < list + size; p += strlen(p) + 1, children--) {
        char child[8192];

        snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", p);
        check(find(child) != NULL, "a child", child);
    }
    check(!children, "the number of children", path);
}

static void one_step(struct store_tree *t)
{
    char path[STORE_PATH_MAX * 2], value[1024];
    uint32_t size = below(4) ? below(16) : below(sizeof(value)), used = t->used;
    int rc;

    random_path(path);
    memset(value, below(256), sizeof(value));
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        rc = store_write(t, path_of(path), value, size);
        if (!rc) {
            make(path);
            memcpy(find(path)->value, value, size);
            find(path)->size = size;
        }
        break;
    case 3:
        rc = store_mkdir(t, path_of(path));
        if (!rc)
            make(path);
        break;
    case 4:
    case 5:
        rc = store_remove(t, path_of(path));
        if (!rc)
            drop(path);
        break;
    case 6:
        rc = store_set_perms(t, path_of(path), "n1\0r2", 6);
        check((rc == -ENOENT) == !find(path), "permissions of what is not there", path);
        if (!rc) {
            struct store_value perms;

            check(!store_get_perms(t, path_of(path), &perms) && perms.size == 6 && !memcmp(perms.data, "n1\0r2", 6),
                  "permissions", path);
        }
        break;
    default:
        rc = 0;
    }
    check(rc == 0 || rc == -ENOENT || rc == -ENOSPC, "the result", path);
    if (rc)
        check(t->used == used, "a failure changes nothing", path);
    refused += rc == -ENOSPC;
    check(t->used <= sizeof(t->bytes) && t->changes_used <= sizeof(t->changes), "the room", path);
    if (below(4))
        t->changes_used = 0; /* the watchers have been told */
    compare(t, path);
    if (!below(64))
        for (unsigned int i = 0; i < count; i++)
            compare(t, nodes[i].path);
}

int main(void)
{
    static struct store_tree tree;

    printf("@test begin store_model\n");
    store_init(&tree);
    count = 1; /* the domain's home */
    for (step = 0; step < STEPS; step++)
        one_step(&tree);
    check(refused > STEPS / 1000, "it was never full", "");
    check(store_remove(&tree, path_of("")) == -EACCES, "the home goes", "");
    printf("@test pass store_model\n");
    return 0;
}
