/* SPDX-License-Identifier: MIT */
/* Runs a sequence that fails again and again, on frames that nobody has used, with less and less in it. */
#include "fuzz.h"

#define MIN_FREE 64 /* pages */

/* Runs the sequence with the operations in [from, to) left out as well. If it still fails, they stay out. */
static bool still_fails(struct sequence *s, unsigned int from, unsigned int to)
{
    bool before[MAX_OPS];
    unsigned int taken = 0;

    memcpy(before, s->out, sizeof(before));
    for (unsigned int i = from; i < to && i < s->length; i++) {
        taken += !s->out[i];
        s->out[i] = true;
    }
    if (!taken)
        return false;
    if (free_page_count() >= MIN_FREE) {
        fresh_start();
        if (!run_sequence(s, true))
            return true;
    }
    memcpy(s->out, before, sizeof(before));
    return false;
}

static void report(const struct sequence *s)
{
    const char *separator = "";

    printf("fuzz: the shortest sequence that fails:\n");
    for (unsigned int i = 0; i < s->length; i++)
        if (!s->out[i]) {
            printf("fuzz:   %u: ", i);
            print_op(&s->op[i]);
        }
    printf("fuzz: at operation %u: %s\n", failure.at, failure.text);
    printf("fuzz: again: make fuzz SEED=%u SEQUENCE=%u KEEP=", s->seed, s->number);
    for (unsigned int i = 0; i < s->length; i++)
        if (!s->out[i]) {
            printf("%s%u", separator, i);
            separator = ".";
        }
    printf("\n");
}

void shrink(struct sequence *s)
{
    bool shorter = true;

    fresh_start();
    if (run_sequence(s, true)) {
        printf("fuzz: alone, and from a fresh start, this sequence passes: look at the ones before it\n");
        return;
    }
    /* Nothing after the operation that failed is needed. */
    for (unsigned int i = failure.at + 1; i < s->length; i++)
        s->out[i] = true;
    for (unsigned int step = MAX_OPS / 2; step; step = shorter && step == 1 ? 1 : step / 2) {
        shorter = false;
        for (unsigned int i = 0; i < s->length; i += step)
            shorter |= still_fails(s, i, i + step);
    }
    fresh_start();
    if (run_sequence(s, true))
        printf("fuzz: the last replay did not fail\n");
    report(s);
}
