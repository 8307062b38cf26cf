/* SPDX-License-Identifier: MIT */
#include "result/steadiness.h"
#include "result/distribution.h"

#include <math.h>
#include <stdlib.h>

#define BEYOND_MAX 0.02 /* interrupts alone stay far below it */
#define APART_MAX  0.05 /* of what is timed, empty loop included: halves, and the ends of the interval */
#define APART_MIN  5    /* ticks that nobody should believe in */

static double median_of(const struct row *row, size_t first, size_t n)
{
    double *x = row_ticks(row), m;

    m = stats_of(x + first, n).median;
    free(x);
    return m;
}

/* Calls in a bucket count as its lower end, so none counts that did not take so long. */
static double share_beyond(const struct distribution *d)
{
    double bound = 2 * (distribution_quantile(d, 0.5) + d->overhead);
    uint64_t n = 0;

    for (size_t i = 0; i < d->v_n; i++)
        if (d->v[i].low + d->overhead > bound)
            n += d->v[i].n;
    return (double)n / d->n;
}

struct steadiness steadiness_of(const struct row *row)
{
    size_t half = row->samples_n / 2;
    double *x = row_ticks(row),
           allowed = fmax(APART_MIN, APART_MAX * (row->st.median + (double)row->empty / row->calls));
    struct steadiness s = {0};

    (void)stats_of(x, row->samples_n); /* sorts */
    (void)median_interval(x, row->samples_n, 0.95, &s.low, &s.high);
    free(x);
    if (half)
        s.drift = median_of(row, row->samples_n - half, half) - median_of(row, 0, half);
    s.beyond = row->single ? share_beyond(row->single) : 0;
    s.steady = s.beyond <= BEYOND_MAX && fabs(s.drift) <= allowed && s.high - s.low <= 2 * allowed;
    return s;
}
