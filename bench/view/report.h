/* SPDX-License-Identifier: MIT */
/* One HTML file of a result or a comparison, with everything in it: nothing is loaded from anywhere. */
#ifndef INT82_BENCH_REPORT_H
#define INT82_BENCH_REPORT_H

#include "result/result.h"
#include "result/verdict.h"
#include "view/peers.h"

struct report {
    const struct result *r;
    struct result *const *peers;
    size_t peers_n;
    const struct result *base;    /* of a comparison, else NULL */
    const struct comparison *all; /* its rows */
    size_t all_n;
    const char *dir;  /* where profile-.../ and batching/ lie, or NULL */
    struct best best; /* of the peers, when there are several */
};

char *report_html(struct report *rep);

/* report_table.c, report_charts.c, report_parts.c, report_guest.c: one section each, or nothing when there is nothing
 * for it. */
void report_table(struct buf *b, const struct report *rep);
void report_charts(struct buf *b, const struct report *rep);
void report_distributions(struct buf *b, const struct report *rep);
void report_batching(struct buf *b, const struct report *rep);
void report_profiles(struct buf *b, const struct report *rep);
void report_guest(struct buf *b, const struct report *rep);
/* An SVG, as gnuplot and the flame graph make them. */
void report_picture(struct buf *b, const char *svg, const char *title);

#endif
