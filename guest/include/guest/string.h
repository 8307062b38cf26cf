/* SPDX-License-Identifier: MIT */
/* The part of the C library that compilers and guests need. */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memset(void *dst, int c, size_t n);
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Decimal, or hexadecimal after 0x; stops at the first other character. */
uint32_t parse_number(const char *s);
/* '*' any characters, '?' one. */
bool glob_match(const char *pattern, const char *s);

/* Divides 64 by 32 bits. For `/` gcc would call a library function, which is not here. */
static inline uint64_t div64(uint64_t n, uint32_t by)
{
    uint32_t high = (uint32_t)(n >> 32), low = (uint32_t)n, quotient_high = high / by, quotient_low;

    high %= by;
    __asm__("divl %3" : "=a"(quotient_low), "+d"(high) : "0"(low), "rm"(by) : "cc");
    return (uint64_t)quotient_high << 32 | quotient_low;
}

#endif
