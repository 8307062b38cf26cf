/*
 * Int82's own commands of dom0_op, which no Xen has: a guest that wants them finds -ENOSYS elsewhere and goes without.
 * They answer -ENOSYS too where the hypervisor was built without counters.
 */
#ifndef XEN_PUBLIC_INT82_H
#define XEN_PUBLIC_INT82_H

#include "platform.h"

#define INT82_OP_get_counters   0x82000001 /* u.int82: copies struct int82_counters out, as much as there is room for */
#define INT82_OP_reset_counters 0x82000002 /* no argument: all to 0 */

#define INT82_MMU_BUCKETS 16

#ifndef __ASSEMBLY__
/* Events since boot or the last reset, of all domains. The reading call itself is counted before it is answered. */
struct int82_counters {
    uint64_t hypercalls[NR_hypercalls];         /* by number; numbers that do not exist are not counted */
    uint64_t hypercalls_bad;                    /* numbers that answer -ENOSYS */
    uint64_t mmu_batches;                       /* calls of mmu_update, continuations apart */
    uint64_t mmu_entries;                       /* requests carried out */
    uint64_t mmu_batch_size[INT82_MMU_BUCKETS]; /* histogram of the calls by entries: int82_mmu_bucket() below */
    uint64_t mmu_preemptions;                   /* times a batch was interrupted and continued */
    uint64_t tlb_flush_full;                    /* CR3 loads that flush, for whatever reason */
    uint64_t tlb_flush_page;                    /* INVLPGs on a guest's address */
    uint64_t page_faults;                       /* from guests, total */
    uint64_t page_faults_bounced;               /* given to the guest's handler */
    uint64_t page_faults_ptwr;                  /* stores to page tables, emulated */
};

/* Bucket 0: empty batches; n: 2^(n-2) < size <= 2^(n-1), so 1, 2, 3-4, 5-8, ... ; the last takes all above. */
static inline unsigned int int82_mmu_bucket(uint32_t entries)
{
    unsigned int bucket;

    if (entries <= 1)
        return entries;
    bucket = 33 - __builtin_clz(entries - 1);
    return bucket < INT82_MMU_BUCKETS ? bucket : INT82_MMU_BUCKETS - 1;
}
#endif

#endif
