/* SPDX-License-Identifier: MIT */
/* Stores for test_ptwr.c: a random instruction, and the registers to execute it with. */
#ifndef PTWR_TRIAL_H
#define PTWR_TRIAL_H

#include <asm/emulate.h>

#define GUEST_TABLE 0x20000000 /* the guest's mapping of the table */
#define CODE        0x21000000
#define SOURCE      0x22000000 /* data that MOVS reads */

enum { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };

enum kind { MODRM_REG, MODRM_GROUP, MODRM_IMM8, MODRM_IMM, BIT_REG, CMPXCHG, CMPXCHG8B, STRING, MOFFS };

struct form {
    const char *name;
    uint8_t opcode[2]; /* 0F and the byte after it, or 0 and the only byte */
    uint8_t byte;      /* size is 1 */
    uint8_t group;     /* modrm.reg */
    enum kind kind;
    bool lockable;
    uint32_t flags; /* the flags that are defined after it */
};
extern const struct form forms[];
extern const unsigned int nr_forms;

/* An instruction, and the state in which to execute it. */
struct trial {
    const struct form *form;
    uint8_t code[24];
    unsigned int length, size;
    uint32_t address, eflags;
    uint32_t gpr[8];
};

/* The registers after execute(). */
struct state {
    uint32_t eax, ecx, edx, ebx, ebp, esi, edi, eflags;
};
extern struct state native;

uint32_t random32(void);
void make_trial(struct trial *t, const struct form *f);
/* Executes it on this processor, from CODE. */
void execute(const struct trial *t);
/* Writes the instruction's bytes. */
const char *hex(const struct trial *t);

#endif
