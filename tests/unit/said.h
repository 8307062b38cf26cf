/* SPDX-License-Identifier: MIT */
/* What the hypervisor's code says, and the way out of its panics, for the unit tests. Included once. */
#ifndef SAID_H
#define SAID_H

#include "unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <xen/lib.h>

static char said[8192]; /* a test makes it empty before it begins */
static unsigned int lines_said;
static jmp_buf way_out;

static void say(const char *fmt, va_list ap)
{
    size_t used = strlen(said);

    vsnprintf(said + used, sizeof(said) - used, fmt, ap);
    lines_said++;
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    (void)level;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    longjmp(way_out, 1);
}

static inline void nothing_said(void)
{
    said[0] = 0;
    lines_said = 0;
}

/* Is the call left by a panic? */
#define PANICS(call) (setjmp(way_out) ? true : ((void)(call), false))

#define CHECK_SAID(text)   CHECK(strstr(said, text), "\"%s\" is not in: %s", text, said)
#define CHECK_UNSAID(text) CHECK(!strstr(said, text), "\"%s\" is in: %s", text, said)

#endif
