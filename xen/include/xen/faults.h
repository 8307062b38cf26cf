/* SPDX-License-Identifier: MIT */
/*
 * Faults on purpose, for tests (public/int82.h): allocations that fail, operations that are preempted wherever that is
 * possible, and falsified data for the auditor to find. Only the build with counters has them.
 */
#ifndef XEN_FAULTS_H
#define XEN_FAULTS_H

#include <public/int82.h>
#include <xen/lib.h>

#if COUNTERS
bool fault_allocation(uint32_t kind); /* this one is to fail */
bool fault_preemption(void);          /* here others are to run */
#else
#define fault_allocation(kind) false
#define fault_preemption()     false
#endif

/* dom0_op's commands. */
long corrupt_op(struct int82_fault *op);
long fail_allocation_op(struct int82_fault *op);
long preempt_op(struct int82_fault *op);

#endif
