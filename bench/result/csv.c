/* SPDX-License-Identifier: MIT */
/* bench.csv: a line for each row, without the raw samples. docs/results-format.md. */
#include "result/csv_text.h"
#include "result/result.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum column {
    C_NAME,
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
    C_CODE,
    C_END
};

static const char *const column_names[C_END] = {"name",   "batch", "ticks_min", "ticks_median", "per_entry", "q1",
                                                "q3",     "p90",   "p99",       "p999",         "max",       "mean",
                                                "stddev", "n",     "calls",     "empty_ticks",  "code"};

/* ---- writing -------------------------------------------------------------------------------------------------- */

/* A value goes to the end of its line, so control characters, which could break the line, become blanks. */
static void add_info(struct buf *b, const char *key, const char *value)
{
    buf_printf(b, "# %s: ", key);
    for (; *value; value++)
        buf_add(b, iscntrl((unsigned char)*value) ? " " : value, 1);
    buf_add(b, "\n", 1);
}

char *result_csv(const struct result *r)
{
    struct buf b = {0};

    buf_printf(&b, "# schema: %s %d\n", RESULT_SCHEMA, RESULT_VERSION);
    for (size_t i = 0; i < r->info_n; i++)
        if (strcmp(r->info[i].key, "schema"))
            add_info(&b, r->info[i].key, r->info[i].value);
    for (int i = 0; i < C_END; i++)
        csv_add(&b, column_names[i]);
    buf_add(&b, "\n", 1);
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        const struct stats *s = &w->st;

        csv_add(&b, w->name);
        buf_printf(&b, ",%u,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.3f,%zu,%llu,%llu", w->batch, s->min,
                   s->median, row_per_entry(w), s->q1, s->q3, s->p90, s->p99, s->p999, s->max, s->mean, s->stddev, s->n,
                   (unsigned long long)w->calls, (unsigned long long)w->empty);
        csv_add(&b, w->code ? w->code : "");
        buf_add(&b, "\n", 1);
    }
    return b.p;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* Where in a record each column stands; -1: nowhere. */
struct columns {
    int at[C_END];
    size_t n; /* fields in a record; 0: there was no header, and any number will do */
};

static struct columns columns_default(void)
{
    struct columns c = {0};

    for (int i = 0; i < C_END; i++)
        c.at[i] = i;
    return c;
}

static bool has(const struct csv_record *record, const char *field)
{
    for (size_t i = 0; i < record->n; i++)
        if (!strcmp(record->fields[i], field))
            return true;
    return false;
}

static bool columns_of(struct columns *c, const struct csv_record *header)
{
    c->n = header->n;
    for (int i = 0; i < C_END; i++) {
        c->at[i] = -1;
        for (size_t k = 0; k < header->n; k++)
            if (!strcmp(header->fields[k], column_names[i]))
                c->at[i] = k;
    }
    return c->at[C_BATCH] >= 0 && c->at[C_MIN] >= 0 && c->at[C_MEDIAN] >= 0;
}

/* A spreadsheet may have put a comment in quotes, or commas behind it. */
static void csv_comment(struct result *r, char *line)
{
    size_t n = strlen(line);
    char *colon = strstr(line, ": ");

    while (n && strchr(",\r", line[n - 1]))
        line[--n] = 0;
    line += strspn(line, "# ");
    /* The peers' files have one sentence instead of keys. */
    if (!colon || strcspn(line, " ") != (size_t)(colon - line) + 1)
        return result_set(r, "about", line);
    *colon = 0;
    if (strcmp(line, "schema"))
        result_set(r, line, colon + 2);
}

static const char *field_of(const struct columns *c, const struct csv_record *record, enum column column)
{
    int at = c->at[column];

    return at >= 0 && (size_t)at < record->n ? record->fields[at] : "";
}

/* The numbers of a record; what is empty is 0, unless it must be there. Returns what is wrong, or NULL. */
static char *numbers_of(const struct columns *c, const struct csv_record *record, double *v)
{
    for (int i = C_BATCH; i < C_CODE; i++) {
        const char *field = field_of(c, record, i);

        v[i] = 0;
        if (!*field && i > C_MEDIAN)
            continue;
        if (!*field)
            return fmt("%s is empty", column_names[i]);
        if (!parse_double(field, &v[i]) || !isfinite(v[i]))
            return fmt("%s is no number: %.40s", column_names[i], field);
        if (v[i] < 0)
            return fmt("%s is negative: %.40s", column_names[i], field);
    }
    if (v[C_BATCH] < 1 || v[C_BATCH] > 1e6 || v[C_BATCH] != floor(v[C_BATCH]))
        return fmt("batch is %g", v[C_BATCH]);
    if (v[C_MIN] > v[C_MEDIAN])
        return fmt("its minimum %.2f is above its median %.2f", v[C_MIN], v[C_MEDIAN]);
    return NULL;
}

static char *csv_row(struct result *r, const struct columns *c, const struct csv_record *record)
{
    const char *name = field_of(c, record, C_NAME), *code = field_of(c, record, C_CODE);
    double v[C_END];
    char *why;
    struct row *w;

    if (c->n ? record->n != c->n : record->n > C_END)
        return fmt("it has %zu fields, and %zu columns", record->n, c->n ? c->n : C_END);
    if (!*name)
        return xstrdup("name is empty");
    why = numbers_of(c, record, v);
    /* Peers measured some rows more than once, after different others: the first is the one to compare with. */
    if (why || result_row(r, name, v[C_BATCH]))
        return why;
    w = ARRAY_ADD(r->rows, r->rows_n);
    w->name = xstrdup(name);
    w->code = *code ? xstrdup(code) : NULL;
    w->batch = v[C_BATCH];
    w->calls = v[C_CALLS];
    w->empty = v[C_EMPTY];
    w->st = (struct stats){.n = v[C_N],
                           .min = v[C_MIN],
                           .q1 = v[C_Q1],
                           .median = v[C_MEDIAN],
                           .q3 = v[C_Q3],
                           .p90 = v[C_P90],
                           .p99 = v[C_P99],
                           .p999 = v[C_P999],
                           .max = v[C_MAX],
                           .mean = v[C_MEAN],
                           .stddev = v[C_STDDEV]};
    return NULL;
}

static char *csv_read(struct result *r, char *text)
{
    struct csv_reader in = {text + (strncmp(text, "\xef\xbb\xbf", 3) ? 0 : 3), 1};
    struct columns columns = columns_default();
    struct csv_record record = {0};
    char *why = NULL;
    int got = 1;

    while (!why && got > 0) {
        if (*in.at == '#') {
            char *line = in.at;

            in.at += strcspn(in.at, "\n");
            in.line++;
            if (*in.at)
                *in.at++ = 0;
            csv_comment(r, line);
            continue;
        }
        got = csv_next(&in, &record);
        if (got < 0)
            why = xstrdup("a quotation mark stands where none belongs");
        else if (!got || (record.n == 1 && !*record.fields[0]))
            continue;
        else if (*record.fields[0] == '#')
            csv_comment(r, record.fields[0]);
        else if (!has(&record, "name") || !has(&record, "batch"))
            why = csv_row(r, &columns, &record);
        else if (!columns_of(&columns, &record))
            why = xstrdup("a header needs the columns name, batch, ticks_min and ticks_median");
    }
    if (why) {
        char *where = fmt("line %u: %s", record.line, why);

        free(why);
        why = where;
    }
    free(record.fields);
    return why || r->rows_n ? why : xstrdup("it has no rows");
}

struct result *csv_load(const char *path, char *text, char **why)
{
    struct result *r = xcalloc(1, sizeof(*r));
    char *wrong;

    r->source = xstrdup(path);
    wrong = csv_read(r, text);
    if (!wrong)
        return r;
    *why = fmt("%s: %s", path, wrong);
    free(wrong);
    result_free(r);
    return NULL;
}
