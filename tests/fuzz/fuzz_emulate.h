/* SPDX-License-Identifier: MIT */
/* The parts of the fuzzer of emulated instructions. */
#ifndef FUZZ_EMULATE_H
#define FUZZ_EMULATE_H

#include "../unit/mm_world.h"
#include "host.h"

#define CODE       0x60000000u /* two pages, and nothing behind them */
#define CODE_SIZE  (2 * PAGE_SIZE)
#define DATA       0x68000000u /* likewise */
#define DATA_SIZE  (2 * PAGE_SIZE)
#define TABLES_VA  0xC0000000u /* where the guest has mapped three L1 tables, read-only, and a page */
#define TABLES     3
#define LDT_VA     (TABLES_VA + (1u << L2_SHIFT)) /* another table maps it than maps what is stored to */
#define GDT_FRAME  FREE
#define LDT_FRAME  (FREE + 1)
#define PAGE_FRAME (FREE + 2)
#define L1_ALONE   (FREE + 3) /* an L1 table that maps nothing; its window is L1 + 1's (windows.h) */

/* --- emulate_machine.c: what the tested files call, the windows of descriptor tables, ports */

extern struct vcpu_info vcpu_info;

/* What the instruction led to. */
struct seen {
    unsigned int bounces, crashes, blocks, ports;
};
extern struct seen seen;

/* Once. */
void begin_area(void);
/* After an INVLPG: what no longer stands in the page tables goes. */
void sync_area(void);
HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx);

/* --- emulate_guest.c: what is chosen */

extern const mfn_t tables[TABLES]; /* what TABLES_VA shows */
extern struct cpu_user_regs regs;
extern uint32_t fault_address; /* of the store, should it be one */

void start_kernel(void);
void some_frame_of_registers(void); /* with the code that they point to */

#endif
