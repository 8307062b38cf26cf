/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/commands.h"
#include "cmd/gate.h"
#include "measure/conditions.h"
#include "measure/measure.h"
#include "result/comparable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct compare_options {
    struct measure_options m;
    const char *base_make, *head_make, *limits, *max, *alpha, *out, *changed, *force, *json, *markdown;
    bool gate;
};

static bool given(const char *option)
{
    return option && *option;
}

/* What can be wrong is found before anything is measured. */
static void check_options(struct compare_options *o)
{
    o->m.alpha = option_double("alpha", o->alpha, ALPHA_DEFAULT);
    if (o->m.alpha <= 0 || o->m.alpha >= 1)
        die(EXIT_USAGE, "--alpha is a probability");
    if (o->json && o->markdown)
        die(EXIT_USAGE, "--json or --markdown, not both");
    option_double("max-regression", o->max, 0);
    if (given(o->limits))
        limits_load(o->limits);
    o->m.force = o->force != NULL;
    o->m.silent = o->json || o->markdown;
}

static void require_rows(const char *rows, const struct rounds *sides, size_t n)
{
    struct result **all = NULL;
    size_t all_n = 0;
    char *unmatched;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sides[i].n; k++)
            *ARRAY_ADD(all, all_n) = sides[i].v[k];
    if (given(rows) && (unmatched = rows_unmatched(rows, all, all_n)))
        die(EXIT_USAGE, "no row is called %s", unmatched);
    free(all);
}

static struct base_and_heads compare_sides(const struct rounds *sides, size_t n, const struct compare_options *o)
{
    struct base_and_heads c = {.base = sides[0], .alpha = o->m.alpha, .changed = o->changed != NULL};
    struct compare_how how = {.rows = o->m.rows, .alpha = o->m.alpha, .force = o->force != NULL};

    require_rows(o->m.rows, sides, n);
    for (size_t i = 1; i < n; i++) {
        struct compared *h = ARRAY_ADD(c.heads, c.heads_n);
        char *why = refusal(sides[0].v[0], sides[i].v[0], o->m.force);

        if (why)
            die(EXIT_REFUSED, "%s and %s cannot be compared: %s", sides[0].v[0]->source, sides[i].v[0]->source, why);
        why = result_exact(sides[0].v[0]) ? NULL : conditions_differ(sides[0].v[0], sides[i].v[0]);
        if (why)
            warn("measured under other conditions, which may be all the difference: %s", why);
        h->head = sides[i];
        h->rows = compare_all(sides[0], sides[i], how, &h->n);
    }
    return c;
}

static struct gate_report judge(const struct base_and_heads *c, const struct compare_options *o)
{
    struct gate_report report = {.asked = o->gate || given(o->max) || given(o->limits)};
    struct limits limits = {0};
    /* Without a percentage and outside `gate`, only the file's lines count. */
    double max = o->gate || given(o->max) ? option_double("max-regression", o->max, 0) : INFINITY;

    if (!report.asked)
        return report;
    if (given(o->limits))
        limits = limits_load(o->limits);
    for (size_t h = 0; h < c->heads_n; h++)
        gate_judge(&c->heads[h], max, &limits, &report);
    if (!given(o->m.rows))
        gate_unused(&limits, &report);
    return report;
}

static void write_files(const struct base_and_heads *c, const char *dir, bool silent)
{
    char *path = fmt("%s/compare.csv", dir), *text = comparison_csv(c);

    make_dirs(dir);
    file_write(path, text, strlen(text));
    comparison_draw(c, dir);
    if (!silent)
        printf("written to %s\n", dir);
    free(text);
    free(path);
}

static int compare_results(const struct rounds *sides, size_t n, const struct compare_options *o)
{
    struct base_and_heads c = compare_sides(sides, n, o);
    struct gate_report report = judge(&c, o);

    if (o->json)
        fputs(comparison_json(&c, &report), stdout);
    else if (o->markdown)
        comparison_markdown(&c);
    else if (sides[0].v != sides[1].v)
        comparison_table(&c);
    if (given(o->out))
        write_files(&c, o->out, o->m.silent);
    if (report.asked && !o->m.silent)
        gate_print(&report);
    return report.findings_n ? EXIT_WORSE : EXIT_OK;
}

static int compare_main(int argc, char **argv, struct compare_options *o, const char *usage, const char *about)
{
    const struct option_def defs[] = {
        {"max-regression", 0, "PERCENT", "fail (exit code 1) when a row is more than this slower; gate: 0", &o->max,
         NULL, NULL},
        {"limits", 0, "FILE", "limits for single rows: lines of GLOB and PERCENT%, max=TICKS,\nentry=TICKS or ignore",
         &o->limits, NULL, NULL},
        {"rows", 'r', "GLOB,...", "only these rows", &o->m.rows, NULL, NULL},
        {"rounds", 0, "N", "boots of each side (default: 2 where ticks are exact, else 9, or more for\nmany rows)",
         &o->m.rounds, NULL, NULL},
        {"base-make", 0, "VAR=VALUE...", "make variables for the base, e.g. ENTRY=plain", &o->base_make, NULL, NULL},
        {"head-make", 0, "VAR=VALUE...", "make variables for the head", &o->head_make, NULL, NULL},
        {"changed", 'c', NULL, "print only rows that differ", &o->changed, NULL, NULL},
        {"markdown", 0, NULL, "print a Markdown table instead", &o->markdown, NULL, NULL},
        {"json", 0, NULL, "print JSON instead (docs/results-format.md)", &o->json, NULL, NULL},
        {"alpha", 0, "P", "a difference shows when p, corrected for all rows, is below this\n(default: 0.01)",
         &o->alpha, NULL, NULL},
        {"force", 0, NULL, "compare though processors or suites differ, or are unknown", &o->force, NULL, NULL},
        {"out", 'o', "DIR", "compare.csv and ratio.png, .svg go there (compare: build/compare)", &o->out, NULL, NULL},
        {"engine", 'e', "NAME", "auto, kvm or tcg", &o->m.engine, NULL, NULL},
        {"reps", 0, "N", "samples of each row in a run", &o->m.reps, NULL, NULL},
        {"guest", 0, "FILE", "the bench guest for both sides (default: build/guest/bench.elf)", &o->m.guest, NULL,
         NULL},
        {"qemu", 0, "PROGRAM", "instead of qemu-system-i386", &o->m.qemu, NULL, NULL},
        {"cpu", 0, "MODEL", "QEMU's -cpu", &o->m.cpu, NULL, NULL},
        ENGINE_PROBE_OPTION,
        {"pin", 0, "CPU", "pin the guest's processor to this one", &o->m.pin, NULL, NULL},
        {"timeout", 0, "SECONDS", "for each run (default: 300)", &o->m.timeout, NULL, NULL},
        {0},
    };
    int n = options_parse(argc, argv, defs, usage, about);
    struct side *sides = xcalloc(n + 1, sizeof(*sides));
    struct rounds *rounds = xcalloc(n + 1, sizeof(*rounds));

    check_options(o);
    /* A gate with one side has absolute limits only: the side is held against itself. */
    if (o->gate && n == 1 && o->limits) {
        sides[0] = side_or_boots(argv[0], o->head_make);
        measure_sides(sides, 1, &o->m, rounds);
        rounds[1] = rounds[0];
        return compare_results(rounds, 2, o);
    }
    if (n < 2 || (o->gate && n > 2))
        die(EXIT_USAGE, "BASE and HEAD are needed: a result, a revision, an image of a hypervisor, or `tree`");
    for (int i = 0; i < n; i++)
        sides[i] = side_or_boots(argv[i], i ? o->head_make : o->base_make);
    measure_sides(sides, n, &o->m, rounds);
    return compare_results(rounds, n, o);
}

int cmd_compare(int argc, char **argv)
{
    struct compare_options o = {.out = fmt("%s/compare", build_dir())};

    return compare_main(
        argc, argv, &o, "compare [options] BASE HEAD...",
        "Compares each HEAD with BASE row by row. A side is a result (directory, label, bench.json or CSV;\n"
        "RESULT,RESULT,... are boots of one side), a revision (built in a worktree of its own), the image of\n"
        "any hypervisor, or `tree`, the working tree. What is no result yet is measured now, in turns, with\n"
        "this tree's bench guest. Results of different engines, processors or suites are refused (exit code 4).");
}

int cmd_gate(int argc, char **argv)
{
    struct compare_options o = {.gate = true, .changed = "1"};

    return compare_main(argc, argv, &o, "gate [options] BASE HEAD | gate --limits=FILE [options] HEAD",
                        "Compares like `compare` and fails (exit code 1) when a row has become slower by more than\n"
                        "--max-regression percent (default 0), is gone, or exceeds a limit of --limits.");
}
