/* SPDX-License-Identifier: MIT */
/* What the plugin wrote (bench/plugin/profile.c), and the profile of one sample made of it. */
#ifndef INT82_BENCH_TRACE_H
#define INT82_BENCH_TRACE_H

#include "lib/elf_file.h"
#include "profile/insn.h"
#include "result/result.h"

#define HYPERVISOR_START 0xf5800000u /* of 32-bit PAE Xens, and ours */

/* A figure that the profile has for each instruction, function and call path. */
enum metric {
    METRIC_TICKS, /* instructions executed: these sum to the row's ticks */
    METRIC_READS,
    METRIC_WRITES,
    METRIC_EXCEPTIONS, /* instructions that ended in one */
    METRIC_EVENTS,     /* EVENTS_N of them: enum event */
    METRICS_N = METRIC_EVENTS + EVENTS_N
};
struct metrics {
    uint64_t v[METRICS_N];
};
void metrics_add(struct metrics *to, const struct metrics *from);
const char *metric_name(enum metric m); /* as in costs.csv and events.csv */
const char *metric_what(enum metric m);

struct node { /* a call path; node 0 is the measured loop */
    uint32_t parent;
    char kind; /* r root, c call, j jump, g gate, f exception, i interrupt */
    uint32_t from, target;
    uint64_t entries;
};

struct cell { /* an instruction on a call path */
    uint32_t node, address;
    uint8_t size, bytes[15];
    bool inside; /* the loop */
    uint64_t count, reads, writes, undone, traps;
};

struct touched {
    uint64_t interrupts, data_lines, data_pages, code_lines, code_pages;
};

struct trace_run {
    bool measured, overflow;
    uint32_t loop;             /* 0: the paths begin anywhere */
    uint32_t hypervisor_start; /* its addresses are from here up */
    uint64_t ticks, turns;
    struct touched touched;
    struct node *nodes;
    size_t nodes_n;
    struct cell *cells;
    size_t cells_n;
};

struct trace {
    struct trace_run *runs;
    size_t runs_n;
};

/* NULL and a text in *WHY when the file is not whole. */
struct trace *trace_load(const char *path, char **why);

/*
 * Checks every sample of ROW against the plugin's count of it. Returns the fastest one, minus what the empty loop
 * executes too: its ticks are sample - empty, exactly. NULL and a text in *WHY when that is not so.
 */
const struct trace_run *trace_profile(const struct trace *t, const struct row *row, char **why);
struct metrics cell_metrics(const struct cell *c);

#endif
