/* SPDX-License-Identifier: MIT */
/* The plugin that profiles a whole run of a guest, in three parts: guest.c has the picture. */
#ifndef INT82_PLUGIN_GUEST_H
#define INT82_PLUGIN_GUEST_H

#include "profile/insn.h"

#include <stdio.h>

#define KERNEL_UNNAMED 0x1000 /* in place of a kernel function's address: there is no symbol */

#define SECTIONS 256 /* what a marker can name; 0 is all that is between no markers */

/* BOOT: firmware, boot loader and the hypervisor's own start, until it enters a guest for the first time. */
enum component { BOOT, HYPERVISOR, KERNEL, USER, COMPONENTS_N };

/* An instruction as translated once, and the block that it is in. Never freed; a run makes some 100 000 blocks. */
struct site {
    struct block *block;
    uint32_t address;
    uint16_t index; /* in the block */
    uint8_t size, bytes[15];
    struct insn insn;
};

struct block {
    uint32_t address, n;
    enum component component;
    uint32_t function; /* the kernel function it is in; 0: a program's */
    struct label {
        uint32_t index, address;
    } * labels; /* functions that begin amid it */
    uint32_t labels_n;
    struct cell *cell; /* where it was counted last */
    struct site sites[];
};

/* ---- guest_tree.c: functions, call paths, and what was executed on them ------------------------------------------ */

/* What the front end says of the hypervisor's symbols: one letter, and a number. */
enum mark { MARK_NONE = '-', MARK_END = 'e', MARK_CALL = 'h', MARK_PIECE = 'm', MARK_TRAP = 't', MARK_IRQ = 'i' };
struct function {
    uint32_t address;
    int number; /* of the hypercall, or the vector */
    char mark;  /* enum mark; MARK_END: a section's end, where no function is */
};
bool functions_load(const char *path);
const struct function *function_at(uint32_t address); /* that begins here, or NULL */
uint32_t function_of(uint32_t address);               /* start of the one that ADDRESS is in, 0 for none */

enum node_kind { NODE_ROOT, NODE_CALL, NODE_JUMP, NODE_GATE, NODE_FAULT, NODE_INTERRUPT };
#define NODE_LETTERS "rcjgfi"
struct node {
    struct node *parent, *next, *children;
    enum node_kind kind;
    uint32_t id, depth, from, target, back; /* back: the return address of a call */
    uint64_t entries;
};

extern struct node roots[SECTIONS];
extern bool out_of_memory;
struct node *node_enter(struct node *parent, enum node_kind kind, uint32_t from, uint32_t target, uint32_t back);
struct node *node_jump(struct node *n, uint32_t from, uint32_t target);
struct node *node_back(struct node *n, uint32_t from, uint32_t target);
struct node *node_back_from_gate(struct node *n, uint32_t from, uint32_t target);
void node_count(struct node *n, struct block *b, uint32_t from, uint32_t to); /* its instructions [from, to) */
void tree_print(FILE *out);

/* ---- guest_entries.c: why the hypervisor was entered, and what that took ----------------------------------------- */

/* Where the guest goes on: behind its instruction, at it, somewhere else; or the machine was switched off before. */
enum outcome { BACK_BEHIND, BACK_AT, ELSEWHERE, NOWHERE };

void entry_begin(unsigned int section, enum node_kind kind, const struct site *from, uint32_t caller, uint32_t target,
                 uint64_t guest_ticks, uint64_t hypervisor_ticks);
/* At the start of a function of the hypervisor. */
void entry_arrive(uint32_t from, uint32_t address, uint64_t hypervisor_ticks);
void entry_reads(uint32_t address, unsigned int size); /* memory of the guest */
void entry_writes_entry(uint64_t physical);            /* of a page table */
void entry_end(uint32_t next, uint64_t hypervisor_ticks);
void entry_stays(uint64_t hypervisor_ticks); /* at the end of all */
void entries_print(FILE *out);

#endif
