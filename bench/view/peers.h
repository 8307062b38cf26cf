/* SPDX-License-Identifier: MIT */
/* What can be said of several peers at once. One direction everywhere: times = theirs / ours, more is better for us. */
#ifndef INT82_BENCH_PEERS_H
#define INT82_BENCH_PEERS_H

#include "result/result.h"

/* The least of each row among peers, as a result of its own. Its rows say by `holder` in the array whose they are. */
struct best {
    struct result *r;
    const struct result **holder; /* of r->rows[i] */
};
struct best best_of(struct result *const *peers, size_t n);

/* Times of a row; 0 if one of the two has not got it. */
double row_times(const struct row *own, const struct result *peer);

/* Geometric mean of the times over the names that both have; a name with several batches counts once, by its own mean.
 * The rows batching_* do not count: each is several calls of other rows. 0, and NAMES 0, if there is none. */
double times_mean(const struct result *own, const struct result *peer, size_t *names);

#endif
