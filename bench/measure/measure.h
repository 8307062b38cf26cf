/* SPDX-License-Identifier: MIT */
/* Measures sides one after the other, again and again: A B B A A B ..., so that what drifts drifts for all of them. */
#ifndef INT82_BENCH_MEASURE_H
#define INT82_BENCH_MEASURE_H

#include "measure/build.h"
#include "measure/engine.h"
#include "result/verdict.h"

struct measure_options {
    const char *engine, *qemu, *cpu, *rows, *reps, *guest, *rounds, *pin, *timeout;
    double alpha; /* decides how many rounds are enough where ticks vary */
    bool force;   /* as for refusal(), by which the rounds will be compared */
    bool silent;  /* nothing on standard output */
};

/* As side_of(), but NAME may also be RESULT,RESULT,...: boots of one build. */
struct side side_or_boots(const char *name, const char *make);

/*
 * Loads results, builds and runs the rest. Any failure ends the program, and so does, before anything is measured, a
 * result with which the rest could not be compared. ROUNDS_OUT has one element a side.
 */
void measure_sides(struct side *sides, size_t n, const struct measure_options *o, struct rounds *rounds_out);

#endif
