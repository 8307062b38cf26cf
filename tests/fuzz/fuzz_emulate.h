/* SPDX-License-Identifier: MIT */
/* The parts of the fuzzer of emulated instructions. */
#ifndef FUZZ_EMULATE_H
#define FUZZ_EMULATE_H

#include "../unit/mm_world.h"
#include "host.h"

#define CODE       0x60000000u /* two pages, and nothing after them */
#define CODE_SIZE  (2 * PAGE_SIZE)
#define DATA       0x68000000u /* the same */
#define DATA_SIZE  (2 * PAGE_SIZE)
#define TABLES_VA  0xC0000000u /* here the guest has mapped three L1 tables, read-only, and a page */
#define TABLES     3
#define LDT_VA     (TABLES_VA + (1u << L2_SHIFT)) /* not in the table through which stores go */
#define GDT_FRAME  FREE
#define LDT_FRAME  (FREE + 1)
#define PAGE_FRAME (FREE + 2)
#define L1_ALONE   (FREE + 3) /* an L1 table that maps nothing; its window is L1 + 1's (windows.h) */

/* --- emulate_machine.c: what the tested files call, the windows of descriptor tables, ports */

extern struct vcpu_info vcpu_info;

/* What came of the instruction. */
struct seen {
    unsigned int bounces, crashes, blocks, ports;
};
extern struct seen seen;

/* Called once. */
void begin_area(void);
/* After an INVLPG: mappings that are no longer in the page tables go. */
void sync_area(void);
HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx);

/* --- emulate_guest.c: what is chosen */

extern const mfn_t tables[TABLES]; /* what TABLES_VA shows */
extern struct cpu_user_regs regs;
extern uint32_t fault_address; /* of the store, if the instruction is one */

void start_kernel(void);
void some_frame_of_registers(void); /* and the code that they point to */

#endif
