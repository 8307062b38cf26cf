/* SPDX-License-Identifier: MIT */
/*
 * The clock. Each call is timed alone, between two LFENCEs, and so are as many bare IRETs, by turns, under the same
 * conditions. What is printed is the bench guest's protocol (bench/result/parse.c): a sample is the sum of its calls.
 */
#include "native.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_UPS    16u
#define COLD_PART   8   /* of so many warm calls, one is made cold: it takes long to make it so */
#define EXACT_BELOW 128 /* ticks: bucket_width() of bench/result/distribution.c */

static void cool_data(void)
{
    image_flush_data();
    world_flush_data();
    rows_flush_arguments();
    __asm__ volatile("mfence" : : : "memory");
}

static void cool_code(void)
{
    image_flush_code();
    __asm__ volatile("mfence" : : : "memory");
}

static void cool_all(void)
{
    image_flush_code();
    cool_data();
}

static const struct state {
    const char *suffix;
    void (*cool)(void);
} states[] = {{"", NULL}, {"_cold_data", cool_data}, {"_cold_code", cool_code}, {"_cold", cool_all}};
#define STATES (sizeof(states) / sizeof(*states))

static void full_name(char *text, size_t room, const struct row *r, const struct state *s)
{
    snprintf(text, room, "%s%s", r->name, s->suffix);
}

static bool wanted(const char *globs, const struct row *r, const struct state *s)
{
    char *copy = strdup(globs && *globs ? globs : "*"), *save = NULL, name[64], with_batch[80];
    bool hit = false;

    full_name(name, sizeof(name), r, s);
    snprintf(with_batch, sizeof(with_batch), "%s/%u", name, r->batch);
    for (char *g = strtok_r(copy, ", ", &save); g; g = strtok_r(NULL, ", ", &save))
        hit |= !fnmatch(g, name, 0) || !fnmatch(g, with_batch, 0);
    free(copy);
    return hit;
}

/* Each glob must fit some row. */
static void globs_check(const char *globs)
{
    char *copy = strdup(globs ? globs : ""), *save = NULL;

    for (char *g = strtok_r(copy, ", ", &save); g; g = strtok_r(NULL, ", ", &save)) {
        bool hit = false;

        for (unsigned int i = 0; i < rows_n && !hit; i++)
            for (unsigned int k = 0; k < STATES && !hit; k++)
                hit = wanted(g, &rows[i], &states[k]);
        if (!hit)
            quit(CODE_USAGE, "no row is called %s; `int82-bench native --list` prints them", g);
    }
    free(copy);
}

static uint64_t bare(const struct state *s)
{
    static struct call call;
    uint64_t ticks;

    call.entry = (uint32_t)gate_iret;
    if (s->cool)
        s->cool();
    (void)gate(&call, &ticks);
    return ticks;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t bucket_of(uint64_t ticks)
{
    uint64_t width = 1;

    while (ticks / width >= EXACT_BELOW)
        width *= 2;
    return ticks / width * width;
}

/* SINGLES: all calls one by one. */
static void print_singles(const char *name, unsigned int batch, uint64_t *singles, unsigned int n, uint64_t overhead)
{
    qsort(singles, n, sizeof(*singles), by_size);
    for (unsigned int i = 0; i < n; i++)
        singles[i] -= singles[i] < overhead ? singles[i] : overhead;
    printf("@int82 single name=%s batch=%u n=%u overhead=%llu min=%llu max=%llu hist=", name, batch, n,
           (unsigned long long)overhead, (unsigned long long)singles[0], (unsigned long long)singles[n - 1]);
    for (unsigned int i = 0, k; i < n; i = k) {
        for (k = i; k < n && bucket_of(singles[k]) == bucket_of(singles[i]); k++)
            ;
        printf("%s%llu:%u", i ? "," : "", (unsigned long long)bucket_of(singles[i]), k - i);
    }
    printf("\n");
}

static void measure_row(struct row *r, const struct state *s, unsigned int samples, unsigned int calls)
{
    unsigned int each = s->cool && calls > COLD_PART ? calls / COLD_PART : calls, n = 0;
    uint64_t *sums = calloc(samples, sizeof(*sums)), *singles = calloc(samples * each, sizeof(*singles));
    uint64_t empty = UINT64_MAX, overhead = UINT64_MAX;
    char name[64];

    for (unsigned int i = 0; i < WARM_UPS; i++) {
        (void)row_call(r, s->cool);
        (void)bare(s);
    }
    for (unsigned int i = 0; i < samples; i++) {
        uint64_t empty_sum = 0;

        for (unsigned int k = 0; k < each; k++) {
            uint64_t idle = bare(s);

            empty_sum += idle;
            overhead = idle < overhead ? idle : overhead;
            singles[n] = row_call(r, s->cool);
            sums[i] += singles[n++];
        }
        empty = empty_sum < empty ? empty_sum : empty;
    }
    /* A body that disappears under its IRET costs nothing that shows, and not less than nothing. */
    for (unsigned int i = 0; i < samples; i++)
        empty = sums[i] < empty ? sums[i] : empty;
    full_name(name, sizeof(name), r, s);
    printf("@int82 row name=%s batch=%u calls=%u empty=%llu samples=", name, r->batch, each, (unsigned long long)empty);
    for (unsigned int i = 0; i < samples; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)sums[i]);
    printf("\n");
    print_singles(name, r->batch, singles, n, overhead);
    free(sums);
    free(singles);
}

static unsigned int count_rows(const char *globs)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < rows_n; i++)
        for (unsigned int k = 0; k < STATES; k++)
            n += wanted(globs, &rows[i], &states[k]);
    return n;
}

void measure_rows(const char *globs, unsigned int samples, unsigned int calls)
{
    unsigned int n;
    char cpu[64];

    globs_check(globs);
    n = count_rows(globs);
    host_processor(cpu);
    printf("@int82 begin schema=1 rows=%u\n", n);
    if (host_emulated())
        printf("@int82 info emulated %s\n", host_emulated());
    printf("@int82 info suite %s\n", SUITE);
    printf("@int82 info cpu %s\n", cpu);
    printf("@int82 info tsc_khz %u\n", host_tsc_khz());
    printf("@int82 info reps %u\n", samples);
    printf("@int82 info warm_ups %u\n", WARM_UPS);
    for (unsigned int i = 0; i < rows_n; i++)
        for (unsigned int k = 0; k < STATES; k++)
            if (wanted(globs, &rows[i], &states[k]))
                measure_row(&rows[i], &states[k], samples, calls);
    printf("@int82 info replaced %s\n", traps_replaced());
    printf("@int82 end rows=%u errors=0\n", n);
}

void check_rows(const char *globs)
{
    unsigned int n = 0, refused;

    globs_check(globs);
    for (unsigned int i = 0; i < rows_n; i++)
        for (unsigned int k = 0; k < STATES; k++) {
            if (!wanted(globs, &rows[i], &states[k]))
                continue;
            (void)row_call(&rows[i], states[k].cool);
            (void)row_call(&rows[i], NULL); /* and with what the first one has left behind */
            n++;
        }
    refused = refusals_check();
    printf("%u rows: each call had the right result and the right effect; %u calls that must be refused were\n", n,
           refused);
    printf("replaced: %s\n", traps_replaced());
}

void list_rows(void)
{
    for (unsigned int i = 0; i < rows_n; i++)
        for (unsigned int k = 0; k < STATES; k++)
            printf("%s%s/%u\n", rows[i].name, states[k].suffix, rows[i].batch);
}
