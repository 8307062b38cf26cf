/* SPDX-License-Identifier: MIT */
#include "profile/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void metrics_add(struct metrics *to, const struct metrics *from)
{
    for (size_t i = 0; i < METRICS_N; i++)
        to->v[i] += from->v[i];
}

static const struct {
    const char *name, *what;
} metric_texts[METRICS_N] = {
    {"instruction", "instructions executed"},
    {"memory_read", "memory reads (not those of gates and IRET)"},
    {"memory_write", "memory writes (not those of gates and IRET)"},
    {"exception", "exceptions taken"},
#define EVENT(name, what) {#name, what},
#include "profile/events.def"
#undef EVENT
};

const char *metric_name(enum metric m)
{
    return metric_texts[m].name;
}

const char *metric_what(enum metric m)
{
    return metric_texts[m].what;
}

struct metrics cell_metrics(const struct cell *c)
{
    struct insn i = insn_decode(c->address, c->bytes, c->size);
    struct metrics m = {{c->count, c->reads, c->writes, c->traps}};

    for (size_t e = 0; e < EVENTS_N; e++)
        m.v[METRIC_EVENTS + e] = i.events >> e & 1 ? c->count : 0;
    return m;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static bool read_run(struct trace *t, const char *line)
{
    struct trace_run *r = ARRAY_ADD(t->runs, t->runs_n);
    char kind[16];

    r->hypervisor_start = HYPERVISOR_START;
    *ARRAY_ADD(r->nodes, r->nodes_n) = (struct node){.kind = 'r', .entries = 1};
    if (sscanf(line,
               "run %*u %15s %" SCNx32 " ticks=%" SCNu64 " turns=%" SCNu64 " interrupts=%" SCNu64 " data_lines=%" SCNu64
               " data_pages=%" SCNu64 " code_lines=%" SCNu64 " code_pages=%" SCNu64,
               kind, &r->loop, &r->ticks, &r->turns, &r->touched.interrupts, &r->touched.data_lines,
               &r->touched.data_pages, &r->touched.code_lines, &r->touched.code_pages) != 9)
        return false;
    r->measured = !strcmp(kind, "measured");
    return true;
}

static bool read_node(struct trace_run *r, const char *line)
{
    struct node n;
    uint32_t id;

    if (sscanf(line, "n %" SCNu32 " %" SCNu32 " %c %" SCNx32 " %" SCNx32 " %" SCNu64, &id, &n.parent, &n.kind, &n.from,
               &n.target, &n.entries) != 6 ||
        id > 1000000)
        return false;
    while (r->nodes_n <= id)
        ARRAY_ADD(r->nodes, r->nodes_n);
    r->nodes[id] = n;
    return true;
}

static bool read_cell(struct trace_run *r, const char *line)
{
    struct cell *c = ARRAY_ADD(r->cells, r->cells_n);
    char hex[31];
    int inside;

    if (sscanf(line, "c %" SCNu32 " %" SCNx32 " %30s %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &c->node, &c->address, hex, &inside, &c->count, &c->reads, &c->writes, &c->undone, &c->traps) != 9 ||
        c->node >= r->nodes_n)
        return false;
    c->inside = inside;
    c->size = strlen(hex) / 2;
    for (size_t i = 0; i < c->size; i++)
        if (sscanf(hex + 2 * i, "%2" SCNx8, &c->bytes[i]) != 1)
            return false;
    return true;
}

struct trace *trace_load(const char *path, char **why)
{
    struct trace *t = xcalloc(1, sizeof(*t));
    struct buf b = {0};
    bool open = false;

    if (!file_read(path, &b) || strncmp(b.p, "int82-profile 1\n", 16)) {
        *why = fmt("the plugin wrote nothing: %s", path);
        return NULL;
    }
    for (char *p = b.p + 16, *next; *p; p = next) {
        size_t n = strcspn(p, "\n");
        struct trace_run *r = t->runs_n ? &t->runs[t->runs_n - 1] : NULL;
        bool good = true;

        next = p + n + (p[n] == '\n');
        p[n] = 0;
        if (!strncmp(p, "run ", 4)) {
            good = !open && read_run(t, p);
            open = true;
        } else if (open && *p == 'n') {
            good = read_node(r, p);
        } else if (open && *p == 'c') {
            good = read_cell(r, p);
        } else if (open && !strncmp(p, "end", 3)) {
            r->overflow = p[3];
            open = false;
        } else {
            good = false;
        }
        if (!good) {
            *why = fmt("%s: the line '%.80s' makes no sense", path, p);
            return NULL;
        }
    }
    buf_free(&b);
    if (open && t->runs_n)
        t->runs_n--; /* QEMU ended in the middle of it */
    return t;
}

/* ---- checking, and taking the empty loop off ----------------------------------------------------------------------
 */

/* Equal instructions, wherever they stand: a relative jump's distance depends on what is between. */
static bool same_code(const struct cell *a, const struct cell *b)
{
    struct insn i = insn_decode(a->address, a->bytes, a->size);
    size_t n = a->size;

    if (a->size != b->size)
        return false;
    if (i.direct)
        n -= n > 4 ? 4 : 1;
    return !memcmp(a->bytes, b->bytes, n);
}

static uint64_t take(uint64_t *from, uint64_t n)
{
    uint64_t taken = *from < n ? *from : n;

    *from -= taken;
    return taken;
}

/* Subtracts what the empty loop executes from R. Returns how much of the empty loop R does not have: 0 if all is well.
 */
static uint64_t subtract(struct trace_run *r, const struct trace_run *empty)
{
    uint64_t missing = 0;

    for (size_t k = 0; k < empty->cells_n; k++) {
        struct cell e = empty->cells[k];

        for (size_t i = 0; i < r->cells_n && e.count; i++) {
            struct cell *c = &r->cells[i];
            uint64_t taken;

            if (!c->inside || !same_code(c, &e))
                continue;
            taken = take(&c->count, e.count);
            e.count -= taken;
            r->ticks -= taken;
            e.reads -= take(&c->reads, e.reads);
            e.writes -= take(&c->writes, e.writes);
        }
        missing += e.count;
    }
    return missing;
}

static const struct trace_run *find_empty(const struct trace *t, uint64_t ticks)
{
    for (size_t i = 0; i < t->runs_n; i++)
        if (!t->runs[i].measured && t->runs[i].ticks == ticks)
            return &t->runs[i];
    return NULL;
}

/* The runs that made the row's samples are the last ones: warm-ups come before them. */
static struct trace_run *find_best(const struct trace *t, const struct row *row, char **why)
{
    struct trace_run *best = NULL;
    size_t left = row->samples_n;

    for (size_t i = t->runs_n; i-- && left;) {
        struct trace_run *r = &t->runs[i];
        uint64_t sample;

        if (!r->measured)
            continue;
        sample = row->samples[--left];
        if (r->overflow) {
            *why = xstrdup("the row runs through more code than the plugin has room for");
            return NULL;
        }
        if (r->ticks != sample) {
            /* QEMU does not tell a fault from an interrupt, and the guess was wrong; another sample will do. */
            if (r->touched.interrupts)
                continue;
            *why = fmt("sample %zu has %" PRIu64 " ticks, but the plugin counted %" PRIu64, left + 1, sample, r->ticks);
            return NULL;
        }
        if (!best || r->ticks < best->ticks)
            best = r;
    }
    if (left || !best) {
        *why = fmt("the plugin saw %zu samples less than the guest printed", left);
        return NULL;
    }
    return best;
}

const struct trace_run *trace_profile(const struct trace *t, const struct row *row, char **why)
{
    struct trace_run *best = find_best(t, row, why);
    const struct trace_run *empty = best ? find_empty(t, row->empty) : NULL;
    uint64_t sum = 0, want;

    if (!best)
        return NULL;
    if (!empty) {
        *why = fmt("no empty loop took the %" PRIu64 " ticks that the guest printed", row->empty);
        return NULL;
    }
    want = best->ticks - empty->ticks;
    if (subtract(best, empty)) {
        *why = xstrdup("the empty loop executes what the measured loop does not: guest/bench/loops.S");
        return NULL;
    }
    for (size_t i = 0; i < best->cells_n; i++)
        sum += best->cells[i].count;
    if (sum != want || best->ticks != want) {
        *why = fmt("the profile sums to %" PRIu64 " instead of %" PRIu64 " ticks", sum, want);
        return NULL;
    }
    return best;
}
