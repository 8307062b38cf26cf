/* SPDX-License-Identifier: MIT */
/* Faults on purpose (public/int82.h), in the hypervisor's build with counters. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "test.h"

#include <guest/audit.h>
#include <public/int82.h>

bool have_faults(void);
#define NEED_FAULTS()   \
    if (!have_faults()) \
    SKIP("this hypervisor injects no faults")

/* INT82_CORRUPT_*. Returns 0 or an error. *id may be changed by the answer. */
int corrupt(uint32_t what, uint32_t *id, bool mend);
/* The at-th allocation from now of these kinds (INT82_FAIL_*) is to fail; kinds 0: none is. Returns how many such
 * allocations there have been since the last call. */
uint32_t fail_allocation(uint32_t kinds, uint32_t at);
/* INT82_PREEMPT_*, for this vCPU or another one (domid << 16 | number). Returns how many points the vCPU of the last
 * call has passed since that call. */
uint32_t preempt(uint32_t mode, uint32_t at);
uint32_t preempt_vcpu(uint32_t mode, uint32_t at, uint32_t id);

/* Starts vCPU 1 (suspended_ops.c) on vCPU 0's page tables. Each time that it runs, it does the job and yields. The job
 * makes hypercalls and nothing else. Returns "" when the vCPU is there, otherwise the reason why it is not. */
const char *start_vcpu_1(void);
extern void (*volatile job)(void);
extern volatile uint32_t jobs_begun, jobs_done;
#define NEED_BOTH()                     \
    do {                                \
        NEED_FAULTS();                  \
        if (*start_vcpu_1())            \
            SKIP("%s", start_vcpu_1()); \
    } while (0)
/* Returns when a round of the job that began after this call is over. */
void let_it_run(void);

/* The books must be right. Their numbers are in `audited`. */
void check_audit(void);
extern struct int82_audit audited;

#endif
