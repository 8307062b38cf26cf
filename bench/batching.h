/* SPDX-License-Identifier: MIT */
/* How well a guest batches its mmu_updates. */
#ifndef INT82_BENCH_BATCHING_H
#define INT82_BENCH_BATCHING_H

#include "util.h"

int cmd_batching(int argc, char **argv);

#endif
