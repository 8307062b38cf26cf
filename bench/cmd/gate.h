/* SPDX-License-Identifier: MIT */
/* What makes a comparison fail. */
#ifndef INT82_BENCH_GATE_H
#define INT82_BENCH_GATE_H

#include "result/row_limits.h"
#include "view/comparison.h"

/* Adds to REPORT what is worse than MAX percent or than LIMITS allow, and limits of no row unless ROWS are chosen. */
void gate_judge(const struct compared *head, double max, struct limits *limits, struct gate_report *report);
void gate_unused(const struct limits *limits, struct gate_report *report);
void gate_print(const struct gate_report *report);

#endif
