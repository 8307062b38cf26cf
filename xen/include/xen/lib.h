/* SPDX-License-Identifier: MIT */
/* What every file may use: printing, strings, small arithmetic. */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define ROUNDUP(x, a) (((x) + (a)-1) & ~((typeof(x))(a)-1))
#define __init        __attribute__((section(".init.text"), cold))
#define __initdata    __attribute__((section(".init.data")))
#define __aligned(n)  __attribute__((aligned(n)))
/* Other vCPUs may run before the function returns (xen/operation.h). By the section tools/check-switches.sh recognises
 * the function. It complains about callers that are not marked. */
#define __may_switch   __attribute__((section(".text.may_switch")))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define barrier()      __asm__ volatile("" ::: "memory")
#define ACCESS_ONCE(x) (*(volatile typeof(x) *)&(x))

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DEBUG };
extern enum log_level log_level;                  /* loglvl=; messages of a higher level are dropped */
void printk(const char *fmt, ...) __printf(1, 2); /* prefixes "(XEN) " */
void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);
void panic(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn)); /* hypervisor bugs and boot errors only */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);

#define BUG_ON(cond)                                              \
    do {                                                          \
        if (unlikely(cond))                                       \
            panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); \
    } while (0)

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
size_t strlcpy(char *dst, const char *src, size_t size);
/* Base 0, 8, 10 or 16 as C has it; *end is the first character not used. */
uint64_t strtoull(const char *s, const char **end, int base);
uint64_t parse_size(const char *s, const char **end); /* "64M", "0x1000k", "1G", "65536" (KiB) in bytes */

void clear_page(void *page);
void copy_page(void *dst, const void *src);

/* n / d for 32-bit code without libgcc; *rem may be NULL. */
uint64_t div64(uint64_t n, uint32_t d, uint32_t *rem);

#endif
