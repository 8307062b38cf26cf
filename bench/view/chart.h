/* SPDX-License-Identifier: MIT */
/*
 * Charts of the report, as SVG inside HTML. Each is a card 340 wide, which a phone shows at full size and a desk in
 * columns. Colours are classes (s0, s1 ...) of report.css, so that light and dark are the page's business.
 */
#ifndef INT82_BENCH_CHART_H
#define INT82_BENCH_CHART_H

#include "result/distribution.h"
#include "result/result.h"

#define CHART_SERIES 4 /* colours that can be told apart */

/* Text into HTML. */
void html(struct buf *b, const char *s);
char *html_text(const char *s); /* the caller frees */
/* Two decimals without zeros at the end; none from 1000 on. The caller frees. */
char *figure(double v);

struct series {
    const struct result *r;
    const char *title;
};

/* Bars of rows, each by its minimum, all cards on one logarithmic scale that ends at MAX. */
void chart_bars(struct buf *b, const char *title, const struct row *const *rows, size_t n, const struct series *series,
                size_t series_n, double max);
/* Ticks an entry of NAME against its batch. */
void chart_batches(struct buf *b, const char *name, const struct series *series, size_t series_n);
/* Columns with their share, and the sum of shares so far as a line. */
struct column {
    char *label;
    double value;
};
void chart_columns(struct buf *b, const char *title, const char *unit, const struct column *v, size_t n);
/* How single calls, or samples, are distributed: columns, and the share up to each value as a line. */
void chart_distribution(struct buf *b, const char *title, const char *note, const struct bucket *v, size_t n);
/* N of ALL ratios, which are sorted, as bars to the left (faster) and to the right of 1; the scale is that of all. */
struct ratio {
    char *label;
    double value;
};
void chart_ratios(struct buf *b, const char *title, const struct ratio *v, size_t all, size_t from, size_t n);

#endif
