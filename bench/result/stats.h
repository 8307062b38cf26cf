/* SPDX-License-Identifier: MIT */
/* Statistics of samples. What each figure is and why it is there: docs/measuring.md. */
#ifndef INT82_BENCH_STATS_H
#define INT82_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct stats {
    size_t n;
    double min, q1, median, q3, p90, p99, p999, max, mean, stddev;
};

/* Sorts X. N may be 0: then everything is 0. */
struct stats stats_of(double *x, size_t n);
/* The P-th quantile (0 to 1) of sorted data, interpolated linearly between the closest ranks (R's type 7). */
double quantile(const double *sorted, size_t n, double p);

/*
 * A confidence interval of the median out of order statistics: no assumption on the distribution is made. Returns the
 * coverage really reached (at least LEVEL), or 0 with the whole range when there are too few samples for LEVEL.
 */
double median_interval(const double *sorted, size_t n, double level, double *low, double *high);

/*
 * Mann-Whitney U of X against Y: how many pairs have x > y, a tie counting one half. *P gets the two-sided
 * probability of a U as far from its centre when both come from one distribution: exact, ties included, up to
 * MANN_WHITNEY_EXACT samples in all, else the normal approximation with the corrections for ties and continuity.
 */
#define MANN_WHITNEY_EXACT 80
double mann_whitney(const double *x, size_t nx, const double *y, size_t ny, double *p);

#endif
