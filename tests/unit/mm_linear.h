/* SPDX-License-Identifier: MIT */
/* The chosen cases about linear page tables. */
#ifndef MM_LINEAR_H
#define MM_LINEAR_H

extern const struct linear_case {
    const char *name; /* NULL: the end */
    void (*fn)(void);
} linear_cases[];

#endif
