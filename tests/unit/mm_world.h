/* SPDX-License-Identifier: MIT */
/*
 * A small machine on the host, in which the hypervisor's own memory files work: frames, two domains, three vCPUs. The
 * unit test (test_mm.c) and the fuzzer (../fuzz/fuzz_mm.c) use it.
 *
 * mm_world.c: what those files call, privileged instructions, and the auditor. mm_calls.c: the guests' start, their
 * calls and their end. mm_ops.c: what guests do, chosen at random.
 */
#ifndef MM_WORLD_H
#define MM_WORLD_H

#include <asm/descriptors.h>
#include <asm/device_access.h>
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
#define HYPER   4  /* the hypervisor's: no owner */
#define SHARED  6  /* dom_xen's, shown read-only */
#define FOREIGN 8  /* another domain's: its L3, its L2 for slot 3, an L1, and free frames */
#define OURS    20 /* this one and all after it */
#define L3      OURS
#define L2      (OURS + 1) /* four */
#define L1      (OURS + 5)
#define FREE    (OURS + 7)  /* from here up no frame is used at the start */
#define FRAMES  (OURS + 60) /* in the frame table */

/* vCPUs: two of our domain, one of the other */
#define OUR_VCPUS      2
#define VCPUS          3
#define VCPU_AREA_PTES (VCPUS * VCPU_AREA_SIZE / PAGE_SIZE)

/* Free frames, for what a test makes of them. */
#define FREE_A (FREE + 0)
#define FREE_B (FREE + 1)
#define FREE_C (FREE + 2)
#define FREE_D (FREE + 3)

/* --- What the user of this file provides */

extern unsigned int failures;
void fail(const char *f, ...) __printf(1, 2); /* knows only %s %d %u %x */
void exit_with(int status) __attribute__((noreturn));
uint32_t below(uint32_t n); /* a random choice: 0 to n - 1 */
uint32_t random32(void);
void zero_frame(mfn_t mfn); /* before anything else happens */

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

/* Memory of the guests, for arguments: two pages, and nothing after them. */
extern uint8_t *guest_memory;
#define GUEST_MEMORY (2 * PAGE_SIZE)

/* --- mm_world.c */

extern struct domain ours, foreign;
extern struct vcpu vcpus[VCPUS];
extern bool freed[FRAMES];
extern unsigned int flushes;
extern uint32_t gate_clobbered;

/* Handles a fault at *eip. True: the fault was expected, or the instruction is a privileged one; *eip is where to
 * continue. */
bool world_fault(int signal, uint32_t *eip);

bool is_table(const struct page_info *page, uint32_t type);
void flushed(void); /* the TLB has forgotten everything */
void check_nothing_stale(void);
void guest_runs(void); /* the guest runs, and may get into the TLB what is mapped writable */

extern unsigned int told; /* how often since the last answer */
/* A call's answer: checks that there have been words for it if it is an error, and returns it. */
long answered(long rc);

/* Compares counts and types with the tables' contents. all: look at every entry of every table. */
void audit(bool all);

/* --- mm_calls.c */

#define TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RW    (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define RO    (_PAGE_PRESENT | _PAGE_ACCESSED)

extern bool fast;       /* make hypercalls through the entry stubs, if there are any */
extern bool preempting; /* another vCPU may run in the middle of an operation */
extern bool make_way;   /* and calls may be told to make way */
extern bool nested;     /* such another vCPU is running now */

void start(bool privileged);
/* Removes everything that is left of a run. Then nothing but the initial state may remain. Audits. */
void tear_down(void);
void switch_vcpu(unsigned int i);

/* Where a call's arguments are. Each vCPU that may be in the middle of a call has a page; the arguments end at its
 * end. */
void *guest_room(uint32_t size);
/* The page's first word, for the count of requests done. */
uint32_t *guest_done(void);
#define NOT_TOLD 99

pte_t entry(mfn_t mfn, uint32_t flags);
long mmu_update(mmu_update_t *req, uint32_t n, uint32_t *done, uint32_t domid);
long update_va(uint32_t va, pte_t e, uint32_t flags);
long mmuext_op(mmuext_op_t *ops, uint32_t count, uint32_t *done, uint32_t domid);
long mmuext(uint32_t cmd, uint32_t arg1, uint32_t arg2);
long set_entry(mfn_t table, unsigned int index, pte_t e);

/* --- mm_ops.c */

/* Only these entries of tables are ever used (now and then all others are checked). */
#define INDEXES 8
extern const uint16_t indexes[INDEXES];

extern uint64_t state_hash;
extern uint32_t stats[8]; /* tries and successes, to see that the sequences achieve something */

void begin_choices(void); /* called for each new run */
void random_operation(void);
void fold(uint32_t word); /* adds it to state_hash */
void fold_frames(void);

#endif
