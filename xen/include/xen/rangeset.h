/* SPDX-License-Identifier: MIT */
/* Small sets of numbers, kept as ranges: which I/O ports, or which frames, a domain may use (common/lib/rangeset.c). */
#ifndef XEN_RANGESET_H
#define XEN_RANGESET_H

#include <stdbool.h>
#include <stdint.h>

#define RANGESET_MAX 32 /* ranges that a set can hold */

/* All zero: the empty set. */
struct rangeset {
    uint32_t n;
    struct {
        uint32_t first, last;
    } range[RANGESET_MAX]; /* ascending; between any two there is a number that is not in the set */
};

/* first <= last. 0; -ENOMEM: the set would have too many ranges, and has not changed. Numbers that are in the set
 * already, or are not, do no harm. */
int rangeset_add(struct rangeset *s, uint32_t first, uint32_t last);
int rangeset_remove(struct rangeset *s, uint32_t first, uint32_t last);

/* Are all numbers from first to last in the set? */
bool rangeset_contains(const struct rangeset *s, uint32_t first, uint32_t last);

#endif
