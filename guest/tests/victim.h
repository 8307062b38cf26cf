/* SPDX-License-Identifier: MIT */
/*
 * A domain that is to be destroyed (victim.c): a few frames, one address space, and code that carries out a list of
 * hypercalls and then waits for ever. Domain 0 builds it by Xen's own calls, so it also works on a real Xen.
 *
 * Its frame n is mapped at VICTIM_VA(n): tables and the frames of its tree read-only, all others writable.
 */
#ifndef TESTS_VICTIM_H
#define TESTS_VICTIM_H

#include "test.h"

#define VICTIM_FRAMES  256u
#define VICTIM_CODE    0u
#define VICTIM_LIST    1u /* struct victim_list */
#define VICTIM_ARGS    2u /* the calls' arguments, and those behind it up to VICTIM_STACK */
#define VICTIM_STACK   5u
#define VICTIM_L3      6u
#define VICTIM_L2      7u
#define VICTIM_L1      8u
#define VICTIM_TREE_L3 9u  /* tables that are not in use: an L3, its four L2s, ... */
#define VICTIM_TREE_L2 10u /* ... each with TREE_ENTRIES entries, which name ... */
#define VICTIM_TREE_L1 14u /* ... these four L1s in turn, which map VICTIM_DATA writable */
#define VICTIM_DATA    18u
#define VICTIM_SPARE   20u /* from here up nothing is used */
#define VICTIM_VA(n)   (VIRT_BASE + (n)*PAGE_SIZE)
#define VICTIM_HOLE_VA VICTIM_VA(VICTIM_FRAMES) /* up to the end of its L1 nothing is mapped */
#define TREE_ENTRIES   6u
#define VICTIM_CALLS   16u

struct victim_list {
    multicall_entry_t calls[VICTIM_CALLS];
    uint32_t count;
    int32_t result; /* of the multicall */
    uint32_t done;  /* 1: it has returned */
};

struct victim {
    domid_t id;
    xen_pfn_t mfn[VICTIM_FRAMES];
};

/* False: nothing was built. *missing is set if that is because the hypervisor cannot do this. */
bool victim_create(struct victim *v, bool *missing);
/* Maps one of its frames in our own address space. Only one is mapped at a time. NULL: failed. */
void *victim_map(const struct victim *v, uint32_t frame);
void victim_unmap(void);
/* Adds a call to its list, before it starts. */
void victim_call(const struct victim *v, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);
void victim_start(const struct victim *v);
/* Lets it run until its list is done, or for that many yields. */
bool victim_wait(const struct victim *v, uint32_t yields);
bool victim_done(const struct victim *v);
int victim_destroy(const struct victim *v);
int victim_domctl(uint32_t cmd, domid_t domid, void *xen_domctl);

#endif
