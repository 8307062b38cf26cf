/* SPDX-License-Identifier: MIT */
/* What all pictures share: running gnuplot, titles, colours, columns with shares. Each is a script with its data in it,
 * so that it can be drawn again or changed by hand. */
#ifndef INT82_BENCH_GNUPLOT_H
#define INT82_BENCH_GNUPLOT_H

#include "result/result.h"

/* Writes DIR/STEM.gp and runs it: SCRIPT after the terminal was set, to STEM.png and STEM.svg. */
bool plot_draw(const char *dir, const char *stem, unsigned width, unsigned height, const char *script);
/* A text inside gnuplot's double quotes, with enhanced mode's signs taken literally. */
char *plot_text(const char *s);
/* Title, grid and border: what was measured on what, and what a tick is. */
void plot_head(struct buf *b, const struct result *r, const char *what);
const char *plot_colour(size_t i); /* ten that can be told apart, again and again */

/* Columns with their share above each, and all up to there as a line: data into B, the commands into DRAW. */
struct share {
    const char *label;
    double value;
};
void plot_shares(struct buf *b, struct buf *draw, const char *block, const struct share *v, size_t n, const char *unit);

#endif
