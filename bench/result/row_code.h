/* SPDX-License-Identifier: MIT */
/*
 * What the bench guest executes to measure a row, as a hash: the row's function, all that it reaches by calls and
 * pointers, and what measures every row. Two guests whose hashes of a row agree measure it in the same way, though
 * one of them may have rows more. Neither addresses nor names count: the guest is linked with its relocations, which
 * tell where an address stands and what it is of.
 */
#ifndef INT82_BENCH_ROW_CODE_H
#define INT82_BENCH_ROW_CODE_H

#include "result/result.h"

struct guest_code;

/* NULL when PATH is no bench guest linked with its relocations: then only the suite's revision says what it measures.
 */
struct guest_code *guest_code_load(const char *path);
void guest_code_free(struct guest_code *g);
/* The hash of row NAME, NULL if there is none; the caller frees. */
char *guest_row_code(const struct guest_code *g, const char *name);
/* The suite's revision as the guest will print it, or NULL. */
const char *guest_suite(const struct guest_code *g);

/* Notes in each row of R what the guest in PATH executes for it. */
void rows_set_code(struct result *r, const char *path);

#endif
