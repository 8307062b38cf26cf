/* SPDX-License-Identifier: MIT */
/* What the counted events may cost on a named processor. A model, no measurement: the text says so. */
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>

struct cost {
    enum metric metric;
    char *cpu, *source;
    double cycles;
};

static bool metric_by_name(const char *name, size_t n, enum metric *out)
{
    for (enum metric m = 0; m < METRICS_N; m++)
        if (strlen(metric_name(m)) == n && !strncmp(metric_name(m), name, n)) {
            *out = m;
            return true;
        }
    return false;
}

/* event,cpu,cycles,"source" */
static bool read_cost(struct cost *c, char *line)
{
    char *cpu = strchr(line, ','), *cycles = cpu ? strchr(cpu + 1, ',') : NULL;
    char *source = cycles ? strchr(cycles + 1, ',') : NULL;

    if (!source || !metric_by_name(line, cpu - line, &c->metric))
        return false;
    *source++ = 0;
    c->cpu = xstrndup(cpu + 1, cycles - cpu - 1);
    c->source = xstrdup(source);
    return parse_double(cycles + 1, &c->cycles) && c->cycles >= 0 && *c->cpu;
}

static struct cost *read_costs(const char *path, size_t *n)
{
    struct cost *all = NULL;
    struct buf b = {0};
    unsigned number = 0;

    if (!file_read(path, &b))
        die(EXIT_MISSING, "cannot read the table of costs, %s", path);
    for (char *p = b.p, *next; *p; p = next) {
        size_t length = strcspn(p, "\r\n");

        next = p + length + (p[length] == '\r') + (p[length] != 0);
        p[length] = 0;
        number++;
        if (!length || *p == '#' || number == 1)
            continue;
        if (!read_cost(ARRAY_ADD(all, *n), p))
            die(EXIT_MISSING, "%s:%u: not event,cpu,cycles,source with an event of bench/profile/events.def", path,
                number);
    }
    buf_free(&b);
    return all;
}

/* Its cost is that of a plain instruction: no line of its own is needed. */
static bool is_cheap(enum metric m)
{
    return m == METRIC_READS || m == METRIC_WRITES || m == METRIC_EVENTS + EVENT_jcc ||
           m == METRIC_EVENTS + EVENT_indirect || m == METRIC_EVENTS + EVENT_call || m == METRIC_EVENTS + EVENT_ret ||
           m == METRIC_EVENTS + EVENT_string;
}

static const struct cost *find(const struct cost *all, size_t n, const char *cpu, enum metric m)
{
    for (size_t i = 0; i < n; i++)
        if (all[i].metric == m && !strcmp(all[i].cpu, cpu))
            return &all[i];
    return NULL;
}

static void estimate_cpu(struct buf *b, const struct view *v, const struct cost *all, size_t n, const char *cpu)
{
    struct buf missing = {0}, parts = {0};
    double sum = 0;

    for (enum metric m = 0; m < METRICS_N; m++) {
        const struct cost *c = find(all, n, cpu, m);
        double per_call = (double)v->total.v[m] / v->calls;

        if (!v->total.v[m])
            continue;
        if (!c && !is_cheap(m))
            buf_printf(&missing, "%s%s (%.4g a call)", missing.n ? ", " : "", metric_name(m), per_call);
        if (!c || c->cycles == 0)
            continue;
        sum += per_call * c->cycles;
        buf_printf(&parts, "%s%s %.4g x %g", parts.n ? " + " : "", metric_name(m), per_call, c->cycles);
    }
    buf_printf(b, "  %-10s %s%.0f cycles: %s\n", cpu, missing.n ? "more than " : "about ", sum, parts.n ? parts.p : "");
    if (missing.n)
        buf_printf(b, "  %-10s without a known cost: %s\n", "", missing.p);
    buf_free(&missing);
    buf_free(&parts);
}

void estimate_text(struct buf *b, const struct view *v, const char *costs_path)
{
    size_t n = 0;
    struct cost *all = read_costs(costs_path, &n);

    buf_printf(b, "ESTIMATE of cycles a call, from the counts above and bench/costs.csv; not a measurement\n");
    for (size_t i = 0; i < n; i++) {
        bool first = true;

        for (size_t k = 0; k < i; k++)
            first &= strcmp(all[k].cpu, all[i].cpu) != 0;
        if (first)
            estimate_cpu(b, v, all, n, all[i].cpu);
    }
    free(all);
}
