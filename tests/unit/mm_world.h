/* SPDX-License-Identifier: MIT */
/*
 * A small machine for the hypervisor's own memory files to work in, on the host: frames, two domains, three vCPUs. Used
 * by the unit test (test_mm.c) and by the fuzzer (../fuzz/fuzz_mm.c).
 *
 * mm_world.c: what those files call, privileged instructions, and the auditor. mm_calls.c: the guests' start, calls and
 * end. mm_ops.c: what guests do, as choices.
 */
#ifndef MM_WORLD_H
#define MM_WORLD_H

#include <asm/descriptors.h>
#include <asm/frames.h>
#include <asm/guest_access.h>
#include <asm/l1tf.h>
#include <asm/page_tables.h>
#include <asm/processor.h>
#include <asm/traps.h>
#include <xen/domain.h>
#include <xen/hypercall.h>
#include <xen/operation.h>

#define MMIO    1  /* dom_io's */
#define HYPER   4  /* nobody's: the hypervisor's */
#define SHARED  6  /* dom_xen's, shown read-only */
#define FOREIGN 8  /* of another domain: its L3, its L2 for slot 3, an L1, and free ones */
#define OURS    20 /* and all above */
#define L3      OURS
#define L2      (OURS + 1) /* four */
#define L1      (OURS + 5)
#define FREE    (OURS + 7)  /* from here up nothing is used at the start */
#define FRAMES  (OURS + 60) /* in the frame table */

/* vCPUs: two of our domain, one of the other */
#define OUR_VCPUS      2
#define VCPUS          3
#define VCPU_AREA_PTES (VCPUS * VCPU_AREA_SIZE / PAGE_SIZE)

/* Free ones, for what a test makes of them. */
#define FREE_A (FREE + 0)
#define FREE_B (FREE + 1)
#define FREE_C (FREE + 2)
#define FREE_D (FREE + 3)

/* --- From whoever uses this */

extern unsigned int failures;
void fail(const char *f, ...) __printf(1, 2); /* only %s %d %u %x */
void exit_with(int status) __attribute__((noreturn));
uint32_t below(uint32_t n); /* a choice: 0 to n - 1 */
uint32_t random32(void);
void zero_frame(mfn_t mfn); /* before anything happens */

#define FAIL(...) fail(__VA_ARGS__)
#define CHECK(c)            \
    do {                    \
        if (!(c))           \
            FAIL("%s", #c); \
    } while (0)
#define CHECK_RC(call, want)                                   \
    do {                                                       \
        int rc_ = (call);                                      \
        if (rc_ != (want))                                     \
            FAIL("%s: expected %d, saw %d", #call, want, rc_); \
    } while (0)

/* Memory of the guests, for arguments: two pages, and nothing behind them. */
extern uint8_t *guest_memory;
#define GUEST_MEMORY (2 * PAGE_SIZE)

/* --- mm_world.c */

extern struct domain ours, foreign;
extern struct vcpu vcpus[VCPUS];
extern bool freed[FRAMES];
extern unsigned int flushes;
extern uint32_t gate_clobbered;

/* A fault at *eip. True: it was meant to be, or a privileged instruction, and *eip is where to go on. */
bool world_fault(int signal, uint32_t *eip);

bool is_table(const struct page_info *page, uint32_t type);
void flushed(void); /* the TLB has forgotten all */
void check_nothing_stale(void);
void guest_runs(void); /* and may put into the TLB what is mapped writable */

/* Compares counts and types with what there is. all: every entry of every table. */
void audit(bool all);

/* --- mm_calls.c */

#define TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RW    (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RO    (_PAGE_PRESENT | _PAGE_ACCESSED)

extern bool fast;       /* hypercalls by the entry stubs, where there are any */
extern bool preempting; /* another vCPU may run in the midst of an operation */
extern bool make_way;   /* and calls may be told to */
extern bool nested;     /* that one runs now */

void start(bool privileged);
/* Everything that is left of a run goes away in the end: then nothing but the start may remain. Audits. */
void tear_down(void);
void switch_vcpu(unsigned int i);

/* Where a call's arguments stand: each vCPU of those that may be in the midst of one has a page. They end with it. */
void *guest_room(uint32_t size);
/* Where it is told how many were done: the page's first word. */
uint32_t *guest_done(void);
#define NOT_TOLD 99

pte_t entry(mfn_t mfn, uint32_t flags);
long mmu_update(mmu_update_t *req, uint32_t n, uint32_t *done, uint32_t domid);
long update_va(uint32_t va, pte_t e, uint32_t flags);
long mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2);
long set_entry(mfn_t table, unsigned int index, pte_t e);

/* --- mm_ops.c */

/* Only these entries of tables are ever used (all others are looked at now and then). */
#define INDEXES 8
extern const uint16_t indexes[INDEXES];

extern uint64_t state_hash;
extern uint32_t stats[8]; /* tries and successes, to see that the sequences get anywhere */

void begin_choices(void); /* of a new run */
void random_operation(void);
void fold(uint32_t word); /* into state_hash */
void fold_frames(void);

#endif
