/* SPDX-License-Identifier: MIT */
/* The long division that the hypervisor has in assembly (xen/lib.h), for the unit tests. Included once. */
#ifndef DIVIDED_H
#define DIVIDED_H

#include <xen/lib.h>

uint64_t div64(uint64_t n, uint32_t d, uint32_t *remainder)
{
    if (remainder)
        *remainder = n % d;
    return n / d;
}

#endif
