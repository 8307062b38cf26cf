/* SPDX-License-Identifier: MIT */
/* A base and what was compared with it, as a table, Markdown, CSV, JSON and a picture. */
#ifndef INT82_BENCH_COMPARISON_H
#define INT82_BENCH_COMPARISON_H

#include "result/verdict.h"

struct compared {
    struct rounds head;
    struct comparison *rows;
    size_t n;
};

struct base_and_heads {
    struct rounds base;
    struct compared *heads;
    size_t heads_n;
    double alpha;
    bool changed; /* tables have only rows that differ somewhere */
};

/* What a gate found. */
struct gate_report {
    bool asked;
    char **findings;
    size_t findings_n;
    size_t unjudged; /* rows that could not be judged, or that the suites measure in different ways */
};

/* On standard output: with one head and how sure each row is, with several and a mark for each. */
void comparison_table(const struct base_and_heads *c);
void comparison_markdown(const struct base_and_heads *c);
char *comparison_csv(const struct base_and_heads *c);
char *comparison_json(const struct base_and_heads *c, const struct gate_report *gate);
/* DIR/ratio.png and .svg of the first head, ratio-2 of the second, and so on: rows that differ, sorted. */
void comparison_draw(const struct base_and_heads *c, const char *dir);

#endif
