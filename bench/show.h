/* SPDX-License-Identifier: MIT */
#ifndef INT82_BENCH_SHOW_H
#define INT82_BENCH_SHOW_H

int cmd_show(int argc, char **argv);

#endif
