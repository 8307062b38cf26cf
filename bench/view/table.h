/* SPDX-License-Identifier: MIT */
/* The table on standard output. */
#ifndef INT82_BENCH_TABLE_H
#define INT82_BENCH_TABLE_H

#include "result/result.h"

/* One line a row, with a column of these times for each peer, and their geometric means. BRIEF: of each operation only
 * its batches 1 and 512. */
void table_print(const struct result *r, struct result *const *peers, size_t peers_n, bool brief);
/* The same for a page: Markdown, only ROWS (NULL: all), with the peers' own figures. */
void table_markdown(const struct result *r, struct result *const *peers, size_t peers_n, const char *rows);
/* What a result is called in a heading: its directory's or file's name without what all of them share. */
char *result_title(const struct result *r);

#endif
