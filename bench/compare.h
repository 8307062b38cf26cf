/* SPDX-License-Identifier: MIT */
/* Comparing results, and gates on the comparison. */
#ifndef INT82_BENCH_COMPARE_H
#define INT82_BENCH_COMPARE_H

int cmd_compare(int argc, char **argv);
int cmd_gate(int argc, char **argv);

#endif
