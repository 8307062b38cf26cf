/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/commands.h"
#include "measure/measure.h"
#include "view/plot.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT \
    "xen_version,mmu_same/1,mmu_same/512,mmu_map_rw/1,mmu_map_rw/512,page_fault_iret,soft_int_0x81_iret"

struct history {
    struct result **v;
    size_t n;
};

static int by_date(const void *a, const void *b)
{
    const char *x = result_info(*(struct result *const *)a, "date"),
               *y = result_info(*(struct result *const *)b, "date");

    return strcmp(x ? x : "", y ? y : "");
}

/* Results of one engine, by date. Others are left out, and that is said. */
static void history_results(struct history *h, char **paths, size_t n, const char *engine)
{
    size_t others = 0;

    for (size_t i = 0; i < n; i++) {
        char *why = NULL;
        struct result *r = result_try_load(paths[i], &why);

        if (!r)
            warn("left out: %s", why);
        else if (!result_engine(r) || strcmp(result_engine(r), engine))
            others++;
        else
            *ARRAY_ADD(h->v, h->n) = r;
        free(why);
    }
    if (others)
        warn("%zu results of other engines than %s are left out (--engine)", others, engine);
    if (h->n)
        qsort(h->v, h->n, sizeof(*h->v), by_date);
}

static void history_revisions(struct history *h, const char *range, const struct measure_options *o)
{
    size_t n;
    char **list = revisions_of(range, &n);
    struct side *sides = xcalloc(n, sizeof(*sides));
    struct rounds *rounds = xcalloc(n, sizeof(*rounds));

    for (size_t i = 0; i < n; i++)
        sides[i] = side_of(list[i], NULL);
    measure_sides(sides, n, o, rounds);
    for (size_t i = 0; i < n; i++)
        *ARRAY_ADD(h->v, h->n) = rounds[i].v[0];
}

static char *point_name(const struct result *r)
{
    const char *revision = result_info(r, "hypervisor_revision");

    return xstrndup(revision ? revision : "unknown", 12);
}

static bool same_suite(const struct result *a, const struct result *b)
{
    const char *x = result_info(a, "suite"), *y = result_info(b, "suite");

    return x && y && !strcmp(x, y);
}

/* One row over all points; returns how many points it has. */
static size_t history_row(const struct history *h, const char *name, unsigned batch, struct buf *data)
{
    const struct row *before = NULL;
    const struct result *before_r = NULL;
    size_t n = 0;

    printf("\n%s%s/%u%s, ticks an entry\n", colour(BOLD), name, batch, colour(PLAIN));
    for (size_t i = 0; i < h->n; i++) {
        const struct row *w = result_row(h->v[i], name, batch);
        const char *date = result_info(h->v[i], "date");
        char *point = point_name(h->v[i]);

        if (w) {
            double now = row_per_entry(w), then = before ? row_per_entry(before) : now;

            printf("  %-20s  %-12s %12.2f", date ? date : "-", point, now);
            if (before && now != then)
                printf("  %s%+.2f %%%s", now < then ? colour(GREEN) : colour(RED), (now / then - 1) * 100,
                       colour(PLAIN));
            printf("%s\n", before && !same_suite(before_r, h->v[i]) ? "  (another revision of the suite)" : "");
            buf_printf(data, "%zu \"%s\" %.3f\n", i, point, now);
            before = w;
            before_r = h->v[i];
            n++;
        }
        free(point);
    }
    return n;
}

static void history_draw(const struct history *h, const char *rows, const char *dir)
{
    struct buf script = {0}, draw = {0};
    unsigned lines = 0;
    struct result *last = h->v[h->n - 1];

    for (size_t i = 0; i < last->rows_n; i++) {
        const struct row *w = &last->rows[i];
        struct buf data = {0};

        if (!row_matches(rows, w->name, w->batch))
            continue;
        if (history_row(h, w->name, w->batch, &data) && lines < 12) {
            buf_printf(&script, "$data%u << EOD\n%sEOD\n", lines, data.p);
            buf_printf(&draw, "%s $data%u using 1:3:xtic(2) with linespoints linewidth 2 pointtype 7 title \"%s/%u\"",
                       lines ? "," : "plot", lines, w->name, w->batch);
            lines++;
        }
        buf_free(&data);
    }
    if (!lines)
        die(EXIT_USAGE, "no row is called %s", rows);
    buf_printf(&script,
               "set title \"History: ticks an entry (%s)\"\nset logscale y\nset ylabel \"ticks an entry (minimum), "
               "logarithmic\"\n",
               result_engine(last));
    buf_printf(&script, "set xrange [-0.3:%.1f]\nset xtics rotate by -40\nset key outside right top\n", h->n - 0.7);
    buf_printf(&script,
               "set offsets 0,0,graph 0.1,graph 0.1\nset grid xtics ytics mytics linecolor \"#dddddd\" linetype 1\nset "
               "rmargin 30\ndraw = '%s'\n",
               draw.p);
    make_dirs(dir);
    plot_draw(dir, "history", 1100, 620, script.p);
    printf("\ndrawn in %s\n", dir);
}

int cmd_history(int argc, char **argv)
{
    struct measure_options o = {.rounds = "1"};
    const char *range = NULL, *rows = ROWS_DEFAULT, *out = fmt("%s/history", build_dir()), *engine = "tcg-icount";
    struct history h = {0};
    const struct option_def defs[] = {
        {"rows", 'r', "GLOB,...", "the rows to follow (default: a few important ones)", &rows, NULL, NULL},
        {"revisions", 0, "A..B", "build and measure these revisions instead of reading results", &range, NULL, NULL},
        {"engine", 'e', "NAME", "of results: tcg-icount (default), kvm, ...; of revisions: auto, tcg, kvm", &engine,
         NULL, NULL},
        {"out", 'o', "DIR", "history.png and .svg go there (default: build/history)", &out, NULL, NULL},
        {"pin", 0, "CPU", "pin QEMU to this processor", &o.pin, NULL, NULL},
        {0},
    };
    int n = options_parse(argc, argv, defs, "history [options] [RESULT...]",
                          "Follows rows over results in the order of their dates (default: all in results/), or over\n"
                          "revisions, each built in a worktree of its own and measured with this tree's bench guest.");

    if (range && *range) {
        o.rows = rows;
        o.engine = strcmp(engine, "tcg-icount") ? engine : NULL;
        history_revisions(&h, range, &o);
    } else if (n) {
        history_results(&h, argv, n, engine);
    } else {
        char *pattern = fmt("%s/results/*/bench.json", tree_root());
        glob_t g;

        if (!glob(pattern, 0, NULL, &g))
            history_results(&h, g.gl_pathv, g.gl_pathc, engine);
        free(pattern);
    }
    if (!h.n)
        die(EXIT_MISSING, "there is no result of %s: run `make bench`, or name revisions (REVISIONS=A..B)", engine);
    history_draw(&h, rows, out);
    return EXIT_OK;
}
