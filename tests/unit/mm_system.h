/* SPDX-License-Identifier: MIT */
/* The system interface of test_mm.c, which has no C library: output, memory at the hypervisor's addresses, signals. */
#ifndef MM_SYSTEM_H
#define MM_SYSTEM_H

#include <xen/lib.h>

/* Knows only %s %d %u %x. */
void say(const char *f, ...) __printf(1, 2);
void say_list(const char *f, va_list args);

/* Called once. Ends the program (status 77: skip) if the system refuses the addresses. */
void set_up_memory(void);

#endif
