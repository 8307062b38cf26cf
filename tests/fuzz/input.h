/* SPDX-License-Identifier: MIT */
/* The input as a sequence of choices. After its end every choice is 0. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *next, *end;
};

static inline bool input_left(const struct input *in)
{
    return in->next < in->end;
}

static inline uint32_t take(struct input *in, unsigned int bytes)
{
    uint32_t value = 0;

    for (unsigned int i = 0; i < bytes && in->next < in->end; i++)
        value |= (uint32_t)*in->next++ << (8 * i);
    return value;
}

/* 0 to n - 1 */
static inline uint32_t choose(struct input *in, uint32_t n)
{
    return take(in, n <= 256 ? 1 : n <= 65536 ? 2 : 4) % n;
}

#endif
