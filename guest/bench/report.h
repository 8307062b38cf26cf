/* SPDX-License-Identifier: MIT */
/* What the benchmark prints besides rows: what it runs on, and the hypervisor's counters. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

uint32_t tsc_khz(void);
#define REPORT_INFO_LINES 10          /* at most, where none is longer than the screen */
void report_info(const char *before); /* before: what each line begins with */
void counters_reset(void);
void report_counters(void); /* nothing where there are none */

#endif
