/* SPDX-License-Identifier: MIT */
/*
 * Words for the authors of guests: with guest_loglvl=all, each update, pin, descriptor, mapping or instruction that is
 * refused is explained in one line on the console. docs/debugging-a-guest.md.
 *
 * Call these where the refusal is decided, and only there: one refusal, one line. They do not switch, they take no
 * window, and they change nothing, so they may stand in the middle of an operation.
 */
#ifndef XEN_REFUSED_H
#define XEN_REFUSED_H

#include <xen/lib.h>

enum refusal {
#define REFUSAL(name, value, text, hint) REFUSED_##name,
#include <xen/refused.def>
};

extern bool opt_guest_words;

#define COLD __attribute__((cold, noinline)) /* so that a call costs the other branch nothing */

/* frame: what was asked for, or INVALID_MFN. Returns the error. */
COLD int refuse(enum refusal rule, int error, uint32_t frame, uint64_t value);
/* The same for an entry of a table: which one. */
COLD int refuse_entry(enum refusal rule, int error, uint32_t frame, uint64_t value, uint32_t table, uint32_t index);

/* An argument that cannot be read or written. */
COLD int refuse_pointer(const void *p);

#endif
