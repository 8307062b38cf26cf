#include "result.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *result_info(const struct result *r, const char *key)
{
    for (size_t i = 0; i < r->info_n; i++)
        if (!strcmp(r->info[i].key, key))
            return r->info[i].value;
    return NULL;
}

void result_set(struct result *r, const char *key, const char *value)
{
    struct info *in = NULL;

    for (size_t i = 0; i < r->info_n; i++)
        if (!strcmp(r->info[i].key, key))
            in = &r->info[i];
    if (!in) {
        in = ARRAY_ADD(r->info, r->info_n);
        in->key = xstrdup(key);
    }
    free(in->value);
    in->value = xstrdup(value);
}

struct row *result_row(const struct result *r, const char *name, unsigned batch)
{
    for (size_t i = 0; i < r->rows_n; i++)
        if (r->rows[i].batch == batch && !strcmp(r->rows[i].name, name))
            return &r->rows[i];
    return NULL;
}

void result_free(struct result *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->info_n; i++) {
        free(r->info[i].key);
        free(r->info[i].value);
    }
    for (size_t i = 0; i < r->rows_n; i++) {
        free(r->rows[i].name);
        free(r->rows[i].samples);
    }
    for (size_t i = 0; i < r->counts_n; i++) {
        free(r->counts[i].name);
        free(r->counts[i].bucket);
    }
    for (size_t i = 0; i < r->errors_n; i++) {
        free(r->errors[i].name);
        free(r->errors[i].text);
    }
    free(r->info);
    free(r->rows);
    free(r->counts);
    free(r->errors);
    free(r->source);
    free(r);
}

double *row_ticks(const struct row *row)
{
    double *x = xcalloc(row->samples_n, sizeof(*x));

    for (size_t i = 0; i < row->samples_n; i++)
        x[i] = ((double)row->samples[i] - (double)row->empty) / row->calls;
    return x;
}

void row_finish(struct row *row)
{
    double *x = row_ticks(row);

    row->st = stats_of(x, row->samples_n);
    free(x);
}

/* ---- CSV ------------------------------------------------------------------------------------------------------ */

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

static struct result *csv_load(const char *path, char *text, char **why)
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

/* ---- loading and publishing ----------------------------------------------------------------------------------- */

struct result *json_load(const char *path, const char *text, char **why); /* json.c */

struct result *result_try_load(const char *path, char **why)
{
    char *file = dir_exists(path) ? fmt("%s/bench.json", path) : xstrdup(path);
    struct buf text = {0};
    struct result *r = NULL;

    if (!file_read(file, &text))
        *why = fmt("cannot read %s: %s", file, strerror(errno));
    else if (text.p[strspn(text.p, " \t\r\n")] == '{')
        r = json_load(file, text.p, why);
    else
        r = csv_load(file, text.p, why);
    if (r) {
        free(r->source);
        r->source = xstrdup(path);
    }
    buf_free(&text);
    free(file);
    return r;
}

struct result *result_load(const char *path)
{
    char *why = NULL;
    struct result *r = result_try_load(path, &why);

    if (!r)
        die(EXIT_MISSING, "%s", why);
    return r;
}

bool label_is_good(const char *label)
{
    if (!*label || *label == '.' || *label == '-' || strlen(label) > 120)
        return false;
    for (; *label; label++)
        if (!isalnum((unsigned char)*label) && !strchr("._+-", *label))
            return false;
    return true;
}

char *result_publish(const char *temp, const char *parent, const char *label)
{
    char *path = fmt("%s/%s", parent, label);

    for (unsigned i = 1; file_exists(path) && i < 10000; i++) {
        char *kept = fmt("%s/%s.%u", parent, label, i);

        if (!file_exists(kept)) {
            if (rename(path, kept))
                die(EXIT_RUN, "cannot keep the earlier result %s as %s: %s", path, kept, strerror(errno));
            printf("the earlier result of this label is now %s\n", kept);
        }
        free(kept);
    }
    if (rename(temp, path))
        die(EXIT_RUN, "cannot rename %s to %s: %s", temp, path, strerror(errno));
    temp_keep(temp);
    return path;
}
