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

/* INT82_CORRUPT_*: 0 or an error. *id may be answered. */
int corrupt(uint32_t what, uint32_t *id, bool mend);
/* The at-th allocation from now of these kinds (INT82_FAIL_*) fails; kinds 0: none. Returns how many there were since
 * the last call. */
uint32_t fail_allocation(uint32_t kinds, uint32_t at);
/* INT82_PREEMPT_*, for this vCPU or another one: domid << 16 | number. Returns how many points the one of the last call
 * has passed since. */
uint32_t preempt(uint32_t mode, uint32_t at);
uint32_t preempt_vcpu(uint32_t mode, uint32_t at, uint32_t id);

/* vCPU 1 (suspended_ops.c), running on vCPU 0's page tables: each time that it runs, it does the job, and yields. The
 * job makes hypercalls and nothing else. "": it is there; else why not. */
const char *start_vcpu_1(void);
extern void (*volatile job)(void);
extern volatile uint32_t jobs_begun, jobs_done;
#define NEED_BOTH()                     \
    do {                                \
        NEED_FAULTS();                  \
        if (*start_vcpu_1())            \
            SKIP("%s", start_vcpu_1()); \
    } while (0)
/* A round that begins after this call is over then. */
void let_it_run(void);

/* The books are right; what else they say. */
void check_audit(void);
extern struct int82_audit audited;

#endif
