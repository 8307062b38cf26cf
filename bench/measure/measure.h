/* SPDX-License-Identifier: MIT */
/* Measures sides one after the other, again and again: A B A B ..., so that what drifts drifts for all of them. */
#ifndef INT82_BENCH_MEASURE_H
#define INT82_BENCH_MEASURE_H

#include "measure/build.h"
#include "measure/engine.h"
#include "result/verdict.h"

struct measure_options {
    const char *engine, *qemu, *cpu, *rows, *reps, *guest, *rounds, *pin, *timeout;
};

/* Loads results, builds and runs the rest. Any failure ends the program. ROUNDS_OUT has one element a side. */
void measure_sides(struct side *sides, size_t n, const struct measure_options *o, struct rounds *rounds_out);

#endif
