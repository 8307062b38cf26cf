/* SPDX-License-Identifier: MIT */
#include "result/distribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_BELOW 128

uint64_t bucket_width(uint64_t low)
{
    uint64_t width = 1;

    while (low / width >= EXACT_BELOW)
        width *= 2;
    return width;
}

double distribution_quantile(const struct distribution *d, double p)
{
    double wanted = p * d->n, below = 0;

    for (size_t i = 0; i < d->v_n; i++) {
        const struct bucket *b = &d->v[i];

        if (below + b->n >= wanted) {
            double width = bucket_width(b->low), at = width > 1 ? b->low + width * (wanted - below) / b->n : b->low;

            return fmin(fmax(at, d->min), d->max);
        }
        below += b->n;
    }
    return d->max;
}

/* Buckets in order, each at a place where one begins, and the sum of all is n. */
static bool is_whole(const struct distribution *d)
{
    uint64_t sum = 0;

    if (!d->v_n || d->min > d->max || d->max > 1ull << 50)
        return false;
    for (size_t i = 0; i < d->v_n; i++) {
        const struct bucket *b = &d->v[i];

        if (!b->n || b->n > d->n || b->low > d->max || b->low % bucket_width(b->low) || (i && b->low <= b[-1].low))
            return false;
        sum += b->n;
    }
    return sum == d->n && d->min >= d->v[0].low && d->min < d->v[0].low + bucket_width(d->v[0].low);
}

static bool parse_buckets(struct distribution *d, char *list)
{
    char *save = NULL;

    for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
        char *colon = strchr(s, ':');
        struct bucket b;

        if (!colon)
            return false;
        *colon = 0;
        if (!parse_u64(s, &b.low) || !parse_u64(colon + 1, &b.n))
            return false;
        *ARRAY_ADD(d->v, d->v_n) = b;
    }
    return true;
}

static struct distribution *if_whole(struct distribution *d, bool good)
{
    if (good && is_whole(d))
        return d;
    distribution_free(d);
    return NULL;
}

struct distribution *distribution_parse(const char *text)
{
    static const char *const keys[] = {"n=", "overhead=", "min=", "max=", "hist="};
    struct distribution *d = xcalloc(1, sizeof(*d));
    uint64_t *const values[] = {&d->n, &d->overhead, &d->min, &d->max};
    char *copy = xstrdup(text), *save = NULL, *word = strtok_r(copy, " ", &save);
    bool good = true;

    for (size_t i = 0; i < 5 && good; i++, word = strtok_r(NULL, " ", &save)) {
        size_t length = strlen(keys[i]);

        good = word && !strncmp(word, keys[i], length) &&
               (i < 4 ? parse_u64(word + length, values[i]) : parse_buckets(d, word + length));
    }
    good = good && !word;
    free(copy);
    return if_whole(d, good);
}

json_t *distribution_json(const struct distribution *d)
{
    json_t *buckets = json_array();

    for (size_t i = 0; i < d->v_n; i++)
        json_array_append_new(buckets, json_pack("[I,I]", (json_int_t)d->v[i].low, (json_int_t)d->v[i].n));
    return json_pack("{s:I,s:I,s:I,s:I,s:o}", "n", (json_int_t)d->n, "overhead", (json_int_t)d->overhead, "min",
                     (json_int_t)d->min, "max", (json_int_t)d->max, "buckets", buckets);
}

struct distribution *distribution_load(const json_t *o)
{
    struct distribution *d = xcalloc(1, sizeof(*d));
    json_int_t n = -1, overhead = -1, min = -1, max = -1, low, count;
    json_t *buckets = NULL, *pair;
    bool good = !json_unpack((json_t *)o, "{s:I,s:I,s:I,s:I,s:o}", "n", &n, "overhead", &overhead, "min", &min, "max",
                             &max, "buckets", &buckets) &&
                n >= 0 && overhead >= 0 && min >= 0 && max >= 0;
    size_t i;

    json_array_foreach(good ? buckets : NULL, i, pair)
    {
        good = good && !json_unpack(pair, "[I,I]", &low, &count) && low >= 0 && count >= 0;
        if (good)
            *ARRAY_ADD(d->v, d->v_n) = (struct bucket){low, count};
    }
    d->n = n;
    d->overhead = overhead;
    d->min = min;
    d->max = max;
    return if_whole(d, good);
}

void distribution_free(struct distribution *d)
{
    if (d)
        free(d->v);
    free(d);
}
