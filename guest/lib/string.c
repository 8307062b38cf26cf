/* SPDX-License-Identifier: MIT */
/* Compiled with -fno-tree-loop-distribute-patterns: otherwise the compiler could turn the loop in one of these
 * functions into a call of that function. */
#include <guest/string.h>

void *memset(void *dst, int c, size_t n)
{
    void *p = dst;

    __asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
    return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
    void *p = dst;

    __asm__ volatile("rep movsb" : "+D"(p), "+S"(src), "+c"(n) : : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if ((uintptr_t)d - (uintptr_t)s >= n)
        return memcpy(dst, src, n);
    while (n--)
        d[n] = s[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n--; x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *s)
{
    const char *p = s;

    while (*p)
        p++;
    return p - s;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (!*s)
            return NULL;
    }
    return (char *)s;
}

uint32_t parse_number(const char *s)
{
    uint32_t n = 0, base = 10, digit;

    if (s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
    }
    for (;; s++) {
        digit = *s >= '0' && *s <= '9' ? (uint32_t)(*s - '0') : (uint32_t)((*s | 0x20) - 'a' + 10);
        if (digit >= base)
            return n;
        n = n * base + digit;
    }
}

bool glob_match(const char *pattern, const char *s)
{
    for (; *pattern; pattern++, s++) {
        if (*pattern == '*') {
            do {
                if (glob_match(pattern + 1, s))
                    return true;
            } while (*s++);
            return false;
        }
        if (!*s || (*pattern != '?' && *pattern != *s))
            return false;
    }
    return !*s;
}
