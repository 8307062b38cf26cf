/* SPDX-License-Identifier: MIT */
/* What can be said of the rows measured on two sides. No input or output here: the unit tests call it directly. */
#ifndef INT82_BENCH_VERDICT_H
#define INT82_BENCH_VERDICT_H

#include "result/result.h"

#define ALPHA_DEFAULT 0.01

enum verdict {
    V_SAME,
    V_FASTER,
    V_SLOWER,
    V_UNSURE,
    V_GONE,  /* only in the base */
    V_NEW,   /* only in the head */
    V_OTHER, /* the two suites measure it in different ways */
};

struct comparison {
    const char *name;
    unsigned batch;
    double base, head;          /* ticks a call: row_figure(), of several boots the median */
    double ratio;               /* head / base; 0 where there is none */
    enum verdict verdict, gate; /* the gate's may be V_SAME where the table's is not: see many.h */
    double p, p_table, p_gate;  /* of the test, and corrected for the number of rows; 1 where ticks are exact */
    size_t base_n, head_n;      /* boots that have the row */
    char *sure;                 /* how sure, for people */
    const struct row *base_row, *head_row;
};

/* One side: the boots that were measured of it. A boot is one observation: samples of one boot are not independent. */
struct rounds {
    struct result **v;
    size_t n;
};

struct compare_how {
    const char *rows; /* only these; NULL: all */
    double alpha;
    bool force; /* rows are compared though the suites measure them in different ways */
};

/* All rows of both sides, in the order of the base, new ones last. */
struct comparison *compare_all(struct rounds base, struct rounds head, struct compare_how how, size_t *n);
void comparisons_free(struct comparison *all, size_t n);
const char *verdict_word(enum verdict v);
/* Rows with a ratio: measured on both sides in the same way. */
bool is_compared(const struct comparison *c);
/* Geometric mean of the ratios, 0 when there are none; *COUNTED gets their number. */
double mean_ratio(const struct comparison *all, size_t n, size_t *counted);

#endif
