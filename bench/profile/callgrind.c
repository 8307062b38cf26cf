/* SPDX-License-Identifier: MIT */
/* The profile in callgrind's format: https://valgrind.org/docs/manual/cl-format.html */
#include "profile/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Which metrics have a column: those that occur. Short names, since they head columns. */
static const struct {
    enum metric metric;
    const char *name;
} columns[] = {
    {METRIC_TICKS, "Ir"},
    {METRIC_READS, "Dr"},
    {METRIC_WRITES, "Dw"},
    {METRIC_EVENTS + EVENT_int_gate, "Gate"},
    {METRIC_EXCEPTIONS, "Exc"},
    {METRIC_EVENTS + EVENT_iret, "Iret"},
    {METRIC_EVENTS + EVENT_seg_load, "SegLoad"},
    {METRIC_EVENTS + EVENT_seg_read, "SegRead"},
    {METRIC_EVENTS + EVENT_cr0_write, "CR0"},
    {METRIC_EVENTS + EVENT_clts, "Clts"},
    {METRIC_EVENTS + EVENT_cr3_write, "CR3"},
    {METRIC_EVENTS + EVENT_cr4_write, "CR4"},
    {METRIC_EVENTS + EVENT_invlpg, "Invlpg"},
    {METRIC_EVENTS + EVENT_cli, "Cli"},
    {METRIC_EVENTS + EVENT_sti, "Sti"},
    {METRIC_EVENTS + EVENT_locked, "Lock"},
    {METRIC_EVENTS + EVENT_cmpxchg8b, "Cx8"},
    {METRIC_EVENTS + EVENT_cmpxchg8b_locked, "LockCx8"},
    {METRIC_EVENTS + EVENT_indirect, "Indirect"},
};
#define COLUMNS_N (sizeof(columns) / sizeof(*columns))

static bool has_column(const struct view *v, size_t i)
{
    return !i || v->total.v[columns[i].metric];
}

static void costs(struct buf *b, const struct view *v, const struct metrics *m)
{
    for (size_t i = 0; i < COLUMNS_N; i++)
        if (has_column(v, i))
            buf_printf(b, " %" PRIu64, m->v[columns[i].metric]);
    buf_printf(b, "\n");
}

static void head(struct buf *b, const struct view *v, const char *title)
{
    buf_printf(b, "# callgrind format\nversion: 1\ncreator: int82-bench profile\ncmd: %s\n", title);
    if (v->calls)
        buf_printf(b, "desc: Unit: one sample of %" PRIu64 " calls, without the empty loop\n", v->calls);
    buf_printf(b, "positions: instr line\nevents:");
    for (size_t i = 0; i < COLUMNS_N; i++)
        if (has_column(v, i))
            buf_printf(b, " %s", columns[i].name);
    buf_printf(b, "\nsummary:");
    costs(b, v, &v->total);
}

static void function_text(struct buf *b, const struct view *v, const struct function *f)
{
    const char *file = f->file;

    buf_printf(b, "\nfl=%s\nfn=%s\n", f->file, f->name);
    for (size_t i = 0; i < v->places_n; i++) {
        const struct place *p = &v->places[i];

        if (p->start != f->start)
            continue;
        if (strcmp(file, p->file)) { /* inlined from elsewhere, or back */
            file = p->file;
            buf_printf(b, "%s=%s\n", strcmp(file, f->file) ? "fi" : "fe", file);
        }
        buf_printf(b, "0x%x %u", p->address, p->line);
        costs(b, v, &p->self);
        for (size_t k = 0; k < v->edges_n; k++) {
            const struct edge *e = &v->edges[k];
            const struct place *target = view_place(v, e->target);

            if (e->from != p->address)
                continue;
            buf_printf(b, "cfi=%s\ncfn=%s\ncalls=%" PRIu64 " 0x%x %u\n0x%x %u", target->file, target->function,
                       e->calls, target->address, target->line, p->address, p->line);
            costs(b, v, &e->inclusive);
        }
    }
}

char *callgrind_text(const struct view *v, const char *title)
{
    struct buf b = {0};

    head(&b, v, title);
    for (size_t i = 0; i < v->functions_n; i++)
        function_text(&b, v, &v->functions[i]);
    buf_printf(&b, "\ntotals:");
    costs(&b, v, &v->total);
    return b.p;
}
