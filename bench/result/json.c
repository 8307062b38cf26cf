/* SPDX-License-Identifier: MIT */
/* bench.json: everything, with the raw samples. The schema is in docs/results-format.md; its version is checked here.
 */
#include "result/distribution.h"
#include "result/result.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Six digits after the point: enough for a tick count, and no tail of binary noise in the file. */
static json_t *number(double v)
{
    double whole = nearbyint(v);

    if (fabs(v - whole) < 5e-7)
        return json_integer((json_int_t)whole);
    return json_real(nearbyint(v * 1e6) / 1e6);
}

static json_t *stats_json(const struct stats *s)
{
    json_t *o = json_object();

    json_object_set_new(o, "n", json_integer(s->n));
    json_object_set_new(o, "min", number(s->min));
    json_object_set_new(o, "q1", number(s->q1));
    json_object_set_new(o, "median", number(s->median));
    json_object_set_new(o, "q3", number(s->q3));
    json_object_set_new(o, "p90", number(s->p90));
    json_object_set_new(o, "p99", number(s->p99));
    json_object_set_new(o, "p99.9", number(s->p999));
    json_object_set_new(o, "max", number(s->max));
    json_object_set_new(o, "mean", number(s->mean));
    json_object_set_new(o, "stddev", number(s->stddev));
    return o;
}

static json_t *row_json(const struct row *w)
{
    json_t *o = json_object(), *samples = json_array();

    for (size_t i = 0; i < w->samples_n; i++)
        json_array_append_new(samples, json_integer(w->samples[i]));
    json_object_set_new(o, "name", json_string(w->name));
    json_object_set_new(o, "batch", json_integer(w->batch));
    json_object_set_new(o, "calls", json_integer(w->calls));
    json_object_set_new(o, "empty_ticks", json_integer(w->empty));
    if (w->code)
        json_object_set_new(o, "code", json_string(w->code));
    json_object_set_new(o, "ticks", stats_json(&w->st));
    json_object_set_new(o, "per_entry", number(row_per_entry(w)));
    json_object_set_new(o, "samples", samples);
    if (w->single)
        json_object_set_new(o, "single_calls", distribution_json(w->single));
    return o;
}

static json_t *counts_json(const struct result *r, bool buckets)
{
    json_t *o = json_object();

    for (size_t i = 0; i < r->counts_n; i++) {
        const struct count *c = &r->counts[i];
        json_t *in = o;

        if (!!c->bucket != buckets)
            continue;
        if (buckets) {
            in = json_object_get(o, c->name);
            if (!in)
                json_object_set_new(o, c->name, in = json_object());
        }
        json_object_set_new(in, buckets ? c->bucket : c->name, json_integer(c->value));
    }
    return o;
}

char *result_json(const struct result *r)
{
    json_t *o = json_object(), *measured = json_object(), *rows = json_array();
    char *text, *line;

    for (size_t i = 0; i < r->info_n; i++)
        if (json_object_set_new(measured, r->info[i].key, json_string(r->info[i].value)))
            warn("what was measured: %s is not UTF-8, left out of the JSON", r->info[i].key);
    for (size_t i = 0; i < r->rows_n; i++)
        json_array_append_new(rows, row_json(&r->rows[i]));
    json_object_set_new(o, "schema", json_string(RESULT_SCHEMA));
    json_object_set_new(o, "version", json_integer(RESULT_VERSION));
    json_object_set_new(o, "measured", measured);
    json_object_set_new(o, "rows", rows);
    json_object_set_new(o, "counters", counts_json(r, false));
    json_object_set_new(o, "histograms", counts_json(r, true));
    text = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    json_decref(o);
    if (!text)
        die(EXIT_RUN, "cannot make the JSON");
    line = fmt("%s\n", text);
    free(text);
    return line;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static bool get_u64(const json_t *o, const char *key, uint64_t low, uint64_t *out)
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) < low)
        return false;
    *out = json_integer_value(v);
    return true;
}

static char *row_load(struct result *r, const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "name"));
    const char *code = json_string_value(json_object_get(o, "code"));
    const json_t *samples = json_object_get(o, "samples"), *s;
    uint64_t batch, calls, empty;
    char *why, *text;
    struct row *w;
    size_t i;

    if (!name || !get_u64(o, "batch", 1, &batch) || !get_u64(o, "calls", 1, &calls) ||
        !get_u64(o, "empty_ticks", 0, &empty) || !json_array_size(samples) || result_row(r, name, batch))
        return xstrdup("one of its rows is not as the schema says");
    w = ARRAY_ADD(r->rows, r->rows_n);
    w->name = xstrdup(name);
    w->batch = batch;
    w->calls = calls;
    w->empty = empty;
    w->code = code ? xstrdup(code) : NULL;
    w->samples = xcalloc(json_array_size(samples), sizeof(*w->samples));
    json_array_foreach(samples, i, s)
    {
        if (!json_is_integer(s) || json_integer_value(s) < 0)
            return fmt("row %s/%u: a sample is no number of ticks", name, w->batch);
        w->samples[w->samples_n++] = json_integer_value(s);
    }
    s = json_object_get(o, "single_calls");
    if (s && !(w->single = distribution_load(s)))
        return fmt("row %s/%u: its single calls are no distribution", name, w->batch);
    row_finish(w); /* from the samples, so that a file cannot contradict itself */
    why = row_implausible(w);
    text = why ? fmt("row %s/%u: %s", name, w->batch, why) : NULL;
    free(why);
    return text;
}

static bool counts_load(struct result *r, const json_t *o, const char *name)
{
    const char *key;
    const json_t *v;

    json_object_foreach((json_t *)o, key, v)
    {
        if (!name && json_is_object(v)) {
            if (!counts_load(r, v, key))
                return false;
            continue;
        }
        if (!json_is_integer(v))
            return false;
        struct count *c = ARRAY_ADD(r->counts, r->counts_n);

        c->name = xstrdup(name ? name : key);
        c->bucket = name ? xstrdup(key) : NULL;
        c->value = json_integer_value(v);
    }
    return true;
}

static char *all_load(struct result *r, const json_t *o)
{
    const char *schema = json_string_value(json_object_get(o, "schema")), *key;
    const json_t *rows = json_object_get(o, "rows"), *v;
    char *why;
    size_t i;

    if (!schema || strcmp(schema, RESULT_SCHEMA))
        return xstrdup("it is no result of int82-bench");
    if (json_integer_value(json_object_get(o, "version")) != RESULT_VERSION)
        return xstrdup("its schema has another version than this program's");
    json_object_foreach(json_object_get(o, "measured"), key, v) if (json_is_string(v))
        result_set(r, key, json_string_value(v));
    json_array_foreach(rows, i, v) if ((why = row_load(r, v))) return why;
    if (!r->rows_n)
        return xstrdup("it has no rows");
    if (!counts_load(r, json_object_get(o, "counters"), NULL) ||
        !counts_load(r, json_object_get(o, "histograms"), NULL))
        return xstrdup("a counter in it is no number");
    return NULL;
}

struct result *json_load(const char *path, const char *text, char **why)
{
    json_error_t e;
    json_t *o = json_loads(text, 0, &e);
    struct result *r;
    char *bad;

    if (!o) {
        *why = fmt("%s: line %d: %s", path, e.line, e.text);
        return NULL;
    }
    r = xcalloc(1, sizeof(*r));
    r->source = xstrdup(path);
    bad = all_load(r, o);
    json_decref(o);
    if (!bad)
        return r;
    *why = fmt("%s: %s", path, bad);
    free(bad);
    result_free(r);
    return NULL;
}
