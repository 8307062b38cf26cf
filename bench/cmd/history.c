/* SPDX-License-Identifier: MIT */
#include "cmd/commands.h"
#include "measure/measure.h"
#include "result/comparable.h"
#include "view/history.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct points {
    struct rounds *v;
    size_t n;
};

static int by_date(const void *a, const void *b)
{
    const char *x = result_info(((const struct rounds *)a)->v[0], "date"),
               *y = result_info(((const struct rounds *)b)->v[0], "date");

    return strcmp(x ? x : "", y ? y : "");
}

/* Those of ENGINE, or of all engines; what is left out is said. */
static void take_results(struct points *p, char **paths, size_t n, const char *engine)
{
    size_t others = 0;

    for (size_t i = 0; i < n; i++) {
        char *why = NULL;
        struct result *r = result_try_load(paths[i], &why);

        if (!r) {
            warn("left out: %s", why);
        } else if (!result_engine(r)) {
            warn("left out: %s does not say which engine measured it", paths[i]);
        } else if (engine && strcmp(result_engine(r), engine)) {
            others++;
        } else {
            struct rounds *point = ARRAY_ADD(p->v, p->n);

            *ARRAY_ADD(point->v, point->n) = r;
        }
        free(why);
    }
    if (others)
        warn("%zu results of other engines than %s are left out (--engine)", others, engine);
    if (p->n)
        qsort(p->v, p->n, sizeof(*p->v), by_date);
}

static void take_tree(struct points *p, const char *engine)
{
    char *pattern = fmt("%s/results/*", tree_root()), **dirs = NULL;
    size_t n = 0;
    glob_t g;

    if (!glob(pattern, 0, NULL, &g))
        for (size_t i = 0; i < g.gl_pathc; i++)
            if (result_is_in(g.gl_pathv[i]))
                *ARRAY_ADD(dirs, n) = g.gl_pathv[i];
    take_results(p, dirs, n, engine);
    free(dirs);
    free(pattern);
}

static void take_revisions(struct points *p, const char *range, const struct measure_options *o)
{
    size_t n;
    char **list = revisions_of(range, &n);
    struct side *sides = xcalloc(n, sizeof(*sides));
    struct rounds *rounds = xcalloc(n, sizeof(*rounds));

    for (size_t i = 0; i < n; i++)
        sides[i] = side_of(list[i], NULL);
    measure_sides(sides, n, o, rounds);
    for (size_t i = 0; i < n; i++)
        *ARRAY_ADD(p->v, p->n) = rounds[i];
}

/* A history for each machine: what was measured on one says nothing about another. */
static struct history *machines_of(const struct points *p, size_t *n)
{
    struct history *all = NULL;

    *n = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct history *at = NULL;

        for (size_t k = 0; k < *n && !at; k++) {
            char *why = history_refuses(&all[k], p->v[i].v[0]);

            at = why ? NULL : &all[k];
            free(why);
        }
        if (!at)
            at = ARRAY_ADD(all, *n);
        *ARRAY_ADD(at->points, at->n) = p->v[i];
    }
    return all;
}

static void require_rows(const struct points *p, const char *rows)
{
    struct result **all = xcalloc(p->n, sizeof(*all));
    char *unmatched;

    for (size_t i = 0; i < p->n; i++)
        all[i] = p->v[i].v[0];
    if ((unmatched = rows_unmatched(rows, all, p->n)))
        die(EXIT_USAGE, "no row is called %s", unmatched);
    free(all);
}

int cmd_history(int argc, char **argv)
{
    struct measure_options o = {.alpha = ALPHA_DEFAULT};
    const char *range = NULL, *rows = NULL, *out = fmt("%s/history", build_dir()), *engine = NULL;
    struct points points = {0};
    struct history *machines;
    const struct option_def defs[] = {
        {"rows", 'r', "GLOB,...", "the rows to show (default: all that change)", &rows, NULL, NULL},
        {"revisions", 0, "A..B", "build and measure these revisions instead of reading results", &range, NULL, NULL},
        {"engine", 'e', "NAME", "of results: only tcg-icount, kvm, ...; of revisions: auto, tcg, kvm", &engine, NULL,
         NULL},
        {"rounds", 0, "N", "boots of each revision (default: 2 where ticks are exact, else 9)", &o.rounds, NULL, NULL},
        {"out", 'o', "DIR", "history.png and .svg go there (default: build/history)", &out, NULL, NULL},
        ENGINE_PROBE_OPTION,
        {"pin", 0, "CPU", "pin the guest's processor to this one", &o.pin, NULL, NULL},
        {0},
    };
    int n = options_parse(argc, argv, defs, "history [options] [RESULT...]",
                          "Follows all rows over results in the order of their dates (default: all in results/), or\n"
                          "over revisions, each built in a worktree of its own and measured with this tree's bench\n"
                          "guest. Each machine has a history of its own.");
    size_t machines_n;

    rows = rows && *rows ? rows : NULL;
    engine = engine && *engine ? engine : NULL;
    o.rows = rows;
    o.engine = engine && !strcmp(engine, "tcg-icount") ? "tcg" : engine;
    if (range && *range)
        take_revisions(&points, range, &o);
    else if (n)
        take_results(&points, argv, n, engine);
    else
        take_tree(&points, engine);
    if (!points.n)
        die(EXIT_MISSING, "there is no result%s%s: run `make bench`, or name revisions (REVISIONS=A..B)",
            engine ? " of " : "", engine ? engine : "");
    if (rows)
        require_rows(&points, rows);
    machines = machines_of(&points, &machines_n);
    make_dirs(out);
    for (size_t i = 0; i < machines_n; i++) {
        char *stem = i ? fmt("history-%zu", i + 1) : xstrdup("history");

        history_print(&machines[i], rows);
        history_draw(&machines[i], rows, out, stem);
        free(stem);
    }
    return EXIT_OK;
}
