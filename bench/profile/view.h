/* SPDX-License-Identifier: MIT */
/* A profile with names: the functions and lines behind the addresses, and who called whom. */
#ifndef INT82_BENCH_VIEW_H
#define INT82_BENCH_VIEW_H

#include "profile/trace.h"

struct place { /* an address */
    uint32_t address;
    const char *function; /* "?" when there is no symbol */
    uint32_t start;       /* of the function */
    const char *file;     /* "?" when there is no line */
    unsigned line;
    struct metrics self; /* on all call paths */
};

struct function {
    const char *name, *file; /* file: that of its first instruction */
    uint32_t start;
    struct metrics self;
};

struct edge { /* calls from one place to one function */
    uint32_t from, target;
    uint64_t calls;
    struct metrics inclusive;
};

struct view {
    const struct trace_run *run;
    uint64_t calls; /* what one call is: totals are divided by it; 0: they are shown as they are */
    struct place *places;
    size_t places_n;
    struct function *functions; /* the heaviest first */
    size_t functions_n;
    struct edge *edges;
    size_t edges_n;
    struct metrics total, hypervisor; /* the rest is the guest's */
};

/* The ELF files tell addresses apart by where their code lies. */
struct view *view_make(const struct trace_run *run, uint64_t calls, struct elf *const *elfs, size_t elfs_n);
const struct place *view_place(const struct view *v, uint32_t address); /* never NULL */

/* In callgrind's format, for callgrind_annotate and KCachegrind. */
char *callgrind_text(const struct view *v, const char *title);
/* A number of instructions as a text, for one call or for all. The next call of this function overwrites it. */
const char *view_ticks(const struct view *v, uint64_t n);
/* What was executed, as a tree of functions; each with all that it called. */
struct frame {
    const char *name; /* NULL: the root */
    bool hypervisor;
    uint64_t ticks; /* with all above it */
    struct frame *children;
    size_t children_n;
};
struct frame *view_frames(const struct view *v); /* widest children first */
/* The same as lines `function;function;... instructions`, for flamegraph.pl, speedscope and others. */
char *folded_text(const struct frame *root);
/* Each instruction of the functions that were executed, from objdump, with how often. */
char *listing_text(const struct view *v, struct elf *const *elfs, size_t elfs_n);
/* A flame graph: what calls lies below what is called, a width is a number of instructions. */
char *flame_svg(const struct view *v, const struct frame *root, const char *title);
/* row_report.c: the profile of a row; numbers divided by its calls, but whole in CSV and JSON. */
void row_text(struct buf *b, const struct view *v);
char *row_events_csv(const struct view *v);
char *row_functions_csv(const struct view *v);
char *row_json(const struct view *v, const char *row, unsigned batch, const char *title);
/* The cycles that the events may cost, warm and cold, from costs.csv: appends a text. Always called an estimate. */
void estimate_text(struct buf *b, const struct view *v, const char *costs_path);

#endif
