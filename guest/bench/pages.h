/* SPDX-License-Identifier: MIT */
/* The rows' figures once more at the end, page by page, for a machine whose only output is its screen. */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

#include "bench.h"

/* Reads the options pages= (seconds that a page stays, 1 to 3600) and lines= (of text on a page, 10 to 200). Returns
 * what is wrong with them, or NULL. */
const char *pages_choose(void);

void pages_keep_row(const struct bench *b, uint32_t turns);
/* Shows them again and again, until q is pressed. Nothing if pages= was not given. */
void pages_show(uint32_t errors);

#endif
