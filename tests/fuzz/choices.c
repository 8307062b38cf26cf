/* SPDX-License-Identifier: MIT */
/* Choices for mm_world.c: choices.h. */
#include "choices.h"
#include "../unit/mm_world.h"
#include "host.h"

struct input input;

void fail(const char *f, ...)
{
    va_list args;

    va_start(args, f);
    host_vfinding(f, args);
}

void exit_with(int status)
{
    host_finding("ended with status %d", status);
}

uint32_t below(uint32_t n)
{
    return choose(&input, n);
}

uint32_t random32(void)
{
    return take(&input, 4);
}
