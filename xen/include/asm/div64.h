/* SPDX-License-Identifier: MIT */
/* One step of a long division. */
#ifndef ASM_DIV64_H
#define ASM_DIV64_H

#include <stdint.h>

/* (hi:lo) / d, where hi < d: so the quotient fits. */
static inline uint32_t divide_once(uint32_t hi, uint32_t lo, uint32_t d, uint32_t *rem)
{
    uint32_t q;

    __asm__("divl %4" : "=a"(q), "=d"(*rem) : "a"(lo), "d"(hi), "r"(d));
    return q;
}

#endif
