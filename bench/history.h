/* SPDX-License-Identifier: MIT */
/* Rows followed over results or revisions. */
#ifndef INT82_BENCH_HISTORY_H
#define INT82_BENCH_HISTORY_H

int cmd_history(int argc, char **argv);

#endif
