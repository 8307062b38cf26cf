/* SPDX-License-Identifier: MIT */
/* What can be said of one row measured on two sides. No input or output here: the unit tests call it directly. */
#ifndef INT82_BENCH_VERDICT_H
#define INT82_BENCH_VERDICT_H

#include "result/result.h"

#define SAMPLES_MIN 9 /* fewer say nothing about a distribution's middle */

enum verdict { V_SAME, V_FASTER, V_SLOWER, V_UNSURE, V_GONE, V_NEW };

struct comparison {
    const char *name;
    unsigned batch;
    double base, head; /* ticks a call: the minimum where ticks are exact, else the median */
    enum verdict verdict;
    char *sure; /* how sure, for people */
    const struct row *head_row;
};

/* One side: the rounds that were measured of it. */
struct rounds {
    struct result **v;
    size_t n;
};

/* The engine a result was measured on, NULL if it does not say. */
const char *result_engine(const struct result *r);
bool result_exact(const struct result *r);
/* Why these two may not be compared, or NULL. FORCE lets suites that differ or are unknown pass. */
char *refusal(const struct result *base, const struct result *head, bool force);
/* All rows of both sides that match ROWS (NULL: all), in the order of the base, new ones last. */
struct comparison *compare_all(struct rounds base, struct rounds head, const char *rows, double alpha, size_t *n);

#endif
