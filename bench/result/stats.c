/* SPDX-License-Identifier: MIT */
#include "result/stats.h"
#include "lib/util.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double quantile(const double *sorted, size_t n, double p)
{
    double at = p * (n - 1);
    size_t i = (size_t)at;

    if (!n)
        return 0;
    if (i + 1 >= n)
        return sorted[n - 1];
    return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

struct stats stats_of(double *x, size_t n)
{
    struct stats s = {.n = n};
    double squares = 0;

    if (!n)
        return s;
    qsort(x, n, sizeof(*x), by_value);
    for (size_t i = 0; i < n; i++)
        s.mean += (x[i] - x[0]) / n; /* from the minimum on: tick counts are large and close together */
    s.mean += x[0];
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - s.mean) * (x[i] - s.mean);
    s.stddev = n > 1 ? sqrt(squares / (n - 1)) : 0;
    s.min = x[0];
    s.q1 = quantile(x, n, 0.25);
    s.median = quantile(x, n, 0.5);
    s.q3 = quantile(x, n, 0.75);
    s.p90 = quantile(x, n, 0.9);
    s.p99 = quantile(x, n, 0.99);
    s.p999 = quantile(x, n, 0.999);
    s.max = x[n - 1];
    return s;
}

/* P(at most K heads in N throws of a fair coin), in logarithms so that a large N does not underflow. */
static double fair_coin(size_t k, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i <= k; i++)
        sum += exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) - n * M_LN2);
    return sum;
}

double median_interval(const double *sorted, size_t n, double level, double *low, double *high)
{
    size_t k = 0;
    double coverage;

    *low = n ? sorted[0] : 0;
    *high = n ? sorted[n - 1] : 0;
    if (!n || 1 - 2 * fair_coin(0, n) < level)
        return 0;
    /* x[k] .. x[n-1-k] fails to hold the median when at most k samples fall on one of its sides. */
    while (2 * (k + 1) < n && 1 - 2 * fair_coin(k + 1, n) >= level)
        k++;
    coverage = 1 - 2 * fair_coin(k, n);
    *low = sorted[k];
    *high = sorted[n - 1 - k];
    return coverage;
}

struct ranked {
    double value;
    bool from_x;
    unsigned rank2; /* twice the mid-rank: whole even with ties */
};

static int by_ranked(const void *a, const void *b)
{
    return by_value(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* Fills in the mid-ranks; returns the sum of t^3 - t over the groups of ties. */
static double rank_all(struct ranked *r, size_t n)
{
    double ties = 0;

    qsort(r, n, sizeof(*r), by_ranked);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && r[j].value == r[i].value; j++)
            ;
        for (size_t k = i; k < j; k++)
            r[k].rank2 = i + 1 + j;
        ties += pow(j - i, 3) - (j - i);
    }
    return ties;
}

/*
 * The exact distribution: ways[k][s] counts the choices of k among the samples whose doubled ranks sum to s. Every
 * choice of nx of the nx + ny is equally likely, so the share of those at least as far from the centre is p.
 */
static double exact_p(const struct ranked *r, size_t nx, size_t n, unsigned sum2)
{
    unsigned top = n * (n + 1), centre = nx * (n + 1);
    unsigned off = sum2 > centre ? sum2 - centre : centre - sum2;
    double *ways = xcalloc((nx + 1) * (top + 1), sizeof(*ways)), all = 0, far = 0;

    ways[0] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = nx; k-- > 0;)
            for (unsigned s = 0; s + r[i].rank2 <= top; s++)
                ways[(k + 1) * (top + 1) + s + r[i].rank2] += ways[k * (top + 1) + s];
    for (unsigned s = 0; s <= top; s++) {
        double w = ways[nx * (top + 1) + s];

        all += w;
        if ((s > centre ? s - centre : centre - s) >= off)
            far += w;
    }
    free(ways);
    return far / all;
}

static double normal_p(double u, size_t nx, size_t ny, double ties)
{
    double n = nx + ny, centre = nx * (double)ny / 2;
    double variance = nx * (double)ny / 12 * (n + 1 - ties / (n * (n - 1)));
    double off = fabs(u - centre) - 0.5;

    if (variance <= 0 || off <= 0)
        return 1;
    return erfc(off / sqrt(variance) / M_SQRT2);
}

double mann_whitney(const double *x, size_t nx, const double *y, size_t ny, double *p)
{
    size_t n = nx + ny;
    struct ranked *r = xcalloc(n, sizeof(*r));
    unsigned long sum2 = 0;
    double ties, u;

    *p = 1;
    if (!nx || !ny) {
        free(r);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){i < nx ? x[i] : y[i - nx], i < nx, 0};
    ties = rank_all(r, n);
    for (size_t i = 0; i < n; i++)
        sum2 += r[i].from_x ? r[i].rank2 : 0;
    u = sum2 / 2.0 - nx * (nx + 1.0) / 2;
    *p = n <= MANN_WHITNEY_EXACT ? exact_p(r, nx, n, sum2) : normal_p(u, nx, ny, ties);
    free(r);
    return u;
}
