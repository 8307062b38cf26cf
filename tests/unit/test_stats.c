/* SPDX-License-Identifier: MIT */
/*
 * The statistics (bench/result/stats.c) against values that others have published or that follow from counting: NIST's
 * StRD sets NumAcc1 to NumAcc4 (certified mean and deviation), R's quantiles of type 7, binomial coverages of the
 * median's interval, and U tests from the manuals of R and SciPy. Ties are checked against a full enumeration.
 */
#include "bench_test.h"
#include "result/many.h"
#include "result/distribution.h"
#include "result/stats.h"
#include "result/steadiness.h"

static void quantiles(void)
{
    double x[10] = {10, 1, 9, 2, 8, 3, 7, 4, 6, 5}, one[] = {42}, two[] = {3, 1};
    struct stats s = stats_of(x, 10);

    CHECK(s.n == 10);
    CHECK_NEAR(s.min, 1, 0);
    CHECK_NEAR(s.q1, 3.25, 1e-12);
    CHECK_NEAR(s.median, 5.5, 1e-12);
    CHECK_NEAR(s.q3, 7.75, 1e-12);
    CHECK_NEAR(s.p90, 9.1, 1e-12);
    CHECK_NEAR(s.p99, 9.91, 1e-12);
    CHECK_NEAR(s.p999, 9.991, 1e-12);
    CHECK_NEAR(s.max, 10, 0);
    CHECK_NEAR(s.mean, 5.5, 1e-12);
    CHECK_NEAR(s.stddev, 3.0276503540974917, 1e-12);
    s = stats_of(one, 1);
    CHECK(s.min == 42 && s.q1 == 42 && s.median == 42 && s.p999 == 42 && s.max == 42 && s.mean == 42 && s.stddev == 0);
    s = stats_of(two, 2);
    CHECK_NEAR(s.median, 2, 0);
    CHECK_NEAR(s.stddev, M_SQRT2, 1e-12);
    s = stats_of(NULL, 0);
    CHECK(s.n == 0 && s.max == 0);
}

static void nist(double first, double step, double mean, double deviation, double eps)
{
    static double x[1001];
    struct stats s;

    x[0] = first;
    for (int i = 1; i < 1001; i++)
        x[i] = i % 2 ? first - step : first + step;
    s = stats_of(x, 1001);
    CHECK_NEAR(s.mean, mean, eps);
    CHECK_NEAR(s.stddev, deviation, eps);
}

static void nist_accuracy(void)
{
    double x[] = {10000001, 10000003, 10000002};
    struct stats s = stats_of(x, 3);

    CHECK_NEAR(s.mean, 10000002, 0);
    CHECK_NEAR(s.stddev, 1, 1e-12);
    nist(1.2, 0.1, 1.2, 0.1, 1e-12);
    nist(1000000.2, 0.1, 1000000.2, 0.1, 1e-8);
    nist(10000000.2, 0.1, 10000000.2, 0.1, 1e-7);
}

static void median_intervals(void)
{
    double x[25], low, high;

    for (int i = 0; i < 25; i++)
        x[i] = i + 1;
    CHECK_NEAR(median_interval(x, 5, 0.95, &low, &high), 0, 0); /* 1 - 2/32 is below 95 % */
    CHECK(low == 1 && high == 5);
    CHECK_NEAR(median_interval(x, 6, 0.95, &low, &high), 0.96875, 1e-12);
    CHECK(low == 1 && high == 6);
    CHECK_NEAR(median_interval(x, 9, 0.95, &low, &high), 0.9609375, 1e-12);
    CHECK(low == 2 && high == 8);
    CHECK_NEAR(median_interval(x, 10, 0.95, &low, &high), 0.978515625, 1e-12);
    CHECK(low == 2 && high == 9);
    CHECK_NEAR(median_interval(x, 25, 0.95, &low, &high), 0.9567147, 1e-7);
    CHECK(low == 8 && high == 18);
    CHECK_NEAR(median_interval(x, 0, 0.95, &low, &high), 0, 0);
}

static void u_published(void)
{
    /* R, ?wilcox.test: permeability of the chorioamnion; W = 35, one-sided p = 0.1272. */
    double x[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, y[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    /* SciPy, mannwhitneyu: ages at diagnosis; U = 17, exact p = 0.1111. */
    double males[] = {19, 22, 16, 29, 24}, females[] = {20, 11, 17, 12};
    double p;

    CHECK_NEAR(mann_whitney(x, 10, y, 5, &p), 35, 0);
    CHECK_NEAR(p, 2 * 0.1272, 1e-4);
    CHECK_NEAR(mann_whitney(males, 5, females, 4, &p), 17, 0);
    CHECK_NEAR(p, 0.1111111111111111, 1e-12);
    CHECK_NEAR(mann_whitney(females, 4, males, 5, &p), 3, 0);
    CHECK_NEAR(p, 0.1111111111111111, 1e-12);
}

static void u_by_counting(void)
{
    double low[9], high[9], p;

    for (int i = 0; i < 9; i++)
        low[i] = i, high[i] = 100 + i;
    CHECK_NEAR(mann_whitney(low, 3, high, 3, &p), 0, 0);
    CHECK_NEAR(p, 2.0 / 20, 1e-12);
    CHECK_NEAR(mann_whitney(low, 9, high, 9, &p), 0, 0);
    CHECK_NEAR(p, 2.0 / 48620, 1e-12);
    CHECK_NEAR(mann_whitney(high, 9, low, 9, &p), 81, 0);
    CHECK_NEAR(p, 2.0 / 48620, 1e-12);
    CHECK_NEAR(mann_whitney(low, 9, low, 9, &p), 40.5, 0);
    CHECK_NEAR(p, 1, 1e-12);
    mann_whitney(low, 0, low, 9, &p);
    CHECK_NEAR(p, 1, 0);
}

/* U of the choice MASK of 8 values against the other values, by definition. */
static double u_of(const double *v, unsigned mask)
{
    double u = 0;

    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++)
            if ((mask >> i & 1) && !(mask >> j & 1))
                u += v[i] > v[j] ? 1 : v[i] == v[j] ? 0.5 : 0;
    return u;
}

static void u_ties_enumerated(void)
{
    const double sets[][8] = {{1, 1, 2, 2, 2, 3, 3, 4}, {5, 5, 5, 5, 5, 5, 5, 6}, {1, 2, 3, 4, 5, 6, 7, 7}};

    for (int s = 0; s < 3; s++) {
        for (unsigned choice = 0; choice < 256; choice++) {
            double x[8], y[8], p, u, far = 0, all = 0;
            int nx = 0, ny = 0;

            for (int i = 0; i < 8; i++)
                *(choice >> i & 1 ? &x[nx++] : &y[ny++]) = sets[s][i];
            if (nx != 3)
                continue;
            u = u_of(sets[s], choice);
            for (unsigned other = 0; other < 256; other++) {
                if (__builtin_popcount(other) != 3)
                    continue;
                all++;
                far += fabs(u_of(sets[s], other) - 7.5) >= fabs(u - 7.5) - 1e-9;
            }
            CHECK_NEAR(mann_whitney(x, nx, y, ny, &p), u, 1e-12);
            CHECK_NEAR(p, far / all, 1e-12);
        }
    }
}

static void u_large(void)
{
    static double x[200], y[200];
    double p;

    /* Interleaved: U = 1225 of 2500, z = 24.5 / sqrt(50 * 50 * 101 / 12). */
    for (int i = 0; i < 50; i++)
        x[i] = 2 * i + 1, y[i] = 2 * i + 2;
    CHECK_NEAR(mann_whitney(x, 50, y, 50, &p), 1225, 0);
    CHECK_NEAR(p, 0.8658764106823897, 1e-9);
    for (int i = 0; i < 200; i++)
        x[i] = y[i] = 7;
    CHECK_NEAR(mann_whitney(x, 200, y, 200, &p), 20000, 0);
    CHECK_NEAR(p, 1, 0);
    /* The exact and the normal method agree where both apply. */
    for (int i = 0; i < 41; i++)
        x[i] = i, y[i] = i + 5.5;
    double exact, normal;
    mann_whitney(x, 40, y, 40, &exact);
    mann_whitney(x, 41, y, 41, &normal);
    CHECK_NEAR(exact, normal, 0.01);
}

/* R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm"), "BH"; and an unsorted set with ties and a value above 1/n. */
static void corrections(void)
{
    const double p[] = {0.01, 0.02, 0.03, 0.04, 0.05}, q[] = {0.5, 0.001, 0.04, 0.001, 0.9};
    const double holm_p[] = {0.05, 0.08, 0.09, 0.09, 0.09}, holm_q[] = {1, 0.005, 0.12, 0.005, 1};
    const double bh_p[] = {0.05, 0.05, 0.05, 0.05, 0.05}, bh_q[] = {0.625, 0.0025, 0.2 / 3, 0.0025, 0.9};
    double out[5], one = 0.3;

    holm(p, out, 5);
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(out[i], holm_p[i], 1e-12);
    holm(q, out, 5);
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(out[i], holm_q[i], 1e-12);
    benjamini_hochberg(p, out, 5);
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(out[i], bh_p[i], 1e-12);
    benjamini_hochberg(q, out, 5);
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(out[i], bh_q[i], 1e-12);
    holm(&one, out, 1);
    CHECK_NEAR(out[0], 0.3, 0);
    benjamini_hochberg(&one, out, 1);
    CHECK_NEAR(out[0], 0.3, 0);
    holm(NULL, NULL, 0);
}

static void rounds_that_can_show(void)
{
    double x[9], y[9], p;

    for (int i = 0; i < 9; i++)
        x[i] = i, y[i] = 100 + i;
    for (size_t n = 1; n <= 9; n++) {
        mann_whitney(x, n, y, n, &p);
        CHECK_NEAR(least_p(n, n), p, 1e-12);
    }
    mann_whitney(x, 3, y, 7, &p);
    CHECK_NEAR(least_p(3, 7), p, 1e-12);
    CHECK_NEAR(least_p(0, 9), 1, 0);
    CHECK(rounds_needed(1, 0.05) == 4);   /* 2/70 */
    CHECK(rounds_needed(1, 0.01) == 5);   /* 2/252 */
    CHECK(rounds_needed(150, 0.01) == 9); /* 300/48620, and 300/12870 is too much */
    CHECK(rounds_needed(213, 0.01) == 9);
    CHECK(rounds_needed(244, 0.01) == 10);
}

/* Whether a row is steady: its halves, its interval, and its single calls. Each sample is one call, behind an empty
 * loop of 100 ticks. */
static struct steadiness steadiness(uint64_t *samples, size_t n, const char *singles)
{
    struct row row = {.calls = 1, .empty = 100, .samples = samples, .samples_n = n};
    struct steadiness s;

    row.single = distribution_parse(singles);
    CHECK(row.single != NULL);
    row_finish(&row);
    s = steadiness_of(&row);
    distribution_free(row.single);
    return s;
}

static void steady_rows(void)
{
    static const char quiet[] = "n=100 overhead=100 min=10 max=10 hist=10:100";
    uint64_t same[10] = {110, 111, 110, 111, 110, 111, 110, 111, 110, 111};
    uint64_t later[10] = {110, 110, 110, 110, 110, 130, 130, 130, 130, 130};
    uint64_t wide[10] = {110, 150, 110, 150, 110, 150, 110, 150, 110, 150};
    uint64_t one[1] = {110};
    struct steadiness s = steadiness(same, 10, quiet);

    CHECK(s.steady && s.beyond == 0);
    CHECK_NEAR(s.low, 10, 0);
    CHECK_NEAR(s.high, 11, 0);
    CHECK_NEAR(s.drift, 1, 0);
    s = steadiness(later, 10, quiet);
    CHECK(!s.steady);
    CHECK_NEAR(s.drift, 20, 0);
    s = steadiness(wide, 10, quiet);
    CHECK(!s.steady);
    CHECK_NEAR(s.high - s.low, 40, 0);
    /* Three calls of a hundred took more than twice as long as the others, with their 100 ticks of timing; then one. */
    s = steadiness(same, 10, "n=100 overhead=100 min=10 max=400 hist=10:97,400:3");
    CHECK(!s.steady);
    CHECK_NEAR(s.beyond, 0.03, 1e-12);
    s = steadiness(same, 10, "n=100 overhead=100 min=10 max=400 hist=10:99,400:1");
    CHECK(s.steady);
    s = steadiness(same, 10, "n=100 overhead=100 min=10 max=100 hist=10:50,100:50"); /* 200 is not twice 110 */
    CHECK_NEAR(s.beyond, 0, 0);
    CHECK_NEAR(steadiness(one, 1, quiet).drift, 0, 0);
}

static const struct unit_test tests[] = {
    {"quantiles", quantiles},     {"nist_accuracy", nist_accuracy}, {"median_intervals", median_intervals},
    {"u_published", u_published}, {"u_by_counting", u_by_counting}, {"u_ties_enumerated", u_ties_enumerated},
    {"u_large", u_large},         {"corrections", corrections},     {"rounds_that_can_show", rounds_that_can_show},
    {"steady_rows", steady_rows},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
