/* SPDX-License-Identifier: MIT */
/* Multicalls of as many calls as there can be between two checks for interrupts: see longest_multicalls.c. */
#ifndef TESTS_LONGEST_H
#define TESTS_LONGEST_H

#include "test.h"

#define CALLS 64u

extern multicall_entry_t calls[CALLS]; /* of the next multicall, or of the last one */
/* Sets call i. */
void call_at(uint32_t i, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4);
/* Makes all the calls. Each must answer this; if one does not, the message contains `what`. */
void make_calls(const char *what, int32_t result);
/* The same call, that many times. */
void repeat(const char *what, int32_t result, uint32_t op, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);
/* Two calls that alternate. */
void alternate(const char *what, uint32_t op, const uint32_t a[4], const uint32_t b[4]);

#define ARG(p) ((uint32_t)(p))

/* Makes 14 pages of 512 descriptors that all have to be cut, and makes them read-only. Returns their frames. */
#define GDT_PAGES 14u
void make_gdt(void *pages[GDT_PAGES], uint32_t frames[GDT_PAGES]);
void free_gdt(void *pages[GDT_PAGES]);

#endif
