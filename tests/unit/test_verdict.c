/* SPDX-License-Identifier: MIT */
/*
 * Verdicts (bench/result/verdict.c). With exact ticks one instruction is a difference, and nothing else is one. A row
 * that a timer disturbs is not judged by what the timer added. Sampled ticks need several boots, however many samples
 * each has, and a p that is small for all rows together. What may be compared at all is in test_comparable.c, noise is
 * in test_noise.c.
 */
#include "bench_test.h"
#include "result/verdict.h"

#define HOW ((struct compare_how){.alpha = 0.05})

/* A result with one row "a" of these samples (one call each, nothing to subtract). */
static struct result *make(const char *engine, const char *suite, const uint64_t *samples, size_t n)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct row *w = ARRAY_ADD(r->rows, r->rows_n);

    r->source = xstrdup("test");
    if (engine)
        result_set(r, "engine", engine);
    if (suite)
        result_set(r, "suite", suite);
    w->name = xstrdup("a");
    w->batch = 1;
    w->calls = 1;
    w->samples = xcalloc(n, sizeof(*samples));
    memcpy(w->samples, samples, n * sizeof(*samples));
    w->samples_n = n;
    row_finish(w);
    return r;
}

/* One side: N boots, each with some samples. */
struct side {
    struct result *boots[16];
    size_t n;
};

/* One boot with all samples, or one boot for each sample. */
static struct side side_of(const char *engine, const uint64_t *x, size_t n, bool boots)
{
    struct side s = {.n = boots ? n : 1};

    for (size_t i = 0; i < s.n; i++)
        s.boots[i] = make(engine, "s", boots ? x + i : x, boots ? 1 : n);
    return s;
}

static struct comparison judge_boots(const char *engine, const uint64_t *x, size_t nx, const uint64_t *y, size_t ny,
                                     bool boots)
{
    struct side b = side_of(engine, x, nx, boots), h = side_of(engine, y, ny, boots);
    size_t n;
    struct comparison *all = compare_all((struct rounds){b.boots, b.n}, (struct rounds){h.boots, h.n}, HOW, &n),
                      c = all[0];

    CHECK(n == 1);
    printf("  %s: %g %g %s\n", engine, c.base, c.head, c.sure);
    c.name = NULL;
    c.base_row = c.head_row = NULL;
    c.sure = NULL;
    comparisons_free(all, n);
    for (size_t i = 0; i < b.n; i++)
        result_free(b.boots[i]);
    for (size_t i = 0; i < h.n; i++)
        result_free(h.boots[i]);
    return c;
}

static struct comparison judge(const char *engine, const uint64_t *x, size_t nx, const uint64_t *y, size_t ny)
{
    return judge_boots(engine, x, nx, y, ny, false);
}

static void exact(void)
{
    const uint64_t a[] = {24, 24, 24}, b[] = {25, 25, 25}, late[] = {24, 24, 900}, busy[] = {940, 950, 960},
                   busy2[] = {945, 951, 990}, far[] = {2000, 2010, 2020};

    CHECK(judge("tcg-icount", a, 3, a, 3).verdict == V_SAME);
    CHECK(judge("tcg-icount", a, 3, b, 3).verdict == V_SLOWER);
    CHECK(judge("tcg-icount", b, 3, a, 3).verdict == V_FASTER);
    CHECK(judge("tcg-icount", a, 3, late, 3).verdict == V_SAME);
    CHECK(judge("tcg-icount", late, 3, b, 3).verdict == V_SLOWER);
    CHECK(judge("tcg-icount", busy, 3, busy2, 3).verdict == V_UNSURE);
    CHECK(judge("tcg-icount", busy, 3, far, 3).verdict == V_SLOWER);
}

static void sampled(void)
{
    const uint64_t a[] = {100, 101, 102, 103, 104, 105, 106, 107, 108},
                   b[] = {110, 111, 112, 113, 114, 115, 116, 117, 118},
                   mixed[] = {99, 102, 103, 104, 104, 105, 105, 108, 109};

    CHECK(judge_boots("kvm", a, 9, b, 9, true).verdict == V_SLOWER);
    CHECK(judge_boots("kvm", b, 9, a, 9, true).verdict == V_FASTER);
    CHECK(judge_boots("kvm", a, 9, mixed, 9, true).verdict == V_SAME);
    CHECK(judge_boots("kvm", a, 9, b, 8, true).verdict == V_SLOWER);
    CHECK(judge_boots("kvm", a, 3, b, 3, true).verdict == V_UNSURE); /* too few, although they are far apart */
    CHECK_NEAR(judge_boots("kvm", a, 9, b, 9, true).base, 104, 0);
    CHECK_NEAR(judge_boots("kvm", a, 9, b, 9, true).ratio, 114.0 / 104, 1e-12);
}

/* Nine samples of one boot are one observation, whatever they show. */
static void samples_of_one_boot(void)
{
    const uint64_t a[] = {100, 101, 102, 103, 104, 105, 106, 107, 108},
                   b[] = {110, 111, 112, 113, 114, 115, 116, 117, 118};
    struct comparison c = judge("kvm", a, 9, b, 9);

    CHECK(c.verdict == V_UNSURE && c.gate == V_UNSURE && c.base_n == 1 && c.head_n == 1);
    CHECK_NEAR(c.base, 100, 0); /* the boot's minimum */
    CHECK_NEAR(c.head, 110, 0);
}

static void rounds_of_runs(void)
{
    struct result *base[9], *head[9];
    struct comparison *all;
    size_t n;

    /* Nine boots on each side. Within a boot the samples agree, and that must not count as nine times as many. */
    for (uint64_t i = 0; i < 9; i++) {
        base[i] = make("kvm", "s", (uint64_t[]){100 + i, 100 + i}, 2);
        head[i] = make("kvm", "s", (uint64_t[]){103 + i, 103 + i}, 2);
    }
    all = compare_all((struct rounds){base, 9}, (struct rounds){head, 9}, HOW, &n);
    CHECK(n == 1 && all[0].base == 104 && all[0].head == 107);
    CHECK(strstr(all[0].sure, "n=9+9"));
    comparisons_free(all, n);
    /* Exact ticks that differ between rounds are no longer exact. */
    for (uint64_t i = 0; i < 9; i++) {
        result_set(base[i], "engine", "tcg-icount");
        result_set(head[i], "engine", "tcg-icount");
    }
    all = compare_all((struct rounds){base, 9}, (struct rounds){head, 9}, HOW, &n);
    CHECK(all[0].verdict == V_UNSURE);
    comparisons_free(all, n);
    for (int i = 0; i < 9; i++) {
        result_free(base[i]);
        result_free(head[i]);
    }
}

/* A CSV has two decimals. A difference that rounding explains is none; a larger one is a difference. */
static void figures_of_a_csv(void)
{
    const struct {
        double csv;
        enum verdict verdict;
    } cases[] = {{100.33, V_SAME}, {100.34, V_FASTER}, {100.32, V_SLOWER}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct result *b = make("tcg-icount", "s", (uint64_t[]){1}, 1),
                      *h = make("tcg-icount", "s", (uint64_t[]){301}, 1);
        struct comparison *all;
        size_t n;

        b->rows[0].samples_n = 0;
        b->rows[0].st.min = b->rows[0].st.median = b->rows[0].st.max = cases[i].csv;
        h->rows[0].calls = 3;
        row_finish(&h->rows[0]);
        all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, HOW, &n);
        CHECK(all[0].verdict == cases[i].verdict);
        comparisons_free(all, n);
        result_free(b);
        result_free(h);
    }
}

static void rows_come_and_go(void)
{
    struct result *b = make("tcg-icount", "s", (uint64_t[]){5}, 1), *h = make("tcg-icount", "s", (uint64_t[]){5}, 1);
    struct comparison *all;
    size_t n, counted;

    strcpy(h->rows[0].name, "b");
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, HOW, &n);
    CHECK(n == 2 && all[0].verdict == V_GONE && all[1].verdict == V_NEW);
    CHECK(mean_ratio(all, n, &counted) == 0 && counted == 0);
    comparisons_free(all, n);
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, (struct compare_how){.rows = "b"}, &n);
    CHECK(n == 1 && all[0].verdict == V_NEW);
    comparisons_free(all, n);
    result_free(b);
    result_free(h);
}

/* Rows of another suite are compared only if they run the same code. */
static void rows_measured_otherwise(void)
{
    struct result *b = make("tcg-icount", "s", (uint64_t[]){5}, 1), *h = make("tcg-icount", "t", (uint64_t[]){7}, 1);
    struct comparison *all;
    size_t n, counted;

    b->rows[0].code = xstrdup("1");
    h->rows[0].code = xstrdup("2");
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, HOW, &n);
    CHECK(n == 1 && all[0].verdict == V_OTHER && all[0].gate == V_OTHER && all[0].ratio == 0);
    comparisons_free(all, n);
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, (struct compare_how){.force = true}, &n);
    CHECK(n == 1 && all[0].verdict == V_SLOWER);
    comparisons_free(all, n);
    strcpy(h->rows[0].code, "1");
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, HOW, &n);
    CHECK(n == 1 && all[0].verdict == V_SLOWER);
    CHECK_NEAR(mean_ratio(all, n, &counted), 1.4, 1e-12);
    CHECK(counted == 1);
    comparisons_free(all, n);
    result_free(b);
    result_free(h);
}

static const struct unit_test tests[] = {
    {"exact", exact},
    {"sampled", sampled},
    {"samples_of_one_boot", samples_of_one_boot},
    {"rounds_of_runs", rounds_of_runs},
    {"figures_of_a_csv", figures_of_a_csv},
    {"rows_come_and_go", rows_come_and_go},
    {"rows_measured_otherwise", rows_measured_otherwise},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
