/* SPDX-License-Identifier: MIT */
/* The system below test_mm.c, which has no C library: output, memory at the hypervisor's addresses, signals. */
#ifndef MM_SYSTEM_H
#define MM_SYSTEM_H

#include <xen/lib.h>

/* Only %s %d %u %x. */
void say(const char *f, ...) __printf(1, 2);
void say_list(const char *f, va_list args);

/* Once. Ends the program (status 77: skip) where the system does not give it the addresses. */
void set_up_memory(void);

#endif
