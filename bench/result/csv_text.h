/* SPDX-License-Identifier: MIT */
/* CSV as RFC 4180 has it: fields with quotes, commas and line breaks, empty ones; LF will do for CRLF. */
#ifndef INT82_BENCH_CSV_TEXT_H
#define INT82_BENCH_CSV_TEXT_H

#include "lib/util.h"

struct csv_record {
    char **fields; /* in the text that was read */
    size_t n;
    unsigned line; /* where it begins, from 1 */
};

struct csv_reader {
    char *at;
    unsigned line;
};

/*
 * The next record; its fields are valid as long as the text, its array until the next call. Returns 0 at the end, a
 * negative number when quotes stand where they must not. An empty line has one empty field.
 */
int csv_next(struct csv_reader *in, struct csv_record *record);

/* A field, in quotes if it needs them, with a comma in front unless it is the first of its line. */
void csv_add(struct buf *b, const char *field);

#endif
