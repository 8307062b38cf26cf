/* SPDX-License-Identifier: MIT */
/* The commands of int82-bench. Each takes the arguments after its name and returns an exit code of lib/util.h. */
#ifndef INT82_BENCH_COMMANDS_H
#define INT82_BENCH_COMMANDS_H

int cmd_probe(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_batching(int argc, char **argv);
int cmd_growth(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_native(int argc, char **argv);
int cmd_list(int argc, char **argv);

#endif
