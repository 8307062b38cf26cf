/* SPDX-License-Identifier: MIT */
/* Whether figures of two results may be set beside each other, and what differs between those that may. */
#ifndef INT82_BENCH_COMPARABLE_H
#define INT82_BENCH_COMPARABLE_H

#include "result/result.h"

/* The engine a result was measured on, NULL if it does not say. */
const char *result_engine(const struct result *r);
/* Two runs of one build agree in every tick. */
bool result_exact(const struct result *r);
bool result_native(const struct result *r); /* bodies of calls, without the gate */

/*
 * Why no figure of A may be divided by one of B, or NULL: their ticks are different units, or, where ticks vary, of
 * another processor. Everything that shows two results together asks this. FORCE lets another processor pass.
 */
char *ticks_differ(const struct result *a, const struct result *b, bool force);
/* Ends the program (EXIT_REFUSED) when PEER cannot stand beside R. */
void require_same_ticks(const struct result *r, const struct result *peer);
/*
 * Why HEAD may not be compared with BASE, or NULL: ticks_differ(), another machine, or no row that both measure in the
 * same way. With FORCE only another engine is a reason.
 */
char *refusal(const struct result *base, const struct result *head, bool force);
/* Both results are of one revision of the suite, so that every row that both have is the same one. */
bool same_suite(const struct result *a, const struct result *b);
/* These rows are measured in the same way: one suite, or another one that runs the same code for this row. */
bool same_row(const struct result *a, const struct row *x, const struct result *b, const struct row *y);
/* The options that differ, as `memory_mib 256 and 512, ...` for a title; NULL when none does. */
char *options_differ(const struct result *a, const struct result *b);

#endif
