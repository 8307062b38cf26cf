/* SPDX-License-Identifier: MIT */
/* bench.csv: a line for each row, without the raw samples. docs/results-format.md. */
#include "result/result.h"

#include <stdlib.h>
#include <string.h>

char *result_csv(const struct result *r)
{
    struct buf b = {0};

    buf_printf(&b, "# schema: %s %d\n", RESULT_SCHEMA, RESULT_VERSION);
    for (size_t i = 0; i < r->info_n; i++)
        buf_printf(&b, "# %s: %s\n", r->info[i].key, r->info[i].value);
    buf_printf(&b,
               "name,batch,ticks_min,ticks_median,per_entry,q1,q3,p90,p99,p999,max,mean,stddev,n,calls,empty_ticks\n");
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        const struct stats *s = &w->st;

        buf_printf(&b, "%s,%u,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.3f,%zu,%llu,%llu\n", w->name,
                   w->batch, s->min, s->median, row_per_entry(w), s->q1, s->q3, s->p90, s->p99, s->p999, s->max,
                   s->mean, s->stddev, s->n, (unsigned long long)w->calls, (unsigned long long)w->empty);
    }
    return b.p;
}

static void csv_comment(struct result *r, char *line)
{
    char *colon = strstr(line, ": ");

    line += strspn(line, "# ");
    /* The peers' files have one sentence instead of keys. */
    if (!colon || strcspn(line, " ") != (size_t)(colon - line) + 1)
        return result_set(r, "about", line);
    *colon = 0;
    result_set(r, line, colon + 2);
}

/* Columns after the name; a peer's file ends after per_entry. */
enum {
    C_BATCH,
    C_MIN,
    C_MEDIAN,
    C_ENTRY,
    C_Q1,
    C_Q3,
    C_P90,
    C_P99,
    C_P999,
    C_MAX,
    C_MEAN,
    C_STDDEV,
    C_N,
    C_CALLS,
    C_EMPTY,
    C_END
};

static bool csv_row(struct result *r, char *line)
{
    double v[C_END] = {0};
    char *save = NULL, *name = strtok_r(line, ",", &save), *field;
    struct row *w;
    size_t n = 0;

    for (; n < C_END && (field = strtok_r(NULL, ",", &save)); n++)
        if (!parse_double(field, &v[n]))
            return false;
    if (!name || n <= C_MEDIAN || v[C_BATCH] < 1 || v[C_BATCH] > 1e6)
        return false;
    /* Peers measured some rows more than once, after different others: the first is the one to compare with. */
    if (result_row(r, name, v[C_BATCH]))
        return true;
    w = ARRAY_ADD(r->rows, r->rows_n);
    w->name = xstrdup(name);
    w->batch = v[C_BATCH];
    w->calls = v[C_CALLS];
    w->empty = v[C_EMPTY];
    w->st.n = v[C_N];
    w->st.min = v[C_MIN];
    w->st.q1 = v[C_Q1];
    w->st.median = v[C_MEDIAN];
    w->st.q3 = v[C_Q3];
    w->st.p90 = v[C_P90];
    w->st.p99 = v[C_P99];
    w->st.p999 = v[C_P999];
    w->st.max = v[C_MAX];
    w->st.mean = v[C_MEAN];
    w->st.stddev = v[C_STDDEV];
    return true;
}

struct result *csv_load(const char *path, char *text, char **why)
{
    struct result *r = xcalloc(1, sizeof(*r));
    char *save = NULL;
    unsigned number = 0;

    r->source = xstrdup(path);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        number++;
        line[strcspn(line, "\r")] = 0;
        if (*line == '#')
            csv_comment(r, line);
        else if (!strncmp(line, "name,batch,ticks_min,ticks_median", 33) || !*line)
            continue;
        else if (!csv_row(r, line)) {
            *why = fmt("%s: line %u is no row of name,batch,ticks_min,ticks_median,...", path, number);
            result_free(r);
            return NULL;
        }
    }
    if (!r->rows_n) {
        *why = fmt("%s has no rows", path);
        result_free(r);
        return NULL;
    }
    return r;
}
