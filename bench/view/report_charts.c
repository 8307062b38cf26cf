/* SPDX-License-Identifier: MIT */
/* The report's pictures: changed rows, one call, batches, distributions. */
#include "view/chart.h"
#include "view/report.h"
#include "view/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CARD_ROWS     14 /* bars of one card */
#define GROUP_LEAST   4  /* rows that begin with one word get cards of their own from here on */
#define CHANGED_MOST  40
#define DISTRIBUTIONS 12

/* This result, then what it is held against: the best of several peers, or one. */
static size_t series_of(const struct report *rep, struct series *s)
{
    size_t n = 0;

    s[n++] = (struct series){rep->r, "this"};
    if (rep->base)
        s[n++] = (struct series){rep->base, "base"};
    if (rep->best.r && rep->peers_n > CHART_SERIES - n)
        s[n++] = (struct series){rep->best.r, fmt("best of %zu peers", rep->peers_n)};
    for (size_t i = 0; i < rep->peers_n && n < CHART_SERIES && !(rep->best.r && rep->peers_n > CHART_SERIES - 1); i++)
        s[n++] = (struct series){rep->peers[i], result_title(rep->peers[i])};
    return n;
}

static void legend(struct buf *b, const struct series *s, size_t n)
{
    buf_printf(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < n && n > 1; i++) {
        buf_printf(b, "<li><i class=\"b%zu\"></i>", i);
        html(b, s[i].title);
        buf_printf(b, "</li>");
    }
    buf_printf(b, "</ul>\n");
}

/* ---- changed rows ----------------------------------------------------------------------------------------------- */

static int by_ratio(const void *a, const void *b)
{
    double x = ((const struct ratio *)a)->value, y = ((const struct ratio *)b)->value;

    return (x < y) - (x > y);
}

static int by_distance(const void *a, const void *b)
{
    double x = fabs(log(((const struct ratio *)a)->value)), y = fabs(log(((const struct ratio *)b)->value));

    return (x < y) - (x > y);
}

static void changed(struct buf *b, const struct report *rep)
{
    struct ratio *v = NULL;
    size_t n = 0, drawn;

    for (size_t i = 0; i < rep->all_n; i++) {
        const struct comparison *c = &rep->all[i];
        struct ratio *ratio;

        if ((c->verdict != V_FASTER && c->verdict != V_SLOWER) || c->base <= 0 || c->head <= 0)
            continue;
        ratio = ARRAY_ADD(v, n);
        ratio->label = fmt("%s/%u", c->name, c->batch);
        ratio->value = c->head / c->base;
    }
    if (!n)
        return;
    drawn = n > CHANGED_MOST ? CHANGED_MOST : n;
    qsort(v, n, sizeof(*v), by_distance);
    qsort(v, drawn, sizeof(*v), by_ratio);
    buf_printf(b, "<section id=\"changed\"><h2>Changed rows</h2>\n<p class=\"quiet\">Ratio this / base: to the left "
                  "of the line is faster.");
    if (n > drawn)
        buf_printf(b, " The %zu largest changes of %zu; the others are in the table.", drawn, n);
    buf_printf(b, "</p>\n<div class=\"cards\">\n");
    for (size_t i = 0; i < drawn; i += 20)
        chart_ratios(b, i ? "(continued)" : "slower first", v, drawn, i, drawn - i < 20 ? drawn - i : 20);
    buf_printf(b, "</div></section>\n");
    for (size_t i = 0; i < n; i++)
        free(v[i].label);
    free(v);
}

/* ---- one call --------------------------------------------------------------------------------------------------- */

/* The rows batching_* are ways to do something, not calls. */
static bool is_call(const struct row *w)
{
    return w->batch == 1 && w->st.min > 0 && strncmp(w->name, "batching_", 9);
}

static size_t word_length(const char *name)
{
    return strcspn(name, "_");
}

/* How many calls begin with the same word as W. */
static size_t group_size(const struct result *r, const struct row *w)
{
    size_t n = 0, length = word_length(w->name);

    for (size_t i = 0; i < r->rows_n; i++)
        n += is_call(&r->rows[i]) && word_length(r->rows[i].name) == length &&
             !strncmp(r->rows[i].name, w->name, length);
    return n;
}

static double most_of(const struct result *r, const struct series *s, size_t n)
{
    double most = 10;

    for (size_t i = 0; i < r->rows_n; i++)
        for (size_t k = 0; k < n && is_call(&r->rows[i]); k++) {
            const struct row *w = result_row(s[k].r, r->rows[i].name, 1);

            most = w ? fmax(most, w->st.min) : most;
        }
    return most;
}

/* Cards of a readable size, all about equally large. */
static void cards(struct buf *b, const char *title, const struct row *const *rows, size_t rows_n,
                  const struct series *s, size_t n, double max)
{
    size_t card_n = (rows_n + CARD_ROWS - 1) / CARD_ROWS;

    for (size_t card = 0, from = 0; card < card_n; card++) {
        size_t end = rows_n * (card + 1) / card_n;

        chart_bars(b, title, rows + from, end - from, s, n, max);
        from = end;
    }
}

/* One group. WORD NULL: all that belong to no group. */
static void group(struct buf *b, const struct result *r, const char *word, const struct series *s, size_t n, double max)
{
    const struct row **rows = NULL;
    size_t rows_n = 0, length = word ? word_length(word) : 0;
    char *title = word ? fmt("%.*s_*", (int)length, word) : xstrdup("calls");

    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        bool grouped = is_call(w) && group_size(r, w) >= GROUP_LEAST;

        if (is_call(w) && grouped == !!word &&
            (!word || (word_length(w->name) == length && !strncmp(w->name, word, length))))
            *ARRAY_ADD(rows, rows_n) = w;
    }
    cards(b, title, rows, rows_n, s, n, max);
    free(rows);
    free(title);
}

static void calls(struct buf *b, const struct report *rep, const struct series *s, size_t n)
{
    const struct result *r = rep->r;
    double max = most_of(r, s, n);
    bool any = false;

    for (size_t i = 0; i < r->rows_n; i++)
        any |= is_call(&r->rows[i]);
    if (!any)
        return;
    buf_printf(b, "<section id=\"calls\"><h2>One call</h2>\n<p class=\"quiet\">Ticks a call, the minimum; the scale is "
                  "logarithmic, and the same in all boxes.</p>\n");
    legend(b, s, n);
    buf_printf(b, "<div class=\"cards\">\n");
    group(b, r, NULL, s, n, max);
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        bool first = is_call(w) && group_size(r, w) >= GROUP_LEAST;

        for (size_t k = 0; k < i && first; k++)
            first = !is_call(&r->rows[k]) || word_length(r->rows[k].name) != word_length(w->name) ||
                    strncmp(r->rows[k].name, w->name, word_length(w->name));
        if (first)
            group(b, r, w->name, s, n, max);
    }
    buf_printf(b, "</div></section>\n");
}

/* ---- batches ---------------------------------------------------------------------------------------------------- */

static void batches(struct buf *b, const struct report *rep, const struct series *s, size_t n)
{
    const struct result *r = rep->r;
    bool begun = false;

    for (size_t i = 0; i < r->rows_n; i++) {
        size_t of_name = 0;
        bool first = true;

        for (size_t k = 0; k < r->rows_n; k++) {
            of_name += !strcmp(r->rows[k].name, r->rows[i].name);
            first &= k >= i || strcmp(r->rows[k].name, r->rows[i].name);
        }
        if (!first || of_name < 3)
            continue;
        if (!begun) {
            buf_printf(b, "<section id=\"batches\"><h2>Batches</h2>\n<p class=\"quiet\">Ticks an entry (logarithmic) "
                          "against the entries in one call.</p>\n");
            legend(b, s, n);
            buf_printf(b, "<div class=\"cards\">\n");
        }
        begun = true;
        chart_batches(b, r->rows[i].name, s, n);
    }
    if (begun)
        buf_printf(b, "</div></section>\n");
}

void report_charts(struct buf *b, const struct report *rep)
{
    struct series s[CHART_SERIES];
    size_t n = series_of(rep, s);

    changed(b, rep);
    calls(b, rep, s, n);
    batches(b, rep, s, n);
}

/* ---- distributions ---------------------------------------------------------------------------------------------- */

static double tail_of(const struct row *w)
{
    double median = distribution_quantile(w->single, 0.5);

    return distribution_quantile(w->single, 0.999) / fmax(median, 1);
}

static int by_tail(const void *a, const void *b)
{
    double x = tail_of(*(const struct row *const *)a), y = tail_of(*(const struct row *const *)b);

    return (x < y) - (x > y);
}

static void distribution(struct buf *b, const struct row *w)
{
    char *title = fmt("%s/%u", w->name, w->batch), *p50 = figure(distribution_quantile(w->single, 0.5));
    char *p99 = figure(distribution_quantile(w->single, 0.99)), *p999 = figure(distribution_quantile(w->single, 0.999));
    char *max = figure(w->single->max);
    char *note =
        fmt("%llu calls: p50 %s, p99 %s, p99.9 %s, max %s", (unsigned long long)w->single->n, p50, p99, p999, max);

    chart_distribution(b, title, note, w->single->v, w->single->v_n);
    free(title);
    free(note);
    free(p50);
    free(p99);
    free(p999);
    free(max);
}

/* Where all calls took the same ticks there is nothing to draw. */
static void constant_rows(struct buf *b, const struct result *r)
{
    unsigned n = 0;

    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];

        if (!w->single || w->single->min < w->single->max)
            continue;
        buf_printf(b, "%s<span class=\"code\">", n++ ? ", " : "<p>All calls took the same ticks: ");
        html(b, w->name);
        buf_printf(b, "/%u</span> %llu", w->batch, (unsigned long long)w->single->min);
    }
    if (n)
        buf_printf(b, ".</p>\n");
}

void report_distributions(struct buf *b, const struct report *rep)
{
    const struct row **rows = NULL;
    size_t n = 0, any = 0;

    for (size_t i = 0; i < rep->r->rows_n; i++) {
        const struct row *w = &rep->r->rows[i];

        any += w->single != NULL;
        if (w->single && w->single->min < w->single->max)
            *ARRAY_ADD(rows, n) = w;
    }
    if (!any)
        return;
    if (n)
        qsort(rows, n, sizeof(*rows), by_tail);
    buf_printf(b,
               "<section id=\"distributions\"><h2>Distributions</h2>\n<p class=\"quiet\">Calls timed one by one, "
               "what timing takes subtracted. Columns: calls by ticks (a low one is drawn a little higher, so that it "
               "shows); line: the share of calls up to each value.");
    if (n > DISTRIBUTIONS)
        buf_printf(b, " The %d rows with the longest tails (p99.9 / p50) of %zu; the others are in the table.",
                   DISTRIBUTIONS, n);
    buf_printf(b, "</p>\n");
    constant_rows(b, rep->r);
    buf_printf(b, "<div class=\"cards\">\n");
    for (size_t i = 0; i < n && i < DISTRIBUTIONS; i++)
        distribution(b, rows[i]);
    buf_printf(b, "</div></section>\n");
    free(rows);
}
