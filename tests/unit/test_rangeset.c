/* SPDX-License-Identifier: MIT */
/*
 * Sets of numbers as ranges (xen/common/lib/rangeset.c), against an array with a byte for each number.
 *
 * Proves: after any additions and removals, exactly the right numbers are in the set, at both ends of what 32 bits
 * hold, too; ranges never touch; a full set refuses and stays as it was.
 */
#include "unit.h"

#include <public/errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/rangeset.h>

#define N 100

/* Numbers 0 to N - 1 of the model are these of the set: the lowest and the highest that there are, and some between. */
static uint32_t number(unsigned int i)
{
    return i < N / 2 ? i : UINT32_MAX - (N - 1 - i);
}

static uint8_t model[N];

static void compare(const struct rangeset *s)
{
    for (unsigned int i = 0; i < N; i++)
        for (unsigned int j = i; j < N && (i >= N / 2 || j < N / 2); j++)
            CHECK(rangeset_contains(s, number(i), number(j)) == !memchr(model + i, 0, j - i + 1), "%x to %x", number(i),
                  number(j));
    for (unsigned int i = 1; i < s->n; i++)
        CHECK(s->range[i].first > s->range[i - 1].last && s->range[i].first - s->range[i - 1].last > 1, "ranges touch");
    for (unsigned int i = 0; i < s->n; i++)
        CHECK(s->range[i].first <= s->range[i].last, "an empty range");
}

static void against_a_model(void)
{
    struct rangeset s = {0};

    srand(82);
    memset(model, 0, sizeof(model));
    for (unsigned int step = 0; step < 3000; step++) {
        unsigned int half = rand() & 1 ? N / 2 : 0, a = half + rand() % (N / 2), b = half + rand() % (N / 2);
        bool add = rand() % 3;
        int rc;

        if (a > b) {
            unsigned int c = a;

            a = b;
            b = c;
        }
        if (rand() % 4)
            b = a;
        rc = add ? rangeset_add(&s, number(a), number(b)) : rangeset_remove(&s, number(a), number(b));
        CHECK(!rc || (rc == -ENOMEM && s.n >= RANGESET_MAX - 1), "step %u: %d with %u ranges", step, rc, s.n);
        if (!rc)
            memset(model + a, add, b - a + 1);
        if (step % 10 == 0)
            compare(&s);
    }
}

static void full(void)
{
    struct rangeset s = {0}, before;

    for (uint32_t i = 0; i < RANGESET_MAX; i++)
        CHECK(!rangeset_add(&s, i * 10, i * 10 + 5), "range %u", i);
    before = s;
    CHECK(rangeset_add(&s, 8, 8) == -ENOMEM && !memcmp(&s, &before, sizeof(s)), "one more");
    CHECK(rangeset_remove(&s, 12, 13) == -ENOMEM && !memcmp(&s, &before, sizeof(s)), "a hole");
    CHECK(!rangeset_add(&s, 6, 6) && !rangeset_add(&s, 6, 9) && s.n == RANGESET_MAX - 1, "what joins two");
    CHECK(!rangeset_remove(&s, 0, UINT32_MAX) && !s.n, "all");
    CHECK(!rangeset_add(&s, 0, UINT32_MAX) && rangeset_contains(&s, 0, UINT32_MAX) && s.n == 1, "everything");
    CHECK(!rangeset_add(&s, 5, 6) && s.n == 1, "a part of it");
}

static const struct unit_test tests[] = {{"rangeset_against_a_model", against_a_model}, {"rangeset_full", full}};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
