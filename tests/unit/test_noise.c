/* SPDX-License-Identifier: MIT */
/*
 * Noise and verdicts. 150 rows are measured on an engine that varies, in nine boots of each side, in turn. Each boot is
 * a little faster or slower as a whole and in each row, samples are only ever disturbed upwards, and the machine gets
 * slower all the time. Equal builds must give no finding. A change of 2 % in ten rows must be found, and nothing else.
 */
#include "bench_test.h"
#include "result/many.h"
#include "result/verdict.h"

#define ROWS    150
#define BOOTS   9
#define SAMPLES 9
#define RUNS    20
#define SPREAD  0.003 /* between boots, as a share of the figure: half of the variance is the boot's, half the row's */
#define DRIFT   0.003 /* from the first boot to the last */

static uint64_t state;

/* Uniform in (0, 1): the generator is fixed, so that a failure repeats. */
static double uniform(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return ((state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* Makes one boot. CHANGED rows are FACTOR times as slow. WHEN is how late in the session it is, from 0 to 1. */
static struct result *boot(size_t changed, double factor, double when)
{
    struct result *r = xcalloc(1, sizeof(*r));
    double whole = 1 + SPREAD * M_SQRT1_2 * normal() + DRIFT * when;

    r->source = xstrdup("boot");
    result_set(r, "engine", "kvm");
    result_set(r, "suite", "s");
    for (size_t i = 0; i < ROWS; i++) {
        struct row *w = ARRAY_ADD(r->rows, r->rows_n);
        double ticks =
            256 * (500 + 20.0 * i) * whole * (1 + SPREAD * M_SQRT1_2 * normal()) * (i < changed ? factor : 1);

        w->name = fmt("row%zu", i);
        w->batch = 1;
        w->calls = 256;
        w->samples = xcalloc(SAMPLES, sizeof(*w->samples));
        for (w->samples_n = 0; w->samples_n < SAMPLES; w->samples_n++)
            w->samples[w->samples_n] = ticks * (1 - 0.005 * log(uniform()));
        row_finish(w);
    }
    return r;
}

struct found {
    size_t table, gate, wrong; /* rows that differ; wrong: those of them that were not changed */
    size_t unsure;
};

static struct found session(uint64_t seed, size_t boots, size_t changed, double factor)
{
    struct result *sides[2][BOOTS];
    struct found found = {0};
    struct comparison *all;
    size_t n;

    state = seed * 0x9e3779b97f4a7c15ull + 82;
    for (size_t k = 0; k < boots; k++) {
        for (int turn = 0; turn < 2; turn++) {
            int side = k % 2 ? !turn : turn;

            sides[side][k] = boot(side ? changed : 0, factor, (2 * k + turn) / (2.0 * boots));
        }
    }
    all = compare_all((struct rounds){sides[0], boots}, (struct rounds){sides[1], boots},
                      (struct compare_how){.alpha = ALPHA_DEFAULT}, &n);
    for (size_t i = 0; i < n; i++) {
        bool differs = all[i].verdict == V_SLOWER || all[i].verdict == V_FASTER;

        found.table += differs;
        found.wrong += differs && i >= changed;
        found.gate += all[i].gate == V_SLOWER;
        found.unsure += all[i].verdict == V_UNSURE;
    }
    comparisons_free(all, n);
    for (size_t k = 0; k < boots; k++) {
        result_free(sides[0][k]);
        result_free(sides[1][k]);
    }
    return found;
}

static void equal_builds(void)
{
    for (uint64_t run = 0; run < RUNS; run++) {
        struct found f = session(run, BOOTS, 0, 1);

        if (f.table)
            printf("  run %d: %zu in the table, %zu in the gate\n", (int)run, f.table, f.gate);
        CHECK(!f.table && !f.gate && !f.unsure);
    }
}

static void a_true_change(void)
{
    for (uint64_t run = 0; run < RUNS; run++) {
        struct found f = session(1000 + run, BOOTS, 10, 1.02);

        if (f.table != 10 || f.gate != 10)
            printf("  run %d: %zu in the table, %zu in the gate, %zu wrong\n", (int)run, f.table, f.gate, f.wrong);
        CHECK(f.table - f.wrong == 10 && f.gate == 10 && f.wrong <= 1);
    }
}

static void one_row_among_all(void)
{
    CHECK(session(7, BOOTS, 1, 1.02).gate == 1);
    CHECK(session(7, BOOTS, 1, 0.98).table == 1);
    CHECK(session(7, BOOTS, 1, 0.98).gate == 0); /* faster is not a regression */
}

/* Five boots can prove nothing about a single row among 150. The verdict must say that, and not "no difference". */
static void too_few_rounds(void)
{
    CHECK(session(3, 5, 0, 1).unsure == ROWS);
    CHECK(rounds_needed(ROWS, ALPHA_DEFAULT) == BOOTS);
}

static const struct unit_test tests[] = {
    {"equal_builds", equal_builds},
    {"a_true_change", a_true_change},
    {"one_row_among_all", one_row_among_all},
    {"too_few_rounds", too_few_rounds},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
