/* SPDX-License-Identifier: MIT */
/*
 * Counters of what the hypervisor does, for guests to read (dom0_op, public/int82.h). A build option: without
 * -DCOUNTERS=1 the macros are empty, so they cost nothing in the measured build.
 */
#ifndef XEN_COUNTERS_H
#define XEN_COUNTERS_H

#include <public/int82.h>

#if COUNTERS
extern struct int82_counters int82_counters;

/* Count one, or n, in a counter of public/int82_counters.def or in one of an array of them. asm/asm.h has the same for
 * assembly. */
#define COUNT(name) COUNT_ADD(name, 1)
#define COUNT_ADD(name, n)          \
    do {                            \
        COUNTED(name);              \
        int82_counters.name += (n); \
    } while (0)
#define COUNT_AT(name, index)         \
    do {                              \
        COUNTED(name);                \
        int82_counters.name[index]++; \
    } while (0)
/* A symbol for xen.lds.S, which refuses a counter that nobody counts. */
#define COUNTED(name) __asm__ inline volatile(".weak counted_" #name "\n\t.set counted_" #name ", 1")

/* Prints all counters but those by hypercall when domain 0 ends, for guests that cannot read them. bench/cmd/batching.c
 * reads it. */
void print_counters(void);
/* One call of mmu_update with this many requests. */
#define COUNT_BATCH(n)                                 \
    do {                                               \
        COUNT(mmu_batches);                            \
        COUNT_AT(mmu_batch_size, int82_mmu_bucket(n)); \
    } while (0)
#else
/* The name must exist in this build, too. */
#define COUNT(name)           ((void)sizeof(((struct int82_counters *)0)->name))
#define COUNT_ADD(name, n)    COUNT(name)
#define COUNT_AT(name, index) COUNT(name[0])
#define COUNT_BATCH(n)        ((void)0)
#define print_counters()      ((void)0)
#endif

/* dom0_op's two commands: -ENOSYS without counters. */
long get_counters(struct int82_op_buffer *op);
long reset_counters(void);
struct xen_sysctl_perfc_op;
long perfc_control(struct xen_sysctl_perfc_op *op); /* sysctl perfc_op; likewise */

#endif
