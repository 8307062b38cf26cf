/* SPDX-License-Identifier: MIT */
/* distribution.png: of single calls where they were timed (--distribution), else of the samples where these vary. */
#include "result/distribution.h"
#include "view/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWN_MOST 10 /* lines that can be told apart */

struct line {
    const struct row *row;
    double tail; /* what makes it interesting: how far its slow end is from its middle */
};

static int by_tail(const void *a, const void *b)
{
    double x = ((const struct line *)a)->tail, y = ((const struct line *)b)->tail;

    return (x < y) - (x > y);
}

/* Rows that vary, the longest tails first. */
static struct line *lines_of(const struct result *r, bool singles, size_t *n)
{
    struct line *all = NULL;

    *n = 0;
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        struct line *line;

        if (singles ? !w->single || w->single->max <= w->single->min : w->samples_n < 9 || w->st.max <= w->st.min)
            continue;
        line = ARRAY_ADD(all, *n);
        line->row = w;
        line->tail = singles ? distribution_quantile(w->single, 0.999) / fmax(distribution_quantile(w->single, 0.5), 1)
                             : w->st.max / fmax(w->st.min, 1e-9);
    }
    if (*n)
        qsort(all, *n, sizeof(*all), by_tail);
    return all;
}

static bool any_single(const struct result *r)
{
    for (size_t i = 0; i < r->rows_n; i++)
        if (r->rows[i].single)
            return true;
    return false;
}

/*
 * Ticks and share of calls in a histogram whose columns are an eighth of an octave wide, one tick at the least; a line
 * does not cross empty ones. Then, as another block, ticks and share of calls up to there, from 0 on.
 */
static void single_data(struct buf *b, size_t block, const struct distribution *d)
{
    double below = 0, column = 0;
    int last = 0;

    buf_printf(b, "$columns%zu << EOD\n", block);
    for (size_t i = 0; i < d->v_n; i++) {
        int at = d->v[i].low < 12 ? (int)d->v[i].low : (int)lround(8 * log2(d->v[i].low)) - 16;
        bool ends = i + 1 == d->v_n || (int)lround(8 * log2(fmax(d->v[i + 1].low, 1))) - 16 > at;

        if (column == 0 && i && at > last + 1)
            buf_printf(b, "\n");
        column += d->v[i].n;
        if (!ends)
            continue;
        buf_printf(b, "%.1f %.7f\n", at < 12 ? at : exp2((at + 16) / 8.0), column / d->n);
        column = 0;
        last = at;
    }
    buf_printf(b, "EOD\n$data%zu << EOD\n%llu 0\n", block, (unsigned long long)d->min);
    for (size_t i = 0; i < d->v_n; i++) {
        below += d->v[i].n;
        buf_printf(b, "%llu %.7f\n", (unsigned long long)d->v[i].low, below / d->n);
    }
    buf_printf(b, "EOD\n");
}

static void sample_data(struct buf *b, size_t block, const struct row *w)
{
    double *x = row_ticks(w);

    stats_of(x, w->samples_n); /* sorts */
    buf_printf(b, "$data%zu << EOD\n", block);
    for (size_t s = 0; s < w->samples_n; s++)
        buf_printf(b, "%.3f %.5f\n", x[s], (s + 1.0) / w->samples_n);
    buf_printf(b, "EOD\n");
    free(x);
}

/* Logarithmic only where a linear axis would press the middle into a line. */
static void axes(struct buf *b, const struct line *lines, size_t drawn, bool singles)
{
    double low = INFINITY, high = 0;

    for (size_t i = 0; i < drawn; i++) {
        const struct row *w = lines[i].row;

        low = fmin(low, singles ? (double)w->single->min : w->st.min);
        high = fmax(high, singles ? (double)w->single->max : w->st.max);
    }
    if (high > 5 * fmax(low, 1))
        buf_printf(b, "set logscale x\nset xrange [%.3g:%.3g]\nset xlabel \"ticks a call, logarithmic\"\n",
                   fmax(low, 1) * 0.8, high * 1.25);
    else
        buf_printf(b, "set xrange [%.6g:%.6g]\nset xlabel \"ticks a call\"\n", fmax(low - (high - low) * 0.05 - 1, 0),
                   high + (high - low) * 0.05 + 1);
}

static void key(struct buf *draw, const struct line *lines, size_t drawn, const char *block, const char *style,
                bool titles)
{
    for (size_t i = 0; i < drawn; i++) {
        buf_printf(draw, "%s $%s%zu using 1:2 with %s linecolor rgb \"%s\" ", i ? "," : "plot", block, i, style,
                   plot_colour(i));
        if (titles)
            buf_printf(draw, "title \"%s/%u\"", lines[i].row->name, lines[i].row->batch);
        else
            buf_printf(draw, "notitle");
    }
}

/* Two pictures above each other: how many calls take how long, and the share up to there. Of samples only the second:
 * nine are no histogram. */
static void draw_all(const struct result *r, const struct line *lines, size_t n, bool singles, const char *dir)
{
    size_t drawn = n < DRAWN_MOST ? n : DRAWN_MOST;
    char *left_out = n > drawn ? fmt(": the %zu with the longest tails; %zu more vary", drawn, n - drawn) : xstrdup("");
    char *title = singles ? fmt("Calls timed one by one%s", left_out)
                          : fmt("Samples, each the mean of a loop of calls%s", left_out);
    struct buf b = {0}, draw = {0};

    for (size_t i = 0; i < drawn; i++)
        singles ? single_data(&b, i, lines[i].row->single) : sample_data(&b, i, lines[i].row);
    plot_head(&b, r, title);
    axes(&b, lines, drawn, singles);
    buf_printf(&b, "set key outside right top\nset lmargin 12\nset rmargin 24\n");
    if (singles) {
        buf_printf(&draw, "set multiplot layout 2,1; set logscale y; set yrange [*:1.5]; set format y \"1e%%L\"; "
                          "set ylabel \"share of calls, in eighths of an octave\"; ");
        key(&draw, lines, drawn, "columns", "linespoints pointtype 7 pointsize 0.7", true);
        buf_printf(&draw, "; unset title; unset logscale y; set format y \"%%g\"; ");
    }
    buf_printf(&draw, "set ylabel \"share %s\"; set yrange [0:1.02]; ",
               singles ? "of calls up to here" : "of samples up to here");
    key(&draw, lines, drawn, "data", "steps linewidth 2", !singles);
    buf_printf(&b, "draw = '%s%s'\n", draw.p, singles ? "; unset multiplot" : "");
    plot_draw(dir, "distribution", 1100, singles ? 900 : 560, b.p);
    buf_free(&b);
    buf_free(&draw);
    free(left_out);
    free(title);
}

void plot_distribution(const struct result *r, const char *dir)
{
    const char *engine = result_info(r, "engine");
    bool singles = any_single(r);
    struct line *lines;
    size_t n;

    if (!singles && engine && !strcmp(engine, "tcg-icount"))
        return;
    lines = lines_of(r, singles, &n);
    if (n)
        draw_all(r, lines, n, singles, dir);
    free(lines);
}
