/* SPDX-License-Identifier: MIT */
/* As much of an x86 decoder as a profile needs: where control goes, and what an instruction costs besides being one. */
#ifndef INT82_BENCH_INSN_H
#define INT82_BENCH_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event {
#define EVENT(name, what) EVENT_##name,
#include "profile/events.def"
#undef EVENT
    EVENTS_N
};

enum flow {
    FLOW_NEXT,   /* goes on behind itself */
    FLOW_REPEAT, /* behind itself, or the same once more (REP) */
    FLOW_JUMP,
    FLOW_CALL,
    FLOW_RET,
    FLOW_GATE, /* INT n */
    FLOW_IRET,
};

struct insn {
    enum flow flow;
    uint64_t events;  /* bits: 1 << EVENT_name */
    bool direct;      /* a jump or call whose target is below */
    bool conditional; /* ... or may go on behind itself */
    uint32_t target;
    bool memory;      /* touches memory, so it may fault */
    bool early_fault; /* QEMU finds its fault when it translates: it then counts as executed although it faults */
};

/* 32-bit code; SIZE is the instruction's true length. */
struct insn insn_decode(uint32_t address, const uint8_t *bytes, size_t size);
/* Whether control may go from this instruction to NEXT without a trap or an interrupt between them. */
bool insn_leads_to(const struct insn *i, uint32_t address, uint32_t size, uint32_t next);

#endif
