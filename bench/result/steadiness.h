/* SPDX-License-Identifier: MIT */
/* How far a row may be believed where other programs share the processor. */
#ifndef INT82_BENCH_STEADINESS_H
#define INT82_BENCH_STEADINESS_H

#include "result/result.h"

struct steadiness {
    double low, high; /* 95 % interval of the samples' median, in ticks of a call */
    double beyond;    /* the share of single calls that took more than twice as long as half of them, timing included */
    double drift;     /* the second half's median less the first one's, ticks of a call */
    bool steady;
};

/* The row has samples, and single calls. */
struct steadiness steadiness_of(const struct row *row);

#endif
