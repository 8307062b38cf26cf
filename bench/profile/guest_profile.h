/* SPDX-License-Identifier: MIT */
/* The profile of a whole run of a guest: what the plugin wrote (bench/plugin/guest.c), with names. */
#ifndef INT82_BENCH_GUEST_PROFILE_H
#define INT82_BENCH_GUEST_PROFILE_H

#include "profile/view.h"

#define SECTIONS 256 /* 0 is outside of all markers */

/* Addresses in place of a kernel function's. */
#define FUNCTION_OF_PROGRAMS 0
#define FUNCTION_UNNAMED     0x1000

enum component { BOOT, HYPERVISOR, KERNEL, USER, COMPONENTS_N };
extern const char *const component_names[COMPONENTS_N]; /* as in the files */
extern const char *const component_texts[COMPONENTS_N];

struct stats_of { /* calls or entries, and instructions of the hypervisor's in them */
    uint64_t n, sum, min, max;
};

struct guest_caller {
    uint32_t function;
    const char *name;
    uint64_t n, sum;
};

#define OUTCOME_END 3 /* the machine was switched off in it */
struct guest_reason {
    unsigned section;
    char type; /* h hypercall, t trap, i interrupt, o another INT */
    int number, event, outcome;
    uint32_t target;
    char *name;
    struct stats_of stats;
    struct guest_caller *callers; /* the dearest first */
    size_t callers_n;
};

struct guest_inner { /* a call in multicalls */
    unsigned section;
    const char *name;
    struct stats_of stats;
};

struct guest_batch {
    unsigned section;
    uint64_t size, n, sum;
};

struct guest_runs { /* N runs of CALLS calls each, on ENTRIES page-table entries: plugin/guest_entries.c */
    unsigned section;
    char kind;
    uint64_t calls, entries, n, sum;
};

struct guest_section {
    bool seen;
    uint64_t begins, ticks[COMPONENTS_N];
};

struct guest_profile {
    char *guest, *hypervisor, *revision, *options, *machine; /* what was run, the hypervisor's OPTIONS, on what */
    bool complete;                                           /* the guest came to its end */
    uint64_t unbalanced;
    unsigned open; /* the section that was open at the end, or 0 */
    unsigned only; /* the one section that the tables are of, or SECTIONS for all */
    struct guest_section sections[SECTIONS];
    struct guest_reason *reasons; /* of the sections asked for; the dearest first */
    size_t reasons_n;
    struct guest_inner *inner;
    size_t inner_n;
    struct guest_batch *batches; /* by size */
    size_t batches_n;
    struct guest_runs *runs;
    size_t runs_n;
    struct trace_run tree; /* the hypervisor by instruction, the rest by function */
    struct view *view;
    struct elf *guest_elf, *hypervisor_elf; /* NULL without symbols */
    uint32_t hypervisor_start, kernel_start;
};

/* guest_load.c: fills in what the plugin counted; NULL, or what is wrong with the file. */
char *guest_load(struct guest_profile *p, const char *path);
/* The names of functions, and the view. */
void guest_name(struct guest_profile *p);
uint64_t guest_ticks(const struct guest_profile *p, enum component c); /* of the sections asked for */
uint64_t guest_total(const struct guest_profile *p);                   /* of them, without BOOT */

/* guest_names.c: what the plugin must know of symbols, and what we call the reasons. */
struct mark {
    char letter; /* of bench/plugin/guest.h: enum mark */
    int number;
};
struct mark guest_mark(const char *symbol); /* of the hypervisor's */
char *guest_functions(const struct guest_profile *p);
char *guest_reason_name(const struct guest_reason *r, const struct elf *hypervisor);
const char *hypercall_name(int number); /* NULL if there is none of this number */

/* guest_batching.c: an estimate. COSTS may be NULL: then it says how to get one. */
struct batch_costs {
    double fixed, entry; /* of one mmu_update, and of each entry in it */
    char *source;
};
struct batch_costs *batch_costs_load(const char *result_path, char **why);
struct saving {
    const char *what;
    uint64_t runs, calls, spent; /* instructions */
    double batched;
};
#define SAVINGS_N 3
void guest_savings(const struct guest_profile *p, const struct batch_costs *costs, struct saving out[SAVINGS_N]);

/* guest_text.c, guest_files.c */
void guest_text(struct buf *b, const struct guest_profile *p, const struct batch_costs *costs);
char *guest_json(const struct guest_profile *p, const struct batch_costs *costs);
char *guest_split_csv(const struct guest_profile *p);
char *guest_reasons_csv(const struct guest_profile *p);
char *guest_callers_csv(const struct guest_profile *p);
char *guest_functions_csv(const struct guest_profile *p);

#endif
