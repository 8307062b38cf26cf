/* SPDX-License-Identifier: MIT */
/*
 * Verdicts (bench/result/verdict.c): under exact ticks one instruction is a difference and nothing else is one; a row
 * that a timer disturbs is not judged by the timer; sampled ticks need samples and a small p; and units are never
 * mixed.
 */
#include "bench_test.h"
#include "result/verdict.h"

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

static struct comparison judge(const char *engine, const uint64_t *x, size_t nx, const uint64_t *y, size_t ny)
{
    struct result *b = make(engine, "s", x, nx), *h = make(engine, "s", y, ny);
    size_t n;
    struct comparison *all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, NULL, 0.05, &n), c = all[0];

    CHECK(n == 1);
    printf("  %s: %g %g %s\n", engine, c.base, c.head, c.sure);
    c.name = NULL;
    c.head_row = NULL;
    free(c.sure);
    free(all);
    result_free(b);
    result_free(h);
    return c;
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

    CHECK(judge("kvm", a, 9, b, 9).verdict == V_SLOWER);
    CHECK(judge("kvm", b, 9, a, 9).verdict == V_FASTER);
    CHECK(judge("kvm", a, 9, mixed, 9).verdict == V_SAME);
    CHECK(judge("kvm", a, 9, b, 8).verdict == V_UNSURE); /* too few, though they are far apart */
    CHECK_NEAR(judge("kvm", a, 9, b, 9).base, 104, 0);
}

static void rounds_of_runs(void)
{
    struct result *base[9], *head[9];
    struct comparison *all;
    size_t n;

    /* Nine boots each; within a boot the samples agree, which must not pass for nine times as many. */
    for (uint64_t i = 0; i < 9; i++) {
        base[i] = make("kvm", "s", (uint64_t[]){100 + i, 100 + i}, 2);
        head[i] = make("kvm", "s", (uint64_t[]){103 + i, 103 + i}, 2);
    }
    all = compare_all((struct rounds){base, 9}, (struct rounds){head, 9}, NULL, 0.05, &n);
    CHECK(n == 1 && all[0].base == 104 && all[0].head == 107);
    CHECK(strstr(all[0].sure, "n=9+9"));
    free(all[0].sure);
    free(all);
    /* Exact ticks whose rounds disagree are no longer exact. */
    for (uint64_t i = 0; i < 9; i++) {
        result_set(base[i], "engine", "tcg-icount");
        result_set(head[i], "engine", "tcg-icount");
    }
    all = compare_all((struct rounds){base, 9}, (struct rounds){head, 9}, NULL, 0.05, &n);
    CHECK(all[0].verdict == V_UNSURE);
    free(all[0].sure);
    free(all);
    for (int i = 0; i < 9; i++) {
        result_free(base[i]);
        result_free(head[i]);
    }
}

static void rows_come_and_go(void)
{
    struct result *b = make("tcg-icount", "s", (uint64_t[]){5}, 1), *h = make("tcg-icount", "s", (uint64_t[]){5}, 1);
    struct comparison *all;
    size_t n;

    strcpy(h->rows[0].name, "b");
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, NULL, 0.05, &n);
    CHECK(n == 2 && all[0].verdict == V_GONE && all[1].verdict == V_NEW);
    free(all[0].sure);
    free(all[1].sure);
    free(all);
    all = compare_all((struct rounds){&b, 1}, (struct rounds){&h, 1}, "b", 0.05, &n);
    CHECK(n == 1 && all[0].verdict == V_NEW);
    free(all[0].sure);
    free(all);
    result_free(b);
    result_free(h);
}

static void refused_pair(const char *ea, const char *sa, const char *eb, const char *sb, bool force, bool wanted)
{
    struct result *a = make(ea, sa, (uint64_t[]){5}, 1), *b = make(eb, sb, (uint64_t[]){5}, 1);
    char *why;

    result_set(a, "guest_sha256", "1");
    result_set(b, "guest_sha256", "2");
    why = refusal(a, b, force);
    CHECK(!!why == wanted);
    free(why);
    result_free(a);
    result_free(b);
}

static void refusals(void)
{
    refused_pair("tcg-icount", "s", "tcg-icount", "s", false, false);
    refused_pair("tcg-icount", "s", "kvm", "s", false, true);
    refused_pair("tcg-icount", "s", "kvm", "s", true, true); /* no force mixes units */
    refused_pair(NULL, "s", "tcg-icount", "s", true, true);
    refused_pair("tcg-icount", "s", "tcg-icount", "t", false, true);
    refused_pair("tcg-icount", "s", "tcg-icount", "t", true, false);
    refused_pair("tcg-icount", NULL, "tcg-icount", "s", false, true);
    refused_pair("tcg-icount", "s-dirty", "tcg-icount", "s-dirty", false, true);
}

static const struct unit_test tests[] = {
    {"exact", exact},
    {"sampled", sampled},
    {"rounds_of_runs", rounds_of_runs},
    {"rows_come_and_go", rows_come_and_go},
    {"refusals", refusals},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
