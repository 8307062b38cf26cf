/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/many.h"
#include "lib/util.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDS_MAX 1000

static int by_p(const void *a, const void *b, void *p)
{
    double x = ((const double *)p)[*(const size_t *)a], y = ((const double *)p)[*(const size_t *)b];

    return (x > y) - (x < y);
}

/* The places of P in ascending order; the caller frees. */
static size_t *order_of(const double *p, size_t n)
{
    size_t *order = xcalloc(n, sizeof(*order));

    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof(*order), by_p, (void *)p);
    return order;
}

void holm(const double *p, double *corrected, size_t n)
{
    size_t *order = order_of(p, n);
    double least = 0;

    for (size_t i = 0; i < n; i++) {
        least = fmax(least, fmin(1, p[order[i]] * (n - i)));
        corrected[order[i]] = least;
    }
    free(order);
}

void benjamini_hochberg(const double *p, double *corrected, size_t n)
{
    size_t *order = order_of(p, n);
    double most = 1;

    for (size_t i = n; i-- > 0;) {
        most = fmin(most, p[order[i]] * n / (i + 1));
        corrected[order[i]] = most;
    }
    free(order);
}

double least_p(size_t nx, size_t ny)
{
    if (!nx || !ny)
        return 1;
    return fmin(1, 2 * exp(lgamma(nx + 1.0) + lgamma(ny + 1.0) - lgamma(nx + ny + 1.0)));
}

size_t rounds_needed(size_t rows, double alpha)
{
    size_t n = 1;

    while (n < ROUNDS_MAX && least_p(n, n) * rows >= alpha)
        n++;
    return n;
}
