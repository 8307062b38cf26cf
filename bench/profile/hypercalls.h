/* SPDX-License-Identifier: MIT */
/* The trace of a guest's hypercalls, as the hypervisor with counters writes it (xen/include/xen/trace_format.h). */
#ifndef INT82_BENCH_HYPERCALLS_H
#define INT82_BENCH_HYPERCALLS_H

#include "lib/util.h"

#include <jansson.h>

#define NO_ENTRY UINT32_MAX

struct hypercall {
    uint32_t who;   /* domain << 16 | vCPU */
    uint32_t call;  /* the how-manieth of the machine's, from 1 */
    uint32_t entry; /* of a multicall, or NO_ENTRY */
    uint32_t number, args[6], eip, esp;
    bool returned, has_result, others_ran;
    uint32_t result;
    uint64_t instructions;
    uint32_t rest_of, goes_on_in; /* calls of which this one is a part; 0: none */
};

struct hypercalls {
    struct hypercall *v; /* in the order in which they began */
    size_t n;
};

/* NULL if DATA is a whole trace or, as a machine can be ended in the middle of a record, the beginning of one;
 * otherwise what is wrong with it. */
char *hypercalls_load(struct hypercalls *h, const struct buf *data);
/* Bits by number of the calls that `GLOB[,GLOB...]` names; `unknown` are all numbers that have no name. When a GLOB
 * fits nothing, it is returned. */
char *hypercalls_mask(const char *globs, uint64_t *mask);

/* A line for each, under a heading. */
void hypercalls_text(struct buf *b, const struct hypercalls *h);
json_t *hypercalls_json(const struct hypercalls *h);

#endif
