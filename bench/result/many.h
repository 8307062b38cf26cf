/* SPDX-License-Identifier: MIT */
/* Many rows tested at once: some look changed by chance alone, so their probabilities are corrected for their number.
 */
#ifndef INT82_BENCH_MANY_H
#define INT82_BENCH_MANY_H

#include <stddef.h>

/*
 * Holm's step-down: what stays below ALPHA holds for all rows together. When no row has changed, the probability of one
 * finding or more is at most ALPHA, however the rows depend on each other. For the gate, where one false finding stops
 * a merge.
 */
void holm(const double *p, double *corrected, size_t n);
/*
 * Benjamini and Hochberg's step-up: of the rows that stay below ALPHA, at most a share of ALPHA is expected to be
 * false. For the table, where a false finding stops nothing.
 */
void benjamini_hochberg(const double *p, double *corrected, size_t n);

/* The least p that a U test of NX and NY observations can give: the two extreme ones of all their orders. */
double least_p(size_t nx, size_t ny);
/* With how many observations on each side a single one of ROWS rows can be found changed at ALPHA. */
size_t rounds_needed(size_t rows, double alpha);

#endif
