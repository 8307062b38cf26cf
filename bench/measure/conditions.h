/* SPDX-License-Identifier: MIT */
/* What, besides the code that is measured, decides how long something takes under KVM. */
#ifndef INT82_BENCH_CONDITIONS_H
#define INT82_BENCH_CONDITIONS_H

#include "result/result.h"

/* The processor of --pin=TEXT, or -1 for none. Ends the program when this program may not run there. */
int conditions_pin(const char *text);
/* Sets the keys of docs/results-format.md. CPU: where the vCPU is pinned to, or -1. */
void conditions_describe(struct result *r, int cpu);
/* Those of them that have nothing to do with KVM. */
void conditions_describe_host(struct result *r, int cpu);
/* Warns of what makes figures unsteady. */
void conditions_warn(int cpu);
/* Which of them are not the same in two results, or NULL. */
char *conditions_differ(const struct result *a, const struct result *b);

#endif
