/* SPDX-License-Identifier: MIT */
/* Calls that are timed one by one: `distribution=N` on the command line, and rows of cold caches. */
#ifndef BENCH_SINGLE_H
#define BENCH_SINGLE_H

#include "bench.h"

/* How many single calls of a row of batch 1 are to be timed; 0: none. Rows of larger batches get fewer. */
extern uint32_t single_calls;

/* Is there something left to time? */
bool single_more(const struct bench *b);
/* Times each of the row's calls alone, and subtracts what the empty loop of one call takes. */
void single_run(struct bench *b);
/* Prints the @int82 single line, if there is one, and forgets everything. */
void single_print(const struct bench *b);

/* Returns the ticks of the row's cold calls. Caches and TLB are evicted before each, and only these calls are timed. */
uint64_t single_cold(struct bench *b, bench_loop_fn *loop);

#endif
