/* SPDX-License-Identifier: MIT */
/* A small domain that makes one long call while domain 0 interferes: see exclusion_other.c. */
#ifndef TESTS_EXCLUSION_OTHER_H
#define TESTS_EXCLUSION_OTHER_H

#include "exclusion.h"
#include "other.h"

#define ARRAY       (VICTIM_SPARE + 4) /* the first frame of the array that its call works through */
#define ARRAY_VA    VICTIM_VA(ARRAY)
#define PER_FRAME   (PAGE_SIZE / sizeof(multicall_entry_t))
#define LATER_FRAME (VICTIM_ARGS + 1) /* this and the next: struct sched_poll */
#define LATER       512u
#define BOUND_NS    50000000ull /* bound for an answer about the domain, whatever it does */

/* What the domain runs: one call with these registers, once, at a given time. */
struct one_call {
    uint32_t number, args[5];
    int32_t result;
    uint32_t after[5]; /* the registers of args, after the call */
    uint32_t done;
    struct sched_poll start; /* a poll whose end is that time */
};
#define MAGIC(n) (0x1DEA0000u + (n))

extern const char exclusion_code[], exclusion_gate[], exclusion_code_end[];
#define GATE_EIP (VICTIM_VA(VICTIM_CODE) + (uint32_t)(exclusion_gate - exclusion_code))
#define END_EIP  (VICTIM_VA(VICTIM_CODE) + (uint32_t)(exclusion_code_end - exclusion_code))

#define PIN_VA      VICTIM_VA(VICTIM_ARGS)
#define UNPIN_VA    (PIN_VA + 64)
#define CONTEXT_VA  VICTIM_VA(VICTIM_SPARE + 3)
#define DONE_VA     (PIN_VA + 128)
#define INFO_VA     (PIN_VA + 192)
#define ENTRY_VA    (PIN_VA + 256)
#define LATER_VA(i) (VICTIM_VA(LATER_FRAME) + (i) % LATER * 16)

/* Makes the other domain, but does not start it. False: the test is over. */
bool exclusion_begin(void);
/* Ends the domain and takes everything back. */
void exclusion_end(void);
void set_call(uint32_t frame, uint32_t number, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);
void set_multicall(uint32_t frame, uint32_t array, uint32_t count);
struct one_call read_call(uint32_t frame);
bool is_done(uint32_t frame);
bool wait_until_done(uint32_t frame);
/* The call has answered 0 and has changed no register from argument `kept` on. (A call that is made again moves those
 * before it.) */
void check_call(uint32_t frame, uint32_t kept);
/* Starts the domain, and returns the time at which it makes its call. Domain 0 must be asleep then, so that its own
 * timer, in the middle of the call, gives it the CPU at once. */
uint64_t exclusion_start(void);
struct mmuext_op pin_op(bool pins);
void set_pin_arguments(void);
multicall_entry_t pin_entry(bool pins);
multicall_entry_t pins_in_turn(uint32_t i);
void set_entries(uint32_t frame, uint32_t count, multicall_entry_t (*entry)(uint32_t i));
/* How many entries have a result other than 0. */
uint32_t bad_results(uint32_t frame, uint32_t count);
int other_control(uint32_t cmd);
uint64_t time_run(void);

#endif
