/* SPDX-License-Identifier: MIT */
/* Console output, a line at a time: through console_io, or through the domain's ring if it has one. Knows %d %i %u %x
 * %X %c %s %p %%, l and ll, width, 0 and -. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <public/io/console.h>

int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
int snprintf(char *buf, uint32_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, uint32_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

/* Writes out what is in the line buffer. printf does this at each '\n'. */
void console_flush(void);

bool console_is_ring(void);
struct xencons_interface *console_ring(void);

#endif
