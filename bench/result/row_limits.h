/* SPDX-License-Identifier: MIT */
/* Limits of a gate, for each row. The file's format is in docs/measuring.md. */
#ifndef INT82_BENCH_ROW_LIMITS_H
#define INT82_BENCH_ROW_LIMITS_H

#include "result/result.h"

enum limit_kind {
    LIMIT_PERCENT, /* this much worse than the base */
    LIMIT_TICKS,   /* ticks a call */
    LIMIT_ENTRY,   /* ticks an entry */
    LIMIT_IGNORE,  /* no comparison with the base */
};

struct limit {
    char *glob;
    enum limit_kind kind;
    double value;
    unsigned line;
    bool used;
};

struct limits {
    const char *file;
    struct limit *v;
    size_t n;
};

/* Ends the program when the file cannot be read or a line of it is no limit: a gate must not guess. */
struct limits limits_load(const char *file);
/* The last line about this row's comparison; NULL when there is none. */
const struct limit *limits_relative(struct limits *l, const struct row *row);
/* What absolute limit a row of FIGURE ticks a call exceeds, as a text, or NULL. */
char *limits_exceeded(struct limits *l, const struct row *row, double figure);

#endif
