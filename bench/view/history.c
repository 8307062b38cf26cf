/* SPDX-License-Identifier: MIT */
#include "view/history.h"
#include "result/comparable.h"
#include "view/plot.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 12 /* more cannot be told apart */

char *history_refuses(const struct history *h, const struct result *r)
{
    const struct result *first = h->points[0].v[0];
    const char *a = result_info(first, "machine_cpu"), *b = result_info(r, "machine_cpu");

    if (a && b && strcmp(a, b))
        return fmt("another processor model for the guest: %s and %s", a, b);
    return ticks_differ(first, r, false);
}

/* ---- comparisons ---------------------------------------------------------------------------------------------- */

/* All rows of one point against those of an earlier one, made when they are asked for. */
struct pair {
    struct comparison *rows;
    size_t n;
    bool done;
};

struct follow {
    const struct history *h;
    struct pair *pairs; /* of point i and an earlier one k: pairs[i * n + k] */
};

static const struct comparison *change(struct follow *f, size_t from, size_t to, const char *name, unsigned batch)
{
    struct pair *p = &f->pairs[to * f->h->n + from];

    if (!p->done)
        p->rows =
            compare_all(f->h->points[from], f->h->points[to], (struct compare_how){.alpha = ALPHA_DEFAULT}, &p->n);
    p->done = true;
    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].batch == batch && !strcmp(p->rows[i].name, name))
            return &p->rows[i];
    return NULL;
}

static void follow_free(struct follow *f)
{
    for (size_t i = 0; i < f->h->n * f->h->n; i++)
        comparisons_free(f->pairs[i].rows, f->pairs[i].n);
    free(f->pairs);
}

static const struct row *row_at(const struct history *h, size_t point, const char *name, unsigned batch)
{
    for (size_t i = 0; i < h->points[point].n; i++) {
        const struct row *w = result_row(h->points[point].v[i], name, batch);

        if (w)
            return w;
    }
    return NULL;
}

/* Every row of every point, once, as a result without samples. */
static struct result *all_rows(const struct history *h)
{
    struct result *all = xcalloc(1, sizeof(*all));

    for (size_t i = 0; i < h->n; i++) {
        for (size_t k = 0; k < h->points[i].v[0]->rows_n; k++) {
            const struct row *w = &h->points[i].v[0]->rows[k];
            struct row *mine;

            if (result_row(all, w->name, w->batch))
                continue;
            mine = ARRAY_ADD(all->rows, all->rows_n);
            mine->name = xstrdup(w->name);
            mine->batch = w->batch;
        }
    }
    return all;
}

/* A row has changed when one point differs from the one before it that has the row, and not by noise. */
static bool row_changes(struct follow *f, const char *name, unsigned batch)
{
    size_t before = f->h->n;

    for (size_t i = 0; i < f->h->n; i++) {
        const struct comparison *c;

        if (!row_at(f->h, i, name, batch))
            continue;
        c = before < i ? change(f, before, i, name, batch) : NULL;
        if (c && (c->verdict == V_FASTER || c->verdict == V_SLOWER))
            return true;
        before = i;
    }
    return false;
}

/* ---- the table ------------------------------------------------------------------------------------------------ */

static char *point_name(const struct rounds *point)
{
    const char *revision = result_info(point->v[0], "hypervisor_revision");

    return xstrndup(revision ? revision : "unknown", 12);
}

static void print_change(const struct comparison *c)
{
    if (c->head != c->base && c->base > 0)
        printf("  %s%+.2f (%+.3g %%)%s",
               c->verdict == V_FASTER   ? colour(GREEN)
               : c->verdict == V_SLOWER ? colour(RED)
                                        : "",
               c->head - c->base, (c->head / c->base - 1) * 100, colour(PLAIN));
    if (c->verdict == V_OTHER)
        printf("  (measured in another way: another suite)");
    if (c->verdict == V_UNSURE)
        printf("  (not judged: %s)", c->sure);
    printf("\n");
}

static void print_followed(struct follow *f, const char *name, unsigned batch)
{
    const struct history *h = f->h;
    size_t before = h->n;

    printf("\n%s%s/%u%s, ticks a call\n", colour(BOLD), name, batch, colour(PLAIN));
    for (size_t i = 0; i < h->n; i++) {
        const struct row *w = row_at(h, i, name, batch);
        const char *date = result_info(h->points[i].v[0], "date");
        const struct comparison *c = w && before < i ? change(f, before, i, name, batch) : NULL;
        char *revision = point_name(&h->points[i]), *title = result_title(h->points[i].v[0]);

        if (w) {
            printf("  %-20s  %-12s %-24.24s %12.2f", date ? date : "-", revision, title, c ? c->head : row_figure(w));
            if (c)
                print_change(c);
            else
                printf("\n");
            before = i;
        }
        free(revision);
        free(title);
    }
}

/* What was measured on, and its points, with the options in which one differs from the one before. */
static void print_machine(const struct history *h)
{
    const struct result *r = h->points[0].v[0];
    const char *cpu = result_info(r, result_exact(r) ? "machine_cpu" : "host_cpu");

    cpu = cpu ? cpu : result_info(r, "cpu");
    printf("\n%s%s%s%s%s\n", colour(BOLD), result_engine(r), cpu ? ", " : "", cpu ? cpu : "", colour(PLAIN));
    for (size_t i = 0; i < h->n; i++) {
        const char *date = result_info(h->points[i].v[0], "date");
        char *revision = point_name(&h->points[i]), *title = result_title(h->points[i].v[0]);
        char *options = i ? options_differ(h->points[i - 1].v[0], h->points[i].v[0]) : NULL;

        printf("  %-20s  %-12s %s%s%s%s\n", date ? date : "-", revision, title, options ? "  (options differ: " : "",
               options ? options : "", options ? ")" : "");
        free(revision);
        free(options);
        free(title);
    }
}

bool history_print(const struct history *h, const char *rows)
{
    struct result *all = all_rows(h);
    struct follow f = {h, xcalloc(h->n * h->n, sizeof(*f.pairs))};
    size_t followed = 0, changed = 0;

    print_machine(h);
    for (size_t i = 0; i < all->rows_n; i++) {
        const struct row *w = &all->rows[i];
        bool changes;

        if (rows && !row_matches(rows, w->name, w->batch))
            continue;
        changes = row_changes(&f, w->name, w->batch);
        followed++;
        changed += changes;
        if (rows || changes)
            print_followed(&f, w->name, w->batch);
    }
    if (followed)
        printf("\n%zu rows followed, %zu of them change%s\n", followed, changed,
               rows || followed == changed ? "" : " (--rows shows others)");
    follow_free(&f);
    result_free(all);
    return followed > 0;
}

/* ---- the picture ---------------------------------------------------------------------------------------------- */

static bool add_line(const struct history *h, const struct row *w, struct buf *data, struct buf *draw, size_t line)
{
    size_t points = 0;

    buf_printf(data, "$data%zu << EOD\n", line);
    for (size_t i = 0; i < h->n; i++) {
        const struct row *at = row_at(h, i, w->name, w->batch);
        char *revision = point_name(&h->points[i]), *text = plot_text(revision);

        if (at)
            buf_printf(data, "%zu \"%s\" %.3f\n", i, text, row_per_entry(at));
        points += at != NULL;
        free(revision);
        free(text);
    }
    buf_printf(data, "EOD\n");
    buf_printf(draw, "%s $data%zu using 1:3:xtic(2) with linespoints linewidth 2 pointtype 7 title \"%s/%u\"",
               line ? "," : "plot", line, w->name, w->batch);
    return points > 0;
}

void history_draw(const struct history *h, const char *rows, const char *dir, const char *stem)
{
    struct result *all = all_rows(h);
    struct follow f = {h, xcalloc(h->n * h->n, sizeof(*f.pairs))};
    struct buf script = {0}, draw = {0};
    size_t lines = 0, wanted = 0;
    char *engine = plot_text(result_engine(h->points[0].v[0]));

    for (size_t i = 0; i < all->rows_n; i++) {
        const struct row *w = &all->rows[i];

        if (rows ? !row_matches(rows, w->name, w->batch) : !row_changes(&f, w->name, w->batch))
            continue;
        wanted++;
        if (lines < LINES_MAX && add_line(h, w, &script, &draw, lines))
            lines++;
    }
    buf_printf(&script,
               "set title \"History: ticks an entry (%s), %zu of %zu rows%s\"\nset logscale y\n"
               "set ylabel \"ticks an entry (minimum), logarithmic\"\n",
               engine, lines, wanted, rows ? "" : " that change");
    buf_printf(&script, "set xrange [-0.3:%.1f]\nset xtics rotate by -40\nset key outside right top\n", h->n - 0.7);
    buf_printf(&script,
               "set offsets 0,0,graph 0.1,graph 0.1\nset grid xtics ytics mytics linecolor \"#dddddd\" linetype 1\nset "
               "rmargin 30\ndraw = '%s'\n",
               draw.p);
    if (lines && plot_draw(dir, stem, 1100, 620, script.p))
        printf("\ndrawn in %s/%s.png, .svg\n", dir, stem);
    buf_free(&script);
    buf_free(&draw);
    free(engine);
    follow_free(&f);
    result_free(all);
}
