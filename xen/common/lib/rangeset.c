/* SPDX-License-Identifier: MIT */
/* Sets of numbers as ranges: xen/rangeset.h. */
#include <public/errno.h>
#include <xen/lib.h>
#include <xen/rangeset.h>

/* Puts n ranges in the place of those from `from` up to, but not including, `to`. */
static int replace(struct rangeset *s, uint32_t from, uint32_t to, const void *ranges, uint32_t n)
{
    if (s->n - (to - from) + n > RANGESET_MAX)
        return -ENOMEM;
    memmove(&s->range[from + n], &s->range[to], (s->n - to) * sizeof(s->range[0]));
    memcpy(&s->range[from], ranges, n * sizeof(s->range[0]));
    s->n += n - (to - from);
    return 0;
}

int rangeset_add(struct rangeset *s, uint32_t first, uint32_t last)
{
    typeof(s->range[0]) sum = {first, last};
    uint32_t from = 0, to;

    /* The new range becomes one with those that it overlaps or touches. */
    while (from < s->n && s->range[from].last < first && s->range[from].last + 1 < first)
        from++;
    for (to = from; to < s->n && (s->range[to].first <= last || s->range[to].first - 1 == last); to++) {
        sum.first = MIN(sum.first, s->range[to].first);
        sum.last = MAX(sum.last, s->range[to].last);
    }
    return replace(s, from, to, &sum, 1);
}

int rangeset_remove(struct rangeset *s, uint32_t first, uint32_t last)
{
    typeof(s->range[0]) rest[2];
    uint32_t from = 0, to, n = 0;

    while (from < s->n && s->range[from].last < first)
        from++;
    for (to = from; to < s->n && s->range[to].first <= last; to++)
        ;
    if (from == to)
        return 0;
    if (s->range[from].first < first) {
        rest[n].first = s->range[from].first;
        rest[n++].last = first - 1;
    }
    if (s->range[to - 1].last > last) {
        rest[n].first = last + 1;
        rest[n++].last = s->range[to - 1].last;
    }
    return replace(s, from, to, rest, n);
}

bool rangeset_contains(const struct rangeset *s, uint32_t first, uint32_t last)
{
    for (uint32_t i = 0; i < s->n && s->range[i].first <= first; i++)
        if (last <= s->range[i].last)
            return true;
    return false;
}
