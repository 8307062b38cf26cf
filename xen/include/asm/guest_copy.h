/* SPDX-License-Identifier: MIT */
/* The single steps of copies between the hypervisor and a guest (common/lib/string.c), each of which may fault. */
#ifndef ASM_GUEST_COPY_H
#define ASM_GUEST_COPY_H

#include <stdbool.h>
#include <stdint.h>

/* A word, or a byte, between the hypervisor and a guest; false on a fault. */
static inline bool copy_unit(void *dst, const void *src, bool word)
{
    uint32_t value;

    if (word)
        __asm__ volatile goto("1: mov (%1), %0\n2: mov %0, (%2)\n"
                              ".section .extable,\"a\"\n   .long 1b, %l3, 2b, %l3\n.previous"
                              : "=&r"(value)
                              : "r"(src), "r"(dst)
                              : "memory"
                              : fault);
    else
        __asm__ volatile goto("1: movb (%1), %b0\n2: movb %b0, (%2)\n"
                              ".section .extable,\"a\"\n   .long 1b, %l3, 2b, %l3\n.previous"
                              : "=&q"(value)
                              : "r"(src), "r"(dst)
                              : "memory"
                              : fault);
    return true;
fault:
    return false;
}

#define COPY_WORD(offset)                                      \
    "1: mov " #offset "(%1), %0\n2: mov %0, " #offset "(%2)\n" \
    ".section .extable,\"a\"\n   .long 1b, %l3, 2b, %l3\n.previous\n"

/* Four words; on a fault some of them may have been copied. */
static inline bool copy_block(void *dst, const void *src)
{
    uint32_t value;

    __asm__ volatile goto(COPY_WORD(0) COPY_WORD(4) COPY_WORD(8) COPY_WORD(12)
                          : "=&r"(value)
                          : "r"(src), "r"(dst)
                          : "memory"
                          : fault);
    return true;
fault:
    return false;
}

#undef COPY_WORD

#endif
