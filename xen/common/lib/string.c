/* SPDX-License-Identifier: MIT */
/* Memory and strings. Mostly with loops, because string instructions would use the guest's ES (docs/entry-path.md). */
#include <asm/div64.h>
#include <asm/guest_access.h>
#include <asm/guest_copy.h>
#include <asm/layout.h>
#include <asm/rep.h>
#include <xen/lib.h>

static inline void copy_32(void *dst, const void *src)
{
    uint32_t *d = dst;
    const uint32_t *s = src;

#pragma GCC unroll 8
    for (unsigned int i = 0; i < 8; i++)
        d[i] = s[i];
}

/* In blocks and words as far as possible. */
void *memcpy(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (unlikely(n >= REP_BYTES) && rep_usable()) {
        rep_copy(d, s, n / 4);
        d += n & ~3u;
        s += n & ~3u;
        n &= 3;
    }
    for (; n >= 32; n -= 32, d += 32, s += 32)
        copy_32(d, s);
    for (; n >= 4; n -= 4, d += 4, s += 4)
        *(uint32_t *)d = *(const uint32_t *)s;
    while (n--) /* downwards: gcc would turn an upward loop into MOVSB */
        d[n] = s[n];
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *d = dst;
    const uint8_t *s = src;

    if (d <= s || d >= s + n)
        return memcpy(dst, src, n);
    for (; n >= 4; n -= 4)
        *(uint32_t *)(d + n - 4) = *(const uint32_t *)(s + n - 4);
    while (n--)
        d[n] = s[n];
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *d = dst;
    uint32_t word = (uint8_t)c * 0x01010101u;

    if (unlikely(n >= REP_BYTES) && rep_usable()) {
        rep_fill(d, word, n / 4);
        d += n & ~3u;
        n &= 3;
    }
    for (; n >= 4; n -= 4, d += 4)
        *(uint32_t *)d = word;
    while (n--)
        *d++ = c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n >= 4 && *(const uint32_t *)x == *(const uint32_t *)y; n -= 4, x += 4, y += 4)
        ;
    for (; n--; x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n--; a++, b++)
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (!*s)
            return NULL;
    return (char *)s;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);

    if (size) {
        size_t copied = MIN(n, size - 1);

        memcpy(dst, src, copied);
        dst[copied] = 0;
    }
    return n;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return 16;
}

uint64_t strtoull(const char *s, const char **end, int base)
{
    uint64_t value = 0;

    if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16) {
        s += 2;
        base = 16;
    } else if (base == 0)
        base = s[0] == '0' ? 8 : 10;
    for (; digit(*s) < base; s++)
        value = value * base + digit(*s);
    if (end)
        *end = s;
    return value;
}

uint64_t parse_size(const char *s, const char **end)
{
    const char *p;
    uint64_t value = strtoull(s, &p, 0);
    unsigned int shift = 10; /* as in Xen, a number alone counts KiB */

    switch (*p | 0x20) {
    case 'g':
        shift = 30;
        break;
    case 'm':
        shift = 20;
        break;
    case 'k':
        break;
    case 'b':
        shift = 0;
        break;
    default:
        p--;
    }
    p++;
    if (end)
        *end = p;
    return value << shift;
}

void clear_page(void *page)
{
    if (likely(rep_usable()))
        rep_fill(page, 0, PAGE_SIZE / 4);
    else
        memset(page, 0, PAGE_SIZE);
}

void copy_page(void *dst, const void *src)
{
    memcpy(dst, src, PAGE_SIZE);
}

uint64_t div64(uint64_t n, uint32_t d, uint32_t *rem)
{
    uint32_t hi = n >> 32, q_hi = hi / d, r = hi % d, q_lo = divide_once(r, n, d, &r);

    if (rem)
        *rem = r;
    return (uint64_t)q_hi << 32 | q_lo;
}

static uint32_t guest_copy(void *dst, const void *src, uint32_t n)
{
    /* If a block faults, the loops below begin it again to find how far the copy gets. */
    for (; n >= 16 && copy_block(dst, src); n -= 16) {
        dst = (char *)dst + 16;
        src = (const char *)src + 16;
    }
    for (; n >= 4 && copy_unit(dst, src, true); n -= 4) {
        dst = (char *)dst + 4;
        src = (const char *)src + 4;
    }
    for (; n && copy_unit(dst, src, false); n--) {
        dst = (char *)dst + 1;
        src = (const char *)src + 1;
    }
    return n;
}

uint32_t __copy_from_guest(void *dst, const void *src, uint32_t n)
{
    return guest_copy(dst, src, n);
}

uint32_t __copy_to_guest(void *dst, const void *src, uint32_t n)
{
    return guest_copy(dst, src, n);
}
