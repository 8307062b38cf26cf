/* SPDX-License-Identifier: MIT */
/* Operations that are suspended at each of their points while vCPU 1 does something: see suspended_ops.c. */
#ifndef TESTS_SUSPENDED_OPS_H
#define TESTS_SUSPENDED_OPS_H

#include "injected_faults.h"

enum points { AMID, STEPS, BOTH };

struct operation {
    const char *name;
    enum points points; /* where it can be suspended: in the middle of its work on memory, or between two steps */
    void (*prepare)(void);
    int (*run)(void);
    void (*finish)(void); /* afterwards everything must be as it was */
};

extern int result; /* run()'s, for finish() to judge */

extern struct vcpu_guest_context context_of_1; /* the context that vCPU 1 was started with */
void try_all(const struct operation *o, void (*const *intruders)(void), unsigned int count);
#define TRY(operation, intruders) try_all(&(operation), intruders, ARRAY_SIZE(intruders))

#endif
