/* SPDX-License-Identifier: MIT */
/* The tree of functions behind the flame graph, and the same as folded stacks. */
#include "profile/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct frame *frame_child(struct frame *f, const struct place *p, uint32_t hypervisor_start)
{
    struct frame *c;

    for (size_t i = 0; i < f->children_n; i++)
        if (!strcmp(f->children[i].name, p->function))
            return &f->children[i];
    c = ARRAY_ADD(f->children, f->children_n);
    c->name = p->function;
    c->hypervisor = p->address >= hypervisor_start;
    return c;
}

/* Adds ticks to the frame and returns the one above it; none when the place is in the frame itself. */
static struct frame *step(struct frame *f, const struct view *v, uint32_t address, uint64_t ticks)
{
    const struct place *p = view_place(v, address);

    if (f->name && !strcmp(f->name, p->function))
        return f;
    f = frame_child(f, p, v->run->hypervisor_start);
    f->ticks += ticks;
    return f;
}

static struct frame *walk(struct frame *root, const struct view *v, uint32_t node, uint64_t ticks)
{
    const struct node *n = &v->run->nodes[node];
    struct frame *f;

    if (!node)
        return v->run->loop ? step(root, v, v->run->loop, ticks) : root;
    f = walk(root, v, n->parent, ticks);
    f = step(f, v, n->from, ticks);
    return step(f, v, n->target, ticks);
}

static int by_ticks(const void *a, const void *b)
{
    const struct frame *x = a, *y = b;

    return x->ticks != y->ticks ? (x->ticks > y->ticks ? -1 : 1) : strcmp(x->name, y->name);
}

static void sort_frames(struct frame *f)
{
    qsort(f->children, f->children_n, sizeof(*f->children), by_ticks);
    for (size_t i = 0; i < f->children_n; i++)
        sort_frames(&f->children[i]);
}

struct frame *view_frames(const struct view *v)
{
    struct frame *root = xcalloc(1, sizeof(*root));

    for (size_t i = 0; i < v->run->cells_n; i++) {
        const struct cell *c = &v->run->cells[i];

        if (c->count)
            step(walk(root, v, c->node, c->count), v, c->address, c->count);
    }
    sort_frames(root);
    return root;
}

const char *view_ticks(const struct view *v, uint64_t n)
{
    static char text[64];

    if (v->calls)
        snprintf(text, sizeof(text), "%.2f instructions a call", (double)n / v->calls);
    else
        snprintf(text, sizeof(text), "%" PRIu64 " instructions", n);
    return text;
}

/* A line for what is executed in the frame itself. */
static void fold(struct buf *b, struct buf *path, const struct frame *f)
{
    size_t before = path->n;
    uint64_t own = f->ticks;

    buf_printf(path, "%s%s", before ? ";" : "", f->name);
    for (size_t i = 0; i < f->children_n; i++)
        own -= f->children[i].ticks;
    if (own)
        buf_printf(b, "%s %" PRIu64 "\n", path->p, own);
    for (size_t i = 0; i < f->children_n; i++)
        fold(b, path, &f->children[i]);
    path->n = before;
    path->p[before] = 0;
}

char *folded_text(const struct frame *root)
{
    struct buf b = {0}, path = {0};

    buf_add(&b, "", 0);
    for (size_t i = 0; i < root->children_n; i++)
        fold(&b, &path, &root->children[i]);
    buf_free(&path);
    return b.p;
}
