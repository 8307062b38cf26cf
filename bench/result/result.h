/* SPDX-License-Identifier: MIT */
/* A result: what one run of the bench guest measured, and what it was measured on. docs/results-format.md. */
#ifndef INT82_BENCH_RESULT_H
#define INT82_BENCH_RESULT_H

#include "result/stats.h"
#include "lib/util.h"

#define RESULT_SCHEMA  "int82-bench"
#define RESULT_VERSION 1

struct distribution;

struct row {
    char *name;
    unsigned batch;
    uint64_t calls;              /* calls in one timed loop */
    uint64_t empty;              /* ticks of the equal loop without the call */
    uint64_t *samples;           /* ticks of each timed loop, nothing subtracted, in the order they were taken */
    size_t samples_n;            /* 0 in a result that was read from a CSV */
    struct stats st;             /* of (sample - empty) / calls */
    struct distribution *single; /* of calls that were timed one by one, or NULL */
    char *code;                  /* a hash of what the guest executes to measure it (row_code.h), NULL if not known */
};

struct info {
    char *key, *value;
};

/* A counter, or one bucket of a histogram. */
struct count {
    char *name, *bucket; /* bucket is NULL in a counter */
    uint64_t value;
};

struct row_error {
    char *name, *text;
    unsigned batch;
};

struct result {
    char *source; /* where it was read from, for messages */
    struct info *info;
    size_t info_n;
    struct row *rows;
    size_t rows_n;
    struct count *counts;
    size_t counts_n;
    struct row_error *errors;
    size_t errors_n;
};

const char *result_info(const struct result *r, const char *key); /* NULL if it is not there */
void result_set(struct result *r, const char *key, const char *value);
struct row *result_row(const struct result *r, const char *name, unsigned batch);
/* The first of GLOB,GLOB,... that is no row's in any of N results, or NULL; the caller frees. */
char *rows_unmatched(const char *globs, struct result *const *v, size_t n);
/* The measurement's own keys, which a user's --info may not replace. */
bool info_is_measured(const char *key);
/* Why KEY and VALUE cannot be a line about the result, or NULL; the caller frees. */
char *info_refused(const char *key, const char *value);
void result_free(struct result *r);

/* Ticks of each call by sample, in the order taken; the caller frees. */
double *row_ticks(const struct row *row);
void row_finish(struct row *row); /* computes st from the samples */
/* Why no processor can have taken these samples, or NULL; the caller frees. */
char *row_implausible(const struct row *row);
void row_free(struct row *row);
/*
 * What a row costs, in every table, plot, limit and verdict: the least of a boot's samples, because whatever disturbs a
 * sample makes it longer. Of several boots it is the median of these.
 */
static inline double row_figure(const struct row *row)
{
    return row->st.min;
}
static inline double row_per_entry(const struct row *row)
{
    return row_figure(row) / row->batch;
}

/* csv.c, json.c: the formats. Reading: NULL and a text in *WHY when it is not as it should be. */
char *result_csv(const struct result *r);
char *result_json(const struct result *r);
struct result *csv_load(const char *path, char *text, char **why);
struct result *json_load(const char *path, const char *text, char **why);

/* result_file.c. PATH: a result directory with one of both, a bench.json, or a CSV. Ends the program with a message if
 * it is none of them. */
struct result *result_load(const char *path);
/* The directory PATH holds a result. */
bool result_is_in(const char *path);
/* As above, but returns NULL and a text in *WHY instead of ending the program. */
struct result *result_try_load(const char *path, char **why);

/*
 * Where results are written: a directory under a temporary name, which result_publish() renames to its label. A result
 * that already has this label is kept under label.1, label.2 ... Returns the final path.
 */
char *result_publish(const char *temp, const char *parent, const char *label);
bool label_is_good(const char *label);

#endif
