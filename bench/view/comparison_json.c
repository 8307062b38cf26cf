/* SPDX-License-Identifier: MIT */
/* A comparison for other programs; docs/results-format.md has the schema. */
#include "result/comparable.h"
#include "view/comparison.h"

#include <jansson.h>
#include <stdlib.h>

#define COMPARE_SCHEMA  "int82-compare"
#define COMPARE_VERSION 1

static json_t *text(const char *s)
{
    json_t *t = s ? json_string(s) : NULL;

    return t ? t : json_null();
}

static json_t *side_json(struct rounds side)
{
    json_t *o = json_object();

    json_object_set_new(o, "source", text(side.v[0]->source));
    json_object_set_new(o, "revision", text(result_info(side.v[0], "hypervisor_revision")));
    json_object_set_new(o, "suite", text(result_info(side.v[0], "suite")));
    json_object_set_new(o, "boots", json_integer(side.n));
    return o;
}

static json_t *row_json(const struct comparison *c)
{
    json_t *o = json_object();

    json_object_set_new(o, "name", text(c->name));
    json_object_set_new(o, "batch", json_integer(c->batch));
    json_object_set_new(o, "base", c->base_row ? json_real(c->base) : json_null());
    json_object_set_new(o, "head", c->head_row ? json_real(c->head) : json_null());
    json_object_set_new(o, "ratio", c->ratio > 0 ? json_real(c->ratio) : json_null());
    json_object_set_new(o, "verdict", text(verdict_word(c->verdict)));
    json_object_set_new(o, "gate_verdict", text(verdict_word(c->gate)));
    json_object_set_new(o, "how_sure", text(c->sure));
    json_object_set_new(o, "p", json_real(c->p));
    json_object_set_new(o, "p_table", json_real(c->p_table));
    json_object_set_new(o, "p_gate", json_real(c->p_gate));
    return o;
}

static json_t *head_json(const struct base_and_heads *c, const struct compared *h)
{
    json_t *o = side_json(h->head), *rows = json_array(), *count = json_object();
    char *options = options_differ(c->base.v[0], h->head.v[0]);
    size_t counts[V_OTHER + 1] = {0}, counted;
    double mean = mean_ratio(h->rows, h->n, &counted);

    for (size_t i = 0; i < h->n; i++) {
        counts[h->rows[i].verdict]++;
        if (!c->changed || h->rows[i].verdict != V_SAME)
            json_array_append_new(rows, row_json(&h->rows[i]));
    }
    for (int v = 0; v <= V_OTHER; v++)
        json_object_set_new(count, verdict_word(v), json_integer(counts[v]));
    json_object_set_new(o, "options_differ", text(options));
    json_object_set_new(o, "geometric_mean", counted ? json_real(mean) : json_null());
    json_object_set_new(o, "ratios", json_integer(counted));
    json_object_set_new(o, "verdicts", count);
    json_object_set_new(o, "rows", rows);
    free(options);
    return o;
}

static json_t *gate_json(const struct gate_report *gate)
{
    json_t *o = json_object(), *findings = json_array();

    if (!gate->asked) {
        json_decref(o);
        json_decref(findings);
        return json_null();
    }
    for (size_t i = 0; i < gate->findings_n; i++)
        json_array_append_new(findings, text(gate->findings[i]));
    json_object_set_new(o, "passed", json_boolean(!gate->findings_n));
    json_object_set_new(o, "findings", findings);
    json_object_set_new(o, "unjudged", json_integer(gate->unjudged));
    return o;
}

char *comparison_json(const struct base_and_heads *c, const struct gate_report *gate)
{
    json_t *o = json_object(), *heads = json_array();
    char *json, *line;

    for (size_t h = 0; h < c->heads_n; h++)
        json_array_append_new(heads, head_json(c, &c->heads[h]));
    json_object_set_new(o, "schema", text(COMPARE_SCHEMA));
    json_object_set_new(o, "version", json_integer(COMPARE_VERSION));
    json_object_set_new(o, "engine", text(result_engine(c->base.v[0])));
    json_object_set_new(o, "exact", json_boolean(result_exact(c->base.v[0])));
    json_object_set_new(o, "alpha", json_real(c->alpha));
    json_object_set_new(o, "base", side_json(c->base));
    json_object_set_new(o, "heads", heads);
    json_object_set_new(o, "gate", gate_json(gate));
    json = json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(o);
    if (!json)
        die(EXIT_RUN, "cannot make the JSON");
    line = fmt("%s\n", json);
    free(json);
    return line;
}
