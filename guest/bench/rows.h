/* SPDX-License-Identifier: MIT */
/* The functions that rows.def names. What each measures is described there. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "bench.h"
#include <guest/mm.h>

/* rows_calls.c */
void simple(struct bench *b, uint32_t nr, uint32_t a1, uint32_t a2, uint32_t a3, int32_t result);
void xen_version(struct bench *b);
void xen_version_page(struct bench *b);
void xen_version_upcalls_on(struct bench *b);
void fpu_taskswitch(struct bench *b, bool set);
void get_debugreg(struct bench *b, uint32_t reg);
void set_debugreg0(struct bench *b);
void stack_switch(struct bench *b);
void update_descriptor(struct bench *b, uint64_t descriptor);
void set_trap_table_1(struct bench *b);
void multicall(struct bench *b, uint32_t nr);

/* rows_mmu.c. The states of the entries in a table of 512: an entry's flags, or 0 for not present. */
#define NONE        0
#define RO          PTE_KERNEL_RO
#define RW          PTE_KERNEL_RW
#define RW_SW       (PTE_KERNEL_RW | 0x200) /* one of the bits that a guest may use */
#define OTHER_FRAME (1ull << 62)            /* no flag of an entry: it names its neighbour's frame */
#define OTHER_RW    (RW | OTHER_FRAME)
void mmu(struct bench *b, pte_t before, pte_t after);
void mmu_command(struct bench *b, uint32_t command, pte_t before, pte_t after);
void uva(struct bench *b, pte_t before, pte_t after, uint32_t flags);
void multicall_uva(struct bench *b, pte_t before, pte_t after);
enum batching { UVA_FLUSH, MMU_SINGLE, MULTICALL, MMU_BATCH };
void batching(struct bench *b, enum batching how);
void mmuext_flush(struct bench *b);
void mmuext_invlpg(struct bench *b);
void flush_refill(struct bench *b);
bool mmu_scratch(struct bench *b);
/* For other rows: that table, or NULL after an error; its entry i in a state; all of it in a state, loaded by the
 * TLB; checks that all of it is in a state, and that the processor sees that. */
pte_t *mmu_table(struct bench *b);
pte_t mmu_entry(uint32_t i, pte_t flags);
void mmu_set_all(struct bench *b, pte_t flags);
void mmu_expect_entries(struct bench *b, pte_t flags);
void mmu_expect_access(struct bench *b, pte_t flags);

/* rows_tables.c */
void new_base_same(struct bench *b);
void new_base_other(struct bench *b);
void pin_l1(struct bench *b, bool full, bool unpin);
void pin_l3_tree(struct bench *b, bool unpin);
void fork_like(struct bench *b);

/* rows_stores.c */
void ptwr_store(struct bench *b, pte_t state);
void ptwr_change(struct bench *b, const struct bench_loop *loop, pte_t after);

/* rows_traps.c */
void page_fault(struct bench *b, const void *entry);
void soft_int(struct bench *b);
void emul_read_cr3(struct bench *b);
void emul_cpuid(struct bench *b);

/* rows_events.c */
void send_already_pending(struct bench *b);
void send_fresh_masked(struct bench *b);
void send_with_upcall(struct bench *b);

/* rows_timers.c */
void set_timer_op(struct bench *b);
void set_timer_oneshot(struct bench *b);
void timer_interrupt(struct bench *b);

/* rows_kernel.c */
void set_ldt(struct bench *b);
void syscall_int80(struct bench *b, bool mask_events);
void ring3_page_fault(struct bench *b);
void context_switch(struct bench *b);

/* Code for ring 3, on a page of its own, becomes the row's loop. */
void ring3_begin(struct bench *b, const char *code, uint32_t size);
void ring3_end(void);
bool in_user_mode(uint32_t turns); /* runs it, with this in EDI. False: it did not get to its end */

/* rows_process.c */
void process_fork(struct bench *b);
void process_exec(struct bench *b);
void process_exit(struct bench *b);
void process_munmap(struct bench *b);
void process_cow(struct bench *b, const void *entry);

/* rows_grants.c */
void grant_map(struct bench *b, bool unmap);
void grant_copy(struct bench *b, uint32_t bytes);

/* rows_domains.c */
void domain_switch(struct bench *b);
void domain_ping_pong(struct bench *b);
void console_ring_echo(struct bench *b);
void ipi_round_trip(struct bench *b);

#endif
