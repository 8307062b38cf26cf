/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/verdict.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *result_engine(const struct result *r)
{
    const char *engine = result_info(r, "engine"), *about = result_info(r, "about");

    /* The peers' files say it in a sentence. */
    if (!engine && about && strstr(about, "-icount"))
        return "tcg-icount";
    return engine;
}

bool result_exact(const struct result *r)
{
    const char *engine = result_engine(r);

    return engine && !strcmp(engine, "tcg-icount");
}

static bool differ(const struct result *a, const struct result *b, const char *key)
{
    const char *x = result_info(a, key), *y = result_info(b, key);

    return x && y && strcmp(x, y);
}

static bool known(const struct result *r, const char *key)
{
    const char *s = result_info(r, key);

    return s && strcmp(s, "unknown");
}

static char *refuse_suite(const struct result *base, const struct result *head)
{
    const char *b = result_info(base, "suite"), *h = result_info(head, "suite");
    size_t n = h ? strlen(h) : 0;

    if (!b || !h)
        return fmt("%s does not say which revision of the suite measured it (--force compares anyway)",
                   b ? head->source : base->source);
    if (strcmp(b, h))
        return fmt("another revision of the suite: %s and %s (--force compares anyway)", b, h);
    /* Two dirty trees of one revision need not be the same. */
    if (n > 6 && !strcmp(h + n - 6, "-dirty") && differ(base, head, "guest_sha256"))
        return fmt("the suite %s was changed without a commit, and the guests differ (--force compares anyway)", h);
    return NULL;
}

char *refusal(const struct result *base, const struct result *head, bool force)
{
    const char *b = result_engine(base), *h = result_engine(head);

    if (!b || !h)
        return fmt("%s does not say which engine measured it", b ? head->source : base->source);
    if (strcmp(b, h))
        return fmt("another engine: %s and %s, whose ticks are different units", b, h);
    if (differ(base, head, "machine_cpu"))
        return fmt("another processor model for the guest: %s and %s", result_info(base, "machine_cpu"),
                   result_info(head, "machine_cpu"));
    if (!result_exact(base) && differ(base, head, "host_cpu"))
        return fmt("another processor: %s and %s", result_info(base, "host_cpu"), result_info(head, "host_cpu"));
    if (known(base, "nested_paging") && known(head, "nested_paging") && differ(base, head, "nested_paging"))
        return fmt("nested paging %s and %s: the same calls leave the guest in one of them only",
                   result_info(base, "nested_paging"), result_info(head, "nested_paging"));
    return force ? NULL : refuse_suite(base, head);
}

/* ---- exact ticks ---------------------------------------------------------------------------------------------- */

struct spread {
    double min, max; /* of what the rounds give as their minimum */
    double top;      /* the largest sample known: of a row that a timer disturbed, the end of its range */
    bool steady;     /* every round agrees, and most samples are at the minimum */
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
        s.n++;
    }
    return s;
}

static void compare_exact(struct comparison *c, struct rounds base, struct rounds head)
{
    struct spread b = spread_of(base, c->name, c->batch), h = spread_of(head, c->name, c->batch);

    c->base = b.min;
    c->head = h.min;
    c->verdict = h.min == b.min ? V_SAME : h.min < b.min ? V_FASTER : V_SLOWER;
    if (b.steady && h.steady) {
        c->sure = xstrdup("exact");
        return;
    }
    /* A timer's interrupt in most samples: only ranges that do not meet are a difference of the call itself. */
    if (h.min == b.min)
        c->sure = xstrdup("same minimum; a timer disturbs some samples");
    else if (h.min <= b.top && b.min <= h.top) {
        c->verdict = V_UNSURE;
        c->sure = fmt("disturbed by a timer: %.2f..%.2f and %.2f..%.2f meet", b.min, b.top, h.min, h.top);
    } else
        c->sure = xstrdup("apart, though disturbed by a timer");
}

/* ---- sampled ticks -------------------------------------------------------------------------------------------- */

/*
 * The observations of a row. With several rounds, one from each (its median): samples within one boot are not
 * independent. With one round, its samples, for want of better. Sorted; the caller frees.
 */
static double *observations(struct rounds side, const char *name, unsigned batch, size_t *n)
{
    double *x = xcalloc(side.n, sizeof(*x));
    const struct row *w = NULL;

    *n = 0;
    for (size_t i = 0; i < side.n; i++)
        if ((w = result_row(side.v[i], name, batch)))
            x[(*n)++] = w->st.median;
    if (side.n == 1 && w) {
        free(x);
        x = row_ticks(w);
        *n = w->samples_n;
    }
    stats_of(x, *n);
    return x;
}

static void compare_sampled(struct comparison *c, struct rounds base, struct rounds head, double alpha)
{
    size_t bn, hn;
    double *b = observations(base, c->name, c->batch, &bn), *h = observations(head, c->name, c->batch, &hn);
    double p, bl, bh, hl, hh;

    c->base = bn ? quantile(b, bn, 0.5) : result_row(base.v[0], c->name, c->batch)->st.median;
    c->head = hn ? quantile(h, hn, 0.5) : result_row(head.v[0], c->name, c->batch)->st.median;
    if (bn < SAMPLES_MIN || hn < SAMPLES_MIN) {
        c->verdict = V_UNSURE;
        c->sure = fmt("too few samples: %zu and %zu, %d are needed", bn, hn, SAMPLES_MIN);
    } else {
        median_interval(b, bn, 0.95, &bl, &bh);
        median_interval(h, hn, 0.95, &hl, &hh);
        mann_whitney(b, bn, h, hn, &p);
        c->verdict = p >= alpha || c->head == c->base ? V_SAME : c->head < c->base ? V_FASTER : V_SLOWER;
        c->sure = fmt("p%s%.4f n=%zu+%zu 95%% [%.1f..%.1f] [%.1f..%.1f]", p < 1e-4 ? "<" : "=", fmax(p, 1e-4), bn, hn,
                      bl, bh, hl, hh);
    }
    free(b);
    free(h);
}

/* ---- all rows ------------------------------------------------------------------------------------------------- */

struct comparison *compare_all(struct rounds base, struct rounds head, const char *rows, double alpha, size_t *n)
{
    struct comparison *all = NULL, *c;
    bool exact = result_exact(base.v[0]);

    *n = 0;
    for (size_t i = 0; i < base.v[0]->rows_n; i++) {
        const struct row *w = &base.v[0]->rows[i];

        if (rows && *rows && !row_matches(rows, w->name, w->batch))
            continue;
        c = ARRAY_ADD(all, *n);
        c->name = w->name;
        c->batch = w->batch;
        c->base = w->st.min;
        c->head_row = result_row(head.v[0], w->name, w->batch);
        if (!c->head_row) {
            c->verdict = V_GONE;
            c->sure = xstrdup("only in the base");
        } else if (exact)
            compare_exact(c, base, head);
        else
            compare_sampled(c, base, head, alpha);
    }
    for (size_t i = 0; i < head.v[0]->rows_n; i++) {
        const struct row *w = &head.v[0]->rows[i];

        if ((rows && *rows && !row_matches(rows, w->name, w->batch)) || result_row(base.v[0], w->name, w->batch))
            continue;
        c = ARRAY_ADD(all, *n);
        c->name = w->name;
        c->batch = w->batch;
        c->head = w->st.min;
        c->head_row = w;
        c->verdict = V_NEW;
        c->sure = xstrdup("only in the head");
    }
    return all;
}
