/* SPDX-License-Identifier: MIT */
/* What `run` and `import` do with a new result. */
#ifndef INT82_BENCH_DELIVER_H
#define INT82_BENCH_DELIVER_H

#include "result/result.h"

struct delivery {
    const char *label, *out, *no_plot, *brief;
    const char **peers, **infos;
    size_t peers_n, infos_n;
};

/* Notes the infos (KEY=VALUE each) in the result; ends the program when one has no key. */
void deliver_infos(struct result *r, const struct delivery *o);
/* Prints the table, writes the files, draws the plots; the last step is the rename that makes them a result. */
void deliver(struct result *r, const struct delivery *o, const struct buf *console);

#endif
