/* SPDX-License-Identifier: MIT */
/* Pictures of a result. */
#ifndef INT82_BENCH_PLOT_H
#define INT82_BENCH_PLOT_H

#include "view/gnuplot.h"

/* Draws what the result has data for into DIR. One peer to three stand beside it; of more the best does, for each row
 * the least of all. */
void plot_result(const struct result *r, struct result *const *peers, size_t peers_n, const char *dir);
/* plot_distribution.c */
void plot_distribution(const struct result *r, const char *dir);

#endif
