/* SPDX-License-Identifier: MIT */
/* Rows over time: a table, and a picture. */
#ifndef INT82_BENCH_HISTORY_H
#define INT82_BENCH_HISTORY_H

#include "result/verdict.h"

/* The points of one machine, oldest first: figures of two machines have no line in common. */
struct history {
    struct rounds *points;
    size_t n;
};

/* Why R does not belong to this machine's history, or NULL; the caller frees. */
char *history_refuses(const struct history *h, const struct result *r);
/* Prints the rows of ROWS; with NULL those of all rows that change. False when no row matches. */
bool history_print(const struct history *h, const char *rows);
/* DIR/STEM.png and .svg. */
void history_draw(const struct history *h, const char *rows, const char *dir, const char *stem);

#endif
