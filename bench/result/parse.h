/* SPDX-License-Identifier: MIT */
/* The bench guest's protocol on the console, read line by line while the guest runs. */
#ifndef INT82_BENCH_PARSE_H
#define INT82_BENCH_PARSE_H

#include "result/result.h"

struct parser {
    struct result *r;
    bool begun, ended;
    uint64_t announced;   /* rows that the guest says it will tell of: print, report as failed or as not available */
    uint64_t skipped;     /* the last of these */
    char *why;            /* the first thing that was wrong; nothing is read after it */
    struct buf line;      /* one that is not complete yet */
    unsigned long number; /* of that line, from 1 */
};

void parser_init(struct parser *p, struct result *r);
/* Console output as it comes, in pieces of any size. Lines that are not the protocol's are passed over. */
void parser_feed(struct parser *p, const char *data, size_t n);
/* At the end of the console: NULL when the result is whole, else what is wrong (owned by the parser). */
const char *parser_finish(struct parser *p);

#endif
