/* SPDX-License-Identifier: MIT */
/* The profile of a row as a text, as CSV and as JSON. */
#include "profile/view.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS_SHOWN 25
#define LINES_SHOWN     12

static double per_call(const struct view *v, uint64_t n)
{
    return (double)n / v->calls;
}

static double share(const struct view *v, uint64_t n)
{
    return v->total.v[METRIC_TICKS] ? 100.0 * n / v->total.v[METRIC_TICKS] : 0;
}

static void functions_text(struct buf *b, const struct view *v)
{
    uint64_t rest = 0;

    buf_printf(b, "%12s %7s  %-32s %s\n", "instructions", "share", "function", "file");
    for (size_t i = 0; i < v->functions_n; i++) {
        const struct function *f = &v->functions[i];
        uint64_t n = f->self.v[METRIC_TICKS];

        if (i >= FUNCTIONS_SHOWN)
            rest += n;
        else if (n)
            buf_printf(b, "%12.2f %6.2f%%  %-32s %s\n", per_call(v, n), share(v, n), f->name, f->file);
    }
    if (rest)
        buf_printf(b, "%12.2f %6.2f%%  (%zu more)\n", per_call(v, rest), share(v, rest),
                   v->functions_n - FUNCTIONS_SHOWN);
    buf_printf(b, "%12.2f 100.00%%  a call\n", per_call(v, v->total.v[METRIC_TICKS]));
}

struct source_line {
    const char *file;
    unsigned line;
    uint64_t ticks;
};

static int by_ticks(const void *a, const void *b)
{
    const struct source_line *x = a, *y = b;

    return x->ticks != y->ticks ? (x->ticks > y->ticks ? -1 : 1) : x->line < y->line ? -1 : x->line > y->line;
}

static void lines_text(struct buf *b, const struct view *v)
{
    struct source_line *lines = NULL;
    size_t n = 0;

    for (size_t i = 0; i < v->places_n; i++) {
        const struct place *p = &v->places[i];
        size_t k = 0;

        if (!p->line || !p->self.v[METRIC_TICKS])
            continue;
        while (k < n && (lines[k].line != p->line || strcmp(lines[k].file, p->file)))
            k++;
        if (k == n)
            *ARRAY_ADD(lines, n) = (struct source_line){p->file, p->line, 0};
        lines[k].ticks += p->self.v[METRIC_TICKS];
    }
    if (!n)
        return;
    qsort(lines, n, sizeof(*lines), by_ticks);
    buf_printf(b, "\n%12s %7s  %s\n", "instructions", "share", "line");
    for (size_t i = 0; i < n && i < LINES_SHOWN; i++)
        buf_printf(b, "%12.2f %6.2f%%  %s:%u\n", per_call(v, lines[i].ticks), share(v, lines[i].ticks), lines[i].file,
                   lines[i].line);
    free(lines);
}

/* Those that are always shown: a zero here says something. */
static bool is_telling(enum metric m)
{
    static const enum event events[] = {EVENT_int_gate,  EVENT_iret,   EVENT_seg_load, EVENT_cr0_write, EVENT_cr3_write,
                                        EVENT_cr4_write, EVENT_invlpg, EVENT_cli,      EVENT_sti,       EVENT_locked};

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (m == (enum metric)(METRIC_EVENTS + events[i]))
            return true;
    return m == METRIC_READS || m == METRIC_WRITES || m == METRIC_EXCEPTIONS;
}

static void events_text(struct buf *b, const struct view *v)
{
    const struct touched *t = &v->run->touched;
    const struct {
        uint64_t n;
        const char *what;
    } more[] = {{t->interrupts, "interrupts taken"},
                {t->data_lines, "different cache lines of data (64 bytes)"},
                {t->data_pages, "different pages of data (4 KiB)"},
                {t->code_lines, "different cache lines of code"},
                {t->code_pages, "different pages of code"}};

    buf_printf(b, "\n%12s %10s  %s\n", "hypervisor", "guest", "events of a call");
    for (enum metric m = METRIC_READS; m < METRICS_N; m++)
        if (v->total.v[m] || is_telling(m))
            buf_printf(b, "%12.2f %10.2f  %s\n", per_call(v, v->hypervisor.v[m]),
                       per_call(v, v->total.v[m] - v->hypervisor.v[m]), metric_what(m));
    for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
        buf_printf(b, "%12.2f %10s  %s\n", per_call(v, more[i].n), "", more[i].what);
}

char *row_events_csv(const struct view *v)
{
    const struct touched *t = &v->run->touched;
    struct buf b = {0};

    buf_printf(&b, "event,hypervisor,guest,calls\n");
    for (enum metric m = 0; m < METRICS_N; m++)
        buf_printf(&b, "%s,%llu,%llu,%llu\n", metric_name(m), (unsigned long long)v->hypervisor.v[m],
                   (unsigned long long)(v->total.v[m] - v->hypervisor.v[m]), (unsigned long long)v->calls);
#define TOUCHED(field) \
    buf_printf(&b, #field ",%llu,,%llu\n", (unsigned long long)t->field, (unsigned long long)v->calls)
    TOUCHED(interrupts);
    TOUCHED(data_lines);
    TOUCHED(data_pages);
    TOUCHED(code_lines);
    TOUCHED(code_pages);
#undef TOUCHED
    return b.p;
}

char *row_functions_csv(const struct view *v)
{
    struct buf b = {0};

    buf_printf(&b, "function,file,address,instructions,calls\n");
    for (size_t i = 0; i < v->functions_n; i++)
        if (v->functions[i].self.v[METRIC_TICKS])
            buf_printf(&b, "%s,%s,0x%x,%llu,%llu\n", v->functions[i].name, v->functions[i].file, v->functions[i].start,
                       (unsigned long long)v->functions[i].self.v[METRIC_TICKS], (unsigned long long)v->calls);
    return b.p;
}

void row_text(struct buf *b, const struct view *v)
{
    functions_text(b, v);
    lines_text(b, v);
    events_text(b, v);
}

char *row_json(const struct view *v, const char *row, unsigned batch, const char *title)
{
    const struct touched *t = &v->run->touched;
    json_t *functions = json_array(), *hypervisor = json_object(), *guest = json_object(), *touched, *all;
    char *text;

    for (size_t i = 0; i < v->functions_n; i++)
        if (v->functions[i].self.v[METRIC_TICKS])
            json_array_append_new(functions, json_pack("{s:s, s:s, s:I}", "name", v->functions[i].name, "file",
                                                       v->functions[i].file, "instructions",
                                                       (json_int_t)v->functions[i].self.v[METRIC_TICKS]));
    for (enum metric m = 0; m < METRICS_N; m++) {
        json_object_set_new(hypervisor, metric_name(m), json_integer(v->hypervisor.v[m]));
        json_object_set_new(guest, metric_name(m), json_integer(v->total.v[m] - v->hypervisor.v[m]));
    }
    touched = json_pack("{s:I, s:I, s:I, s:I, s:I}", "interrupts", (json_int_t)t->interrupts, "data_lines",
                        (json_int_t)t->data_lines, "data_pages", (json_int_t)t->data_pages, "code_lines",
                        (json_int_t)t->code_lines, "code_pages", (json_int_t)t->code_pages);
    all = json_pack("{s:s, s:i, s:s, s:i, s:s, s:I, s:I, s:o, s:{s:o, s:o, s:o}}", "schema", "int82-row-profile",
                    "version", 1, "row", row, "batch", batch, "title", title, "calls", (json_int_t)v->calls,
                    "instructions", (json_int_t)v->total.v[METRIC_TICKS], "functions", functions, "events",
                    "hypervisor", hypervisor, "guest", guest, "sample", touched);
    text = json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    return text;
}
