/* SPDX-License-Identifier: MIT */
/* The distribution of single calls of a row, each timed alone: `distribution=N` of the bench guest. */
#ifndef INT82_BENCH_DISTRIBUTION_H
#define INT82_BENCH_DISTRIBUTION_H

#include "lib/util.h"

#include <jansson.h>

struct bucket {
    uint64_t low, n; /* the least ticks that count here, and how many calls took so many */
};

struct distribution {
    uint64_t n, overhead; /* calls; ticks of timing nothing, which have been subtracted */
    uint64_t min, max;    /* exact, which buckets are not */
    struct bucket *v;     /* in order, none empty */
    size_t v_n;
};

/* A bucket's width follows from its lower end: 1 below 128, then 64 buckets to an octave. */
uint64_t bucket_width(uint64_t low);
/* The P-th quantile, spread evenly over its bucket: off by one 64th at the most. */
double distribution_quantile(const struct distribution *d, double p);

/* The guest's line behind its name and batch, `n=... overhead=... min=... max=... hist=low:n,...`. NULL if it is not
 * like this, or contradicts itself. */
struct distribution *distribution_parse(const char *text);
json_t *distribution_json(const struct distribution *d);
struct distribution *distribution_load(const json_t *o); /* NULL: not as it should be */
void distribution_free(struct distribution *d);

#endif
