/*
 * Counters of what the hypervisor does, for guests to read (dom0_op, public/int82.h). A build option: without
 * -DCOUNTERS=1 the macros vanish, and the measured build pays nothing.
 */
#ifndef XEN_COUNTERS_H
#define XEN_COUNTERS_H

#include <public/int82.h>

#if COUNTERS
extern struct int82_counters int82_counters;

#define COUNT(field)        ((void)int82_counters.field++)
#define COUNT_ADD(field, n) ((void)(int82_counters.field += (n)))
/* For guests that know nothing of counters: the ones about page tables, when domain 0 ends. bench/batching.c reads it.
 */
void print_counters(void);
/* One call of mmu_update with this many requests. */
#define COUNT_BATCH(n)                              \
    do {                                            \
        COUNT(mmu_batches);                         \
        COUNT(mmu_batch_size[int82_mmu_bucket(n)]); \
    } while (0)
#else
#define COUNT(field)        ((void)0)
#define COUNT_ADD(field, n) ((void)0)
#define COUNT_BATCH(n)      ((void)0)
#define print_counters()    ((void)0)
#endif

/* dom0_op's two commands: -ENOSYS without counters. */
long get_counters(struct int82_op_buffer *op);
long reset_counters(void);
struct xen_sysctl_perfc_op;
long perfc_control(struct xen_sysctl_perfc_op *op); /* sysctl perfc_op; likewise */

#endif
