/* SPDX-License-Identifier: MIT */
/* What `run` and `import` do with a new result. */
#ifndef INT82_BENCH_DELIVER_H
#define INT82_BENCH_DELIVER_H

#include "result/result.h"

struct delivery {
    const char *label, *out, *no_plot, *brief;
    const char **peers, **infos;
    size_t peers_n, infos_n;
    char *temp; /* where the files go until they are a result */
};

/* To be called before measuring, so that nothing measured gets lost: ends the program if the label, an info or a peer
 * is wrong, the place cannot be written, the disk is full, or gnuplot is missing. */
void deliver_check(struct delivery *o);
/* The same if a peer's ticks are another unit than those of ENGINE. */
void deliver_check_peers(const struct delivery *o, const char *engine);
/* Notes the infos (KEY=VALUE each) in the result; none replaces what was measured. */
void deliver_infos(struct result *r, const struct delivery *o);
/* Prints the table, writes the files, draws the plots; the last step is the rename that makes them a result. */
void deliver(struct result *r, struct delivery *o, const struct buf *console);

#endif
