/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/commands.h"
#include "result/row_limits.h"
#include "measure/conditions.h"
#include "measure/measure.h"
#include "view/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct compare_options {
    struct measure_options m;
    const char *base_make, *head_make, *limits, *max, *alpha, *out, *changed, *force;
    bool gate;
};

/* ---- printing ------------------------------------------------------------------------------------------------- */

static const char *verdict_colour(enum verdict v)
{
    switch (v) {
    case V_FASTER:
        return colour(GREEN);
    case V_SLOWER:
    case V_GONE:
        return colour(RED);
    case V_UNSURE:
    case V_NEW:
        return colour(YELLOW);
    default:
        return colour(DIM);
    }
}

static void print_row(const struct comparison *c, int width)
{
    printf("%s%-*s %6u", verdict_colour(c->verdict), width, c->name, c->batch);
    if (c->verdict == V_NEW)
        printf(" %12s %12.2f %8s", "-", c->head, "-");
    else if (c->verdict == V_GONE)
        printf(" %12.2f %12s %8s", c->base, "-", "-");
    else
        printf(" %12.2f %12.2f %8.4f", c->base, c->head, c->base > 0 ? c->head / c->base : NAN);
    printf("  %s%s\n", c->sure, colour(PLAIN));
}

static const char *revision_of(const struct result *r)
{
    const char *s = result_info(r, "hypervisor_revision");

    return s ? s : result_info(r, "about") ? result_info(r, "about") : "unknown";
}

static void print_table(const struct comparison *all, size_t n, struct rounds base, struct rounds head, bool changed)
{
    size_t count[V_NEW + 1] = {0}, width = 4;

    for (size_t i = 0; i < n; i++) {
        count[all[i].verdict]++;
        if (strlen(all[i].name) > width)
            width = strlen(all[i].name);
    }
    printf("\nbase: %s (%s)\nhead: %s (%s)\n", base.v[0]->source, revision_of(base.v[0]), head.v[0]->source,
           revision_of(head.v[0]));
    printf("engine: %s, %zu and %zu rounds; ticks a call: %s\n\n", result_engine(base.v[0]), base.n, head.n,
           result_exact(base.v[0]) ? "the minimum, exact" : "the median");
    printf("%s%-*s %6s %12s %12s %8s  how sure%s\n", colour(BOLD), (int)width, "row", "batch", "base", "head", "ratio",
           colour(PLAIN));
    for (size_t i = 0; i < n; i++)
        if (!changed || all[i].verdict != V_SAME)
            print_row(&all[i], width);
    printf("\n%zu rows: %zu slower, %zu faster, %zu %s", n, count[V_SLOWER], count[V_FASTER], count[V_SAME],
           result_exact(base.v[0]) ? "the same" : "without a difference that shows");
    if (count[V_UNSURE])
        printf(", %zu unsure", count[V_UNSURE]);
    if (count[V_GONE] || count[V_NEW])
        printf(", %zu only in the base, %zu only in the head", count[V_GONE], count[V_NEW]);
    printf("\n");
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

static void write_csv(const struct comparison *all, size_t n, const char *dir)
{
    static const char *const words[] = {"same", "faster", "slower", "unsure", "gone", "new"};
    struct buf b = {0};
    char *path = fmt("%s/compare.csv", dir);

    buf_printf(&b, "name,batch,base,head,ratio,verdict,how_sure\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s,%u,%.2f,%.2f,%.6f,%s,\"%s\"\n", all[i].name, all[i].batch, all[i].base, all[i].head,
                   all[i].base > 0 ? all[i].head / all[i].base : 0, words[all[i].verdict], all[i].sure);
    file_write(path, b.p, b.n);
    buf_free(&b);
    free(path);
}

/* The rows that differ, and when there are few of those, the batch-1 rows beside them: where nothing happened. */
static void draw_ratios(const struct comparison *all, size_t n, struct rounds base, struct rounds head, const char *dir)
{
    struct buf b = {0};
    size_t drawn = 0, differ = 0;
    char *from, *to;
    double far = 1.02;

    for (size_t i = 0; i < n; i++)
        differ += all[i].verdict == V_FASTER || all[i].verdict == V_SLOWER;
    buf_printf(&b, "$data << EOD\n");
    for (size_t i = 0; i < n; i++) {
        bool changed = all[i].verdict == V_FASTER || all[i].verdict == V_SLOWER;
        double ratio = all[i].base > 0 ? all[i].head / all[i].base : 0;

        if (ratio <= 0 || all[i].verdict == V_GONE || (!changed && (differ > 40 || all[i].batch != 1)))
            continue;
        far = fmax(far, fmax(ratio, 1 / ratio));
        buf_printf(&b, "%zu \"%s/%u\" %.6f %s\n", drawn++, all[i].name, all[i].batch, ratio,
                   !changed      ? "0x999999"
                   : ratio > 1.0 ? "0xee6677"
                                 : "0x228833");
    }
    buf_printf(&b, "EOD\n");
    if (drawn) {
        from = plot_text(base.v[0]->source);
        to = plot_text(head.v[0]->source);
        far = pow(far, 1.25);
        buf_printf(&b, "set title \"Ticks a call: %s over %s (%s)\"\n", to, from, result_engine(base.v[0]));
        buf_printf(&b, "set logscale x 2\nset xrange [%.5f:%.5f]\nset yrange [%zu.5:-0.5]\n", 1 / far, far, drawn - 1);
        buf_printf(&b, "set xlabel \"ratio, logarithmic: left of 1 is faster, right of 1 is slower\"\n"
                       "set style fill solid noborder\nset key off\nset ytics scale 0\nset format x \"%%.3g\"\n"
                       "set grid xtics linecolor \"#dddddd\" linetype 1\nset arrow from 1,graph 0 to 1,graph 1 nohead "
                       "linecolor \"#222222\" front\n");
        if (far < 2)
            buf_printf(&b, "unset logscale x\nset xlabel \"ratio: left of 1 is faster, right of 1 is slower\"\n");
        buf_printf(&b,
                   "draw = 'plot $data using 3:($1):(1):3:($1-0.4):($1+0.4):4:ytic(2) with boxxyerror linecolor rgb "
                   "variable, $data using ($3>1?$3:1):1:(sprintf(\"  %%.4f\", $3)) with labels left font \",8\"'\n");
        plot_draw(dir, "ratio", 1000, 130 + 19 * drawn, b.p);
        free(from);
        free(to);
    }
    buf_free(&b);
}

/* ---- the gate ------------------------------------------------------------------------------------------------- */

static unsigned gate_row(const struct comparison *c, double max, struct limits *limits)
{
    const struct limit *own = c->head_row ? limits_relative(limits, c->head_row) : NULL;
    char *exceeded = c->head_row ? limits_exceeded(limits, c->head_row) : NULL;
    double worse = c->base > 0 ? (c->head / c->base - 1) * 100 : 0;
    unsigned failures = 0;

    if (own)
        max = own->kind == LIMIT_IGNORE ? INFINITY : own->value;
    if (c->verdict == V_SLOWER && worse > max * (1 + 1e-9)) { /* 101 is 1 % more than 100, whatever binary says */
        printf("%sgate: %s/%u: %.2f became %.2f, %+.2f %% (%s); allowed are %g %%%s\n", colour(RED), c->name, c->batch,
               c->base, c->head, worse, c->sure, max, colour(PLAIN));
        failures++;
    }
    if (c->verdict == V_GONE && max < INFINITY) {
        printf("%sgate: %s/%u is in the base and was not measured in the head%s\n", colour(RED), c->name, c->batch,
               colour(PLAIN));
        failures++;
    }
    if (exceeded) {
        printf("%sgate: %s/%u: %s%s\n", colour(RED), c->name, c->batch, exceeded, colour(PLAIN));
        failures++;
    }
    free(exceeded);
    return failures;
}

/* A limit that watches no row is a hole in the gate, unless the user asked for some rows only. */
static unsigned gate_unused(const struct limits *limits, const char *rows)
{
    unsigned failures = 0;

    for (size_t i = 0; i < limits->n && !(rows && *rows); i++) {
        if (limits->v[i].used)
            continue;
        printf("%sgate: %s, line %u: no row is called %s%s\n", colour(RED), limits->file, limits->v[i].line,
               limits->v[i].glob, colour(PLAIN));
        failures++;
    }
    return failures;
}

static int gate(const struct comparison *all, size_t n, const struct compare_options *o, struct limits *limits)
{
    double max = option_double("max-regression", o->max, 0);
    unsigned failures = 0, unsure = 0;

    /* Without a percentage and outside `gate`, only the file's lines count. */
    if (!o->gate && (!o->max || !*o->max))
        max = INFINITY;
    for (size_t i = 0; i < n; i++) {
        failures += gate_row(&all[i], max, limits);
        unsure += all[i].verdict == V_UNSURE;
    }
    failures += gate_unused(limits, o->m.rows);
    if (unsure)
        warn("%u rows cannot be judged (see the table); they count as passed", unsure);
    printf("%sgate: %s%s", colour(failures ? RED : GREEN), failures ? "failed" : "passed", colour(PLAIN));
    if (failures)
        printf(", %u findings", failures);
    printf("\n");
    return failures ? EXIT_WORSE : EXIT_OK;
}

/* ---- the commands --------------------------------------------------------------------------------------------- */

static int compare_results(struct rounds base, struct rounds head, const struct compare_options *o)
{
    bool gated = o->gate || (o->max && *o->max) || (o->limits && *o->limits);
    struct limits limits = {0};
    struct comparison *all;
    char *why = refusal(base.v[0], head.v[0], o->force != NULL);
    size_t n;

    if (why)
        die(EXIT_REFUSED, "%s and %s cannot be compared: %s", base.v[0]->source, head.v[0]->source, why);
    why = result_exact(base.v[0]) ? NULL : conditions_differ(base.v[0], head.v[0]);
    if (why)
        warn("measured under other conditions, which may be all the difference: %s", why);
    if (o->limits && *o->limits)
        limits = limits_load(o->limits);
    all = compare_all(base, head, o->m.rows, option_double("alpha", o->alpha, 0.05), &n);
    if (!n)
        die(EXIT_USAGE, "no row is called %s", o->m.rows);
    if (base.v != head.v)
        print_table(all, n, base, head, o->changed != NULL);
    if (o->out && *o->out) {
        make_dirs(o->out);
        write_csv(all, n, o->out);
        draw_ratios(all, n, base, head, o->out);
        printf("written to %s\n", o->out);
    }
    fflush(stdout);
    return gated ? gate(all, n, o, &limits) : EXIT_OK;
}

static int compare_main(int argc, char **argv, struct compare_options *o, const char *usage, const char *about)
{
    const struct option_def defs[] = {
        {"max-regression", 0, "PERCENT", "fail (exit code 1) when a row is more than this slower; gate: 0", &o->max,
         NULL, NULL},
        {"limits", 0, "FILE", "limits for single rows: lines of GLOB and PERCENT%, max=TICKS,\nentry=TICKS or ignore",
         &o->limits, NULL, NULL},
        {"rows", 'r', "GLOB,...", "only these rows", &o->m.rows, NULL, NULL},
        {"rounds", 0, "N", "runs of each side (default: 2 where ticks are exact, else 9)", &o->m.rounds, NULL, NULL},
        {"base-make", 0, "VAR=VALUE...", "make variables for the base, e.g. ENTRY=plain", &o->base_make, NULL, NULL},
        {"head-make", 0, "VAR=VALUE...", "make variables for the head", &o->head_make, NULL, NULL},
        {"changed", 'c', NULL, "print only rows that differ", &o->changed, NULL, NULL},
        {"alpha", 0, "P", "a difference shows when p is below this (default: 0.05)", &o->alpha, NULL, NULL},
        {"force", 0, NULL, "compare though the suites differ or are unknown", &o->force, NULL, NULL},
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
    struct side sides[2];
    struct rounds rounds[2];
    int n = options_parse(argc, argv, defs, usage, about);

    /* A gate with one side has absolute limits only: the side is held against itself. */
    if (o->gate && n == 1 && o->limits) {
        sides[0] = side_of(argv[0], o->head_make);
        measure_sides(sides, 1, &o->m, rounds);
        return compare_results(rounds[0], rounds[0], o);
    }
    if (n != 2)
        die(EXIT_USAGE, "BASE and HEAD are needed: a result, a revision, an image of a hypervisor, or `tree`");
    if (o->alpha && option_double("alpha", o->alpha, 0) >= 1)
        die(EXIT_USAGE, "--alpha is a probability");
    option_double("max-regression", o->max, 0); /* before the runs: a wrong number must not cost them */
    if (o->limits && *o->limits)
        limits_load(o->limits);
    sides[0] = side_of(argv[0], o->base_make);
    sides[1] = side_of(argv[1], o->head_make);
    measure_sides(sides, 2, &o->m, rounds);
    return compare_results(rounds[0], rounds[1], o);
}

int cmd_compare(int argc, char **argv)
{
    struct compare_options o = {.out = fmt("%s/compare", build_dir())};

    return compare_main(
        argc, argv, &o, "compare [options] BASE HEAD",
        "Compares two sides row by row. A side is a result (directory, label, bench.json or CSV), a\n"
        "revision (built in a worktree of its own), the image of any hypervisor, or `tree`, the working\n"
        "tree. What is no result yet is measured now, interleaved, with this tree's bench guest.\n"
        "Results of different engines, processors or suites are refused (exit code 4).");
}

int cmd_gate(int argc, char **argv)
{
    struct compare_options o = {.gate = true, .changed = "1"};

    return compare_main(argc, argv, &o, "gate [options] BASE HEAD | gate --limits=FILE [options] HEAD",
                        "Compares like `compare` and fails (exit code 1) when a row has become slower by more than\n"
                        "--max-regression percent (default 0), is gone, or exceeds a limit of --limits.");
}
