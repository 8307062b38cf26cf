/* SPDX-License-Identifier: MIT */
#include "result/distribution.h"
#include "result/result.h"

#include <ctype.h>
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

char *rows_unmatched(const char *globs, struct result *const *v, size_t n)
{
    char *copy = xstrdup(globs), *save = NULL, *found = NULL;

    for (char *g = strtok_r(copy, ", ", &save); g && !found; g = strtok_r(NULL, ", ", &save)) {
        bool hit = false;

        for (size_t i = 0; i < n && !hit; i++)
            for (size_t k = 0; k < v[i]->rows_n && !hit; k++)
                hit = row_matches(g, v[i]->rows[k].name, v[i]->rows[k].batch);
        if (!hit)
            found = xstrdup(g);
    }
    free(copy);
    return found;
}

bool info_is_measured(const char *key)
{
    static const char *const keys[] = {"schema",
                                       "about",
                                       "engine_why",
                                       "date",
                                       "engine",
                                       "engine_version",
                                       "machine_cpu",
                                       "memory_mib",
                                       "tick",
                                       "engine_not_taken",
                                       "host_cpu",
                                       "host_kernel",
                                       "nested_paging",
                                       "exits_per_call",
                                       "pinned",
                                       "frequency_governor",
                                       "boost",
                                       "smt",
                                       "microcode",
                                       "mitigations",
                                       "aperf_mperf",
                                       "hypervisor_file",
                                       "hypervisor_revision",
                                       "hypervisor_sha256",
                                       "hypervisor_build",
                                       "hypervisor",
                                       "capabilities",
                                       "changeset",
                                       "hypervisor_cc",
                                       "suite",
                                       "suite_revision",
                                       "guest_sha256",
                                       "cc",
                                       "cflags",
                                       "cpu",
                                       "tsc_khz",
                                       "memory_pages",
                                       "reps",
                                       "warm_ups",
                                       "replaced",
                                       "emulated",
                                       "options",
                                       "not_available",
                                       NULL};

    for (const char *const *k = keys; *k; k++)
        if (!strcmp(*k, key))
            return true;
    return false;
}

char *info_refused(const char *key, const char *value)
{
    for (const char *s = key; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
            return fmt("a key has letters, digits and . _ - only, and %s has others", key);
    if (!*key)
        return xstrdup("it is KEY=VALUE");
    if (info_is_measured(key))
        return fmt("%s is what the measurement says of itself", key);
    for (const char *s = value; *s; s++)
        if (iscntrl((unsigned char)*s))
            return fmt("the value of %s is one line, without control characters", key);
    return NULL;
}

void row_free(struct row *row)
{
    free(row->name);
    free(row->samples);
    free(row->code);
    distribution_free(row->single);
}

void result_free(struct result *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->info_n; i++) {
        free(r->info[i].key);
        free(r->info[i].value);
    }
    for (size_t i = 0; i < r->rows_n; i++)
        row_free(&r->rows[i]);
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

#define DAY_OF_TICKS (1ull << 48) /* at 3 GHz; no timed loop takes that long */

char *row_implausible(const struct row *row)
{
    if (row->empty >= DAY_OF_TICKS)
        return fmt("the empty loop took %llu ticks: its counter ran backwards", (unsigned long long)row->empty);
    for (size_t i = 0; i < row->samples_n; i++) {
        if (row->samples[i] >= DAY_OF_TICKS)
            return fmt("a sample of %llu ticks: its counter ran backwards", (unsigned long long)row->samples[i]);
        if (row->samples[i] < row->empty)
            return fmt("a sample of %llu ticks, less than the %llu of the loop without the call",
                       (unsigned long long)row->samples[i], (unsigned long long)row->empty);
    }
    return NULL;
}

void row_finish(struct row *row)
{
    double *x = row_ticks(row);

    row->st = stats_of(x, row->samples_n);
    free(x);
}
