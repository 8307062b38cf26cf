/* SPDX-License-Identifier: MIT */
#include "result/distribution.h"
#include "result/result.h"

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
        distribution_free(r->rows[i].single);
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
