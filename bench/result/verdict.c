/* SPDX-License-Identifier: MIT */
#include "result/verdict.h"
#include "result/comparable.h"
#include "result/many.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- exact ticks ---------------------------------------------------------------------------------------------- */

#define ROUNDED 0.005001 /* how far the two digits of a CSV may be from the figure */

struct spread {
    double min, max; /* of what the rounds give as their minimum */
    double top;      /* the largest sample known: of a row that a timer disturbed, the end of its range */
    bool steady;     /* every round agrees, and most samples are at the minimum */
    bool rounded;    /* to the two digits of a CSV */
    size_t n;
};

static struct spread spread_of(struct rounds side, const char *name, unsigned batch)
{
    struct spread s = {.steady = true};

    for (size_t i = 0; i < side.n; i++) {
        const struct row *w = result_row(side.v[i], name, batch);
        double top;

        if (!w)
            continue;
        top = fmax(w->st.max, w->st.median);
        s.min = s.n ? fmin(s.min, w->st.min) : w->st.min;
        s.max = s.n ? fmax(s.max, w->st.min) : w->st.min;
        s.top = s.n ? fmax(s.top, top) : top;
        s.steady = s.steady && w->st.median == w->st.min && s.min == s.max;
        s.rounded |= !w->samples_n;
        s.n++;
    }
    return s;
}

static void compare_exact(struct comparison *c, struct rounds base, struct rounds head)
{
    struct spread b = spread_of(base, c->name, c->batch), h = spread_of(head, c->name, c->batch);

    if ((b.rounded || h.rounded) && fabs(h.min - b.min) <= ROUNDED)
        h.min = b.min;
    c->base = b.min;
    c->head = h.min;
    c->base_n = b.n;
    c->head_n = h.n;
    c->verdict = h.min == b.min ? V_SAME : h.min < b.min ? V_FASTER : V_SLOWER;
    c->gate = c->verdict;
    if (b.steady && h.steady) {
        c->sure = xstrdup("exact");
        return;
    }
    /* If a timer interrupted most samples, only ranges that do not overlap show a difference of the call itself. */
    if (h.min == b.min)
        c->sure = xstrdup("same minimum; a timer disturbs some samples");
    else if (h.min <= b.top && b.min <= h.top) {
        c->verdict = c->gate = V_UNSURE;
        c->sure = fmt("disturbed by a timer: %.2f..%.2f and %.2f..%.2f meet", b.min, b.top, h.min, h.top);
    } else
        c->sure = xstrdup("apart, though disturbed by a timer");
}

/* ---- sampled ticks -------------------------------------------------------------------------------------------- */

/* The observations of a row, one from each boot, sorted; the caller frees. */
static double *observations(struct rounds side, const char *name, unsigned batch, size_t *n)
{
    double *x = xcalloc(side.n, sizeof(*x));

    *n = 0;
    for (size_t i = 0; i < side.n; i++) {
        const struct row *w = result_row(side.v[i], name, batch);

        if (w)
            x[(*n)++] = row_figure(w);
    }
    stats_of(x, *n);
    return x;
}

/* Median, test and intervals of one row. The verdict comes when all rows have been tested. */
static void test_sampled(struct comparison *c, struct rounds base, struct rounds head)
{
    double *b = observations(base, c->name, c->batch, &c->base_n),
           *h = observations(head, c->name, c->batch, &c->head_n);
    size_t bn = c->base_n, hn = c->head_n;
    double bl, bh, hl, hh;

    c->base = quantile(b, bn, 0.5);
    c->head = quantile(h, hn, 0.5);
    median_interval(b, bn, 0.95, &bl, &bh);
    median_interval(h, hn, 0.95, &hl, &hh);
    mann_whitney(b, bn, h, hn, &c->p);
    c->sure = fmt("n=%zu+%zu 95%% [%.1f..%.1f] [%.1f..%.1f]", bn, hn, bl, bh, hl, hh);
    free(b);
    free(h);
}

static void judge_sampled(struct comparison *c, size_t rows, double alpha)
{
    enum verdict differs = c->head == c->base ? V_SAME : c->head < c->base ? V_FASTER : V_SLOWER;
    char *sure = c->sure;

    c->verdict = c->p_table < alpha ? differs : V_SAME;
    c->gate = c->p_gate < alpha ? differs : V_SAME;
    if (c->p_table >= alpha && least_p(c->base_n, c->head_n) * rows >= alpha) {
        c->verdict = c->gate = V_UNSURE;
        c->sure = fmt("too few rounds: %zu+%zu boots cannot show one changed row among %zu, %zu+%zu can", c->base_n,
                      c->head_n, rows, rounds_needed(rows, alpha), rounds_needed(rows, alpha));
    } else {
        c->sure = fmt("p%s%.4f %s", c->p_table < 1e-4 ? "<" : "=", fmax(c->p_table, 1e-4), sure);
    }
    free(sure);
}

static void judge_all_sampled(struct comparison *all, size_t n, double alpha)
{
    double *p = xcalloc(3 * n + 1, sizeof(*p)), *table = p + n, *gate = table + n;
    size_t tested = 0;

    for (size_t i = 0; i < n; i++)
        if (is_compared(&all[i]))
            p[tested++] = all[i].p;
    benjamini_hochberg(p, table, tested);
    holm(p, gate, tested);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (!is_compared(&all[i]))
            continue;
        all[i].p_table = table[k];
        all[i].p_gate = gate[k++];
        judge_sampled(&all[i], tested, alpha);
    }
    free(p);
}

/* ---- all rows ------------------------------------------------------------------------------------------------- */

bool is_compared(const struct comparison *c)
{
    return c->verdict != V_GONE && c->verdict != V_NEW && c->verdict != V_OTHER;
}

const char *verdict_word(enum verdict v)
{
    static const char *const words[] = {"same", "faster", "slower", "unsure", "gone", "new", "measured otherwise"};

    return words[v];
}

double mean_ratio(const struct comparison *all, size_t n, size_t *counted)
{
    double sum = 0;

    *counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (all[i].ratio <= 0)
            continue;
        sum += log(all[i].ratio);
        ++*counted;
    }
    return *counted ? exp(sum / *counted) : 0;
}

/* In the first boot that has it: a row may be missing in one. */
static const struct row *row_of(struct rounds side, const char *name, unsigned batch, const struct result **r)
{
    const struct row *w = NULL;

    for (size_t i = 0; i < side.n && !w; i++)
        if ((w = result_row(side.v[i], name, batch)))
            *r = side.v[i];
    return w;
}

static struct comparison compare_row(const struct row *w, struct rounds base, struct rounds head, bool force)
{
    struct comparison c = {.name = w->name, .batch = w->batch, .p = 1, .p_table = 1, .p_gate = 1};
    const struct result *b = NULL, *h = NULL;

    c.base_row = row_of(base, w->name, w->batch, &b);
    c.head_row = row_of(head, w->name, w->batch, &h);
    c.base = c.base_row ? row_figure(c.base_row) : 0;
    c.head = c.head_row ? row_figure(c.head_row) : 0;
    if (!c.head_row) {
        c.verdict = V_GONE;
        c.sure = xstrdup("only in the base");
    } else if (!c.base_row) {
        c.verdict = V_NEW;
        c.sure = xstrdup("only in the head");
    } else if (!force && !same_row(b, c.base_row, h, c.head_row)) {
        c.verdict = V_OTHER;
        c.sure = xstrdup("the two suites measure it in different ways");
    } else if (result_exact(b)) {
        compare_exact(&c, base, head);
    } else {
        test_sampled(&c, base, head);
    }
    c.ratio = is_compared(&c) && c.base > 0 ? c.head / c.base : 0;
    if (!is_compared(&c))
        c.gate = c.verdict;
    return c;
}

/* Adds the rows of one result that are not there yet. */
static void compare_rows(struct comparison **all, size_t *n, const struct result *r, struct rounds base,
                         struct rounds head, const struct compare_how *how)
{
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        bool there = false;

        if (how->rows && *how->rows && !row_matches(how->rows, w->name, w->batch))
            continue;
        for (size_t k = 0; k < *n && !there; k++)
            there = (*all)[k].batch == w->batch && !strcmp((*all)[k].name, w->name);
        if (!there)
            *ARRAY_ADD(*all, *n) = compare_row(w, base, head, how->force);
    }
}

struct comparison *compare_all(struct rounds base, struct rounds head, struct compare_how how, size_t *n)
{
    struct comparison *all = NULL;

    *n = 0;
    for (size_t i = 0; i < base.n; i++)
        compare_rows(&all, n, base.v[i], base, head, &how);
    for (size_t i = 0; i < head.n; i++)
        compare_rows(&all, n, head.v[i], base, head, &how);
    if (!result_exact(base.v[0]))
        judge_all_sampled(all, *n, how.alpha);
    return all;
}

void comparisons_free(struct comparison *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(all[i].sure);
    free(all);
}
