/* SPDX-License-Identifier: MIT */
/*
 * The trace of hypercalls as it leaves the machine by the debug console: TRACE_MAGIC, then records, all of 32-bit
 * words. bench/cmd/trace.c reads it.
 *
 * One record says that a call begins, and another one that it has ended, because a call may end never or after many
 * others have begun. An entry of a multicall has a pair of its own, with its place in the array as `entry`.
 */
#ifndef XEN_TRACE_FORMAT_H
#define XEN_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_MAGIC 0x31545848u /* "HXT1" */
#define TRACE_BEGIN 0x4E474542u /* "BEGN" */
#define TRACE_END   0x2E444E45u /* "END." */

#define TRACE_PORT   0xE9        /* reads as its own number where there is a debug console */
#define TRACE_CALL   0xFFFFFFFFu /* `entry` of a call that is in no multicall */
#define TRACE_NUMBER 63          /* the bit in hypercall_trace's mask for this number and all above */

/* Flags of an end */
#define TRACE_AGAIN      1u /* no result: the guest makes the rest of the call again */
#define TRACE_OTHERS_RAN 2u /* on the CPU, in the middle of it */

struct trace_begin {
    uint32_t kind; /* TRACE_BEGIN */
    uint32_t who;  /* domain << 16 | vCPU */
    uint32_t call; /* how many calls there have been, with this one */
    uint32_t entry;
    uint32_t number;
    uint32_t args[6]; /* EBX ECX EDX ESI EDI EBP */
    uint32_t eip, esp;
};

struct trace_end {
    uint32_t kind; /* TRACE_END */
    uint32_t who, call, entry;
    uint32_t flags;
    uint32_t result;
    uint32_t instructions[2]; /* low half first */
};

#endif
