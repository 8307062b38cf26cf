/* SPDX-License-Identifier: MIT */
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>

static int by_address(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

static const struct elf *home(struct elf *const *elfs, size_t n, uint32_t address)
{
    for (size_t i = 0; i < n; i++)
        if (elf_has_code(elfs[i], address))
            return elfs[i];
    return NULL;
}

static void collect_addresses(struct view *v)
{
    size_t all = 0, kept = 0;

    for (size_t i = 0; i < v->run->cells_n; i++)
        ARRAY_ADD(v->places, all)->address = v->run->cells[i].address;
    for (size_t i = 0; i < v->run->nodes_n; i++) {
        ARRAY_ADD(v->places, all)->address = i ? v->run->nodes[i].from : v->run->loop;
        ARRAY_ADD(v->places, all)->address = i ? v->run->nodes[i].target : v->run->loop;
    }
    qsort(v->places, all, sizeof(*v->places), by_address);
    for (size_t i = 0; i < all; i++)
        if (!kept || v->places[i].address != v->places[kept - 1].address)
            v->places[kept++] = v->places[i];
    v->places_n = kept;
}

static void name_places(struct view *v, const struct elf *e, struct elf *const *elfs, size_t elfs_n)
{
    struct line *lines = NULL;
    size_t n = 0;

    for (size_t i = 0; i < v->places_n; i++)
        if (home(elfs, elfs_n, v->places[i].address) == e)
            ARRAY_ADD(lines, n)->address = v->places[i].address;
    elf_lines(e, lines, n);
    n = 0;
    for (size_t i = 0; i < v->places_n; i++) {
        struct place *p = &v->places[i];
        const struct symbol *s;

        if (home(elfs, elfs_n, p->address) != e)
            continue;
        p->file = lines[n].file;
        p->line = lines[n++].line;
        s = elf_symbol(e, p->address);
        if (s) {
            p->function = s->name;
            p->start = s->address;
        }
    }
    free(lines);
}

const struct place *view_place(const struct view *v, uint32_t address)
{
    static const struct place unknown = {.function = "?", .file = "?"};
    struct place key = {.address = address};
    const struct place *p = bsearch(&key, v->places, v->places_n, sizeof(key), by_address);

    return p ? p : &unknown;
}

static void sum_places(struct view *v)
{
    for (size_t i = 0; i < v->run->cells_n; i++) {
        const struct cell *c = &v->run->cells[i];
        struct metrics m = cell_metrics(c);

        metrics_add(&((struct place *)view_place(v, c->address))->self, &m);
        metrics_add(&v->total, &m);
        if (c->address >= v->run->hypervisor_start)
            metrics_add(&v->hypervisor, &m);
    }
}

static int by_weight(const void *a, const void *b)
{
    const struct function *x = a, *y = b;
    uint64_t p = x->self.v[METRIC_TICKS], q = y->self.v[METRIC_TICKS];

    return p != q ? (p > q ? -1 : 1) : x->start < y->start ? -1 : x->start > y->start;
}

static bool is_header(const char *file)
{
    size_t n = strlen(file);

    return !strcmp(file, "?") || (n > 2 && !strcmp(file + n - 2, ".h"));
}

static void sum_functions(struct view *v)
{
    for (size_t i = 0; i < v->places_n; i++) {
        const struct place *p = &v->places[i];
        struct function *f = v->functions_n ? &v->functions[v->functions_n - 1] : NULL;

        if (!f || f->start != p->start) {
            f = ARRAY_ADD(v->functions, v->functions_n);
            f->name = p->function;
            f->file = p->file;
            f->start = p->start;
        }
        /* A function may begin with what was inlined from a header. */
        if (is_header(f->file) && !is_header(p->file))
            f->file = p->file;
        metrics_add(&f->self, &p->self);
    }
    qsort(v->functions, v->functions_n, sizeof(*v->functions), by_weight);
}

static struct edge *edge_of(struct view *v, uint32_t from, uint32_t target)
{
    struct edge *e;

    for (size_t i = 0; i < v->edges_n; i++)
        if (v->edges[i].from == from && v->edges[i].target == target)
            return &v->edges[i];
    e = ARRAY_ADD(v->edges, v->edges_n);
    e->from = from;
    e->target = target;
    return e;
}

/* A node's number is higher than its parent's. */
static void sum_edges(struct view *v)
{
    struct metrics *inclusive = xcalloc(v->run->nodes_n, sizeof(*inclusive));

    for (size_t i = 0; i < v->run->cells_n; i++) {
        struct metrics m = cell_metrics(&v->run->cells[i]);

        metrics_add(&inclusive[v->run->cells[i].node], &m);
    }
    for (size_t i = v->run->nodes_n; i-- > 1;) {
        const struct node *n = &v->run->nodes[i];
        struct edge *e;

        if (!n->kind) /* of what is not asked for */
            continue;
        e = edge_of(v, n->from, n->target);
        e->calls += n->entries;
        metrics_add(&e->inclusive, &inclusive[i]);
        metrics_add(&inclusive[n->parent], &inclusive[i]);
    }
    free(inclusive);
}

struct view *view_make(const struct trace_run *run, uint64_t calls, struct elf *const *elfs, size_t elfs_n)
{
    struct view *v = xcalloc(1, sizeof(*v));

    v->run = run;
    v->calls = calls;
    collect_addresses(v);
    for (size_t i = 0; i < v->places_n; i++) {
        v->places[i].function = v->places[i].file = "?";
        v->places[i].start = v->places[i].address & ~0xfffu; /* code without symbols: by pages */
    }
    for (size_t i = 0; i < elfs_n; i++)
        name_places(v, elfs[i], elfs, elfs_n);
    sum_places(v);
    sum_functions(v);
    sum_edges(v);
    return v;
}
