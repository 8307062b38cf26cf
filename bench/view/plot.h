/* SPDX-License-Identifier: MIT */
/* Pictures by gnuplot. Each is a script with its data in it, so that it can be drawn again or changed by hand. */
#ifndef INT82_BENCH_PLOT_H
#define INT82_BENCH_PLOT_H

#include "result/result.h"

/* Draws what the result has data for into DIR: calls, mmu, and for engines that vary, distribution. */
void plot_result(const struct result *r, struct result *const *peers, size_t peers_n, const char *dir);

/* Writes DIR/STEM.gp and runs it: SCRIPT after the terminal was set, to STEM.png and STEM.svg. */
bool plot_draw(const char *dir, const char *stem, unsigned width, unsigned height, const char *script);
/* A text inside gnuplot's double quotes, with enhanced mode's signs taken literally. */
char *plot_text(const char *s);

#endif
