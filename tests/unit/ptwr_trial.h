/* SPDX-License-Identifier: MIT */
/* Stores for test_ptwr.c: a random instruction, and the registers to execute it with. */
#ifndef PTWR_TRIAL_H
#define PTWR_TRIAL_H

#include <asm/emulate.h>
#include <asm/mm.h>
#include <xen/sched.h>

#define GUEST_TABLE 0x20000000 /* the guest's mapping of the table */
#define LOW_TABLE   0x000F0000 /* another mapping of it */
#define CODE        0x21000000
#define SOURCE      0x22000000 /* data that MOVS reads */
#define AREA        0x23000000 /* of the vCPU: its GDT */
#define TABLE_MFN   5          /* the L1 table that is stored to */

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
/* Executes it on this processor, from code_address (CODE). */
extern uint32_t code_address;
void execute(const struct trial *t);
/* The same after a page fault at this address: ptwr_fast.S, and what is left of the code. */
void execute_fault(const struct trial *t, uint32_t address);
void native_return(void);
/* Writes the instruction's bytes. */
const char *hex(const struct trial *t);

/* ptwr_world.c: the guest, its table, and what has come of a store */
bool set_up_world(void);
extern struct domain domain;
extern struct vcpu vcpu;
extern pte_t mapping[L1_ENTRIES];    /* the L1 table that maps GUEST_TABLE */
extern bool (*acceptable)(pte_t e);  /* which entries; NULL: all */
extern unsigned int bounced_vector;  /* of the last exception that was handed to the guest; */
extern struct cpu_user_regs bounced; /* its frame, if it was a page fault, */
extern uint32_t bounced_address;     /* and its address */
extern uint32_t exits_with_work;     /* counted */
pte_t *table_window(void);
void fill_table(void); /* and the same at GUEST_TABLE */

void set_regs(struct cpu_user_regs *regs, const struct trial *t);

/* test_ptwr_fast.c */
void test_fast_same_as_processor(void);
void test_both_halves(void);
void test_not_both_halves(void);
void test_second_refused(void);
void test_exchange(void);
void test_no_exchange(void);
void test_fast_whose_page(void);
void test_fast_single_step(void);
void test_left_to_c(void);

#endif
