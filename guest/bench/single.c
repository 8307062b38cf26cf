/* SPDX-License-Identifier: MIT */
/*
 * Calls that are timed one by one. The mean of a loop hides one slow call among 256; a histogram of single calls shows
 * it. The buckets grow wider with the value: up to 128 each tick has its own, and above that each octave has 64
 * buckets.
 */
#include "single.h"

#include <guest/mm.h>
#include <guest/string.h>

#define PER_OCTAVE  64
#define BUCKETS     (34 * PER_OCTAVE) /* up to 2^39 ticks; longer times count as that */
#define LEAST_CALLS 1000u             /* of a row, however large its batch is */

#define COLD_EACH   32 /* of 256 or 512 calls, since evicting takes milliseconds */
#define EVICT_ORDER 12 /* 16 MiB: larger than a core's own caches, and more pages than a TLB holds */
#define LINE        64

uint32_t single_calls;

static struct {
    uint32_t n, buckets[BUCKETS];
    uint64_t overhead, min, max;
} single = {.overhead = ~0ull};

static uint32_t bucket_of(uint64_t ticks)
{
    uint32_t shift = 0;

    while (ticks >> shift >= 2 * PER_OCTAVE)
        shift++;
    return shift * PER_OCTAVE + (uint32_t)(ticks >> shift);
}

static uint64_t least_of(uint32_t bucket)
{
    uint32_t shift = bucket < 2 * PER_OCTAVE ? 0 : bucket / PER_OCTAVE - 1;

    return (uint64_t)(bucket - shift * PER_OCTAVE) << shift;
}

static void add(uint64_t ticks)
{
    uint32_t bucket;

    ticks = ticks > single.overhead ? ticks - single.overhead : 0;
    bucket = bucket_of(ticks);
    single.buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    single.min = !single.n || ticks < single.min ? ticks : single.min;
    single.max = !single.n || ticks > single.max ? ticks : single.max;
    single.n++;
}

static volatile uint8_t *memory; /* it is only read */

/* Reads more than the caches hold, so that the next call gets its data from memory or from a cache shared with other
 * cores. The memory also has more pages than the TLB holds. */
static void evict(void)
{
    uint32_t i;

    for (i = 0; i < PAGE_SIZE << EVICT_ORDER; i += LINE)
        (void)memory[i];
}

uint32_t bench_refill_pages;
const volatile void *bench_refill_from;

/* An emulator that counts instructions shows no effect of caches. Ring 1 executes CPUID itself, so the machine answers
 * and not the hypervisor. */
bool bench_has_caches(struct bench *b)
{
    uint32_t eax = 0x40000000, ebx, ecx = 0, edx;

    if (!bench_may_ask_cpuid()) {
        bench_skip(b, "cpuid=no: whether there are caches is not known");
        return false;
    }
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (ebx != 0x54474354 || ecx != 0x43544743 || edx != 0x47435447) /* TCGTCGTCGTCG */
        return true;
    bench_skip(b, "QEMU TCG counts instructions, which know no cache");
    return false;
}

bool bench_cold(struct bench *b)
{
    if (!bench_has_caches(b))
        return false;
    /* Twice as much must be free, because the memory has to be in one piece. */
    if (!memory && free_page_count() >= 2u << EVICT_ORDER)
        memory = alloc_pages(EVICT_ORDER);
    if (!memory)
        bench_skip(b, "too little memory to evict caches with");
    b->cold = COLD_EACH;
    return memory;
}

uint64_t single_cold(struct bench *b, bench_loop_fn *loop)
{
    uint64_t ticks = 0, one;
    uint32_t i;

    for (i = 0; i < b->count; i++) {
        if (!(i % b->cold))
            evict();
        one = loop(b->calls + i, b->calls + i + 1);
        ticks += i % b->cold ? 0 : one;
    }
    return ticks;
}

static uint32_t wanted(const struct bench *b)
{
    uint32_t n = single_calls / (b->cold ? 100 : b->batch);

    return n < LEAST_CALLS && n < single_calls ? LEAST_CALLS : n;
}

bool single_more(const struct bench *b)
{
    return single_calls && single.n < wanted(b);
}

/* The minimum of many, because an interrupt in it would be subtracted from every call. */
static void measure_overhead(struct bench *b, uint32_t group)
{
    uint64_t ticks;
    uint32_t i;

    for (i = 0; i < 64 || i < b->count; i += group) {
        ticks = b->loop->empty(b->calls, b->calls + group);
        single.overhead = ticks < single.overhead ? ticks : single.overhead;
    }
}

void single_run(struct bench *b)
{
    uint32_t group = b->turns ? b->count / b->turns : 1, i;
    uint64_t ticks;

    if (!single.n)
        measure_overhead(b, group);
    for (i = 0; i < b->count; i += group) {
        if (b->cold && !(i % b->cold))
            evict();
        ticks = b->loop->measured(b->calls + i, b->calls + i + group);
        if (!b->cold || !(i % b->cold))
            add(ticks);
    }
}

void single_print(const struct bench *b)
{
    const char *comma = "";
    uint32_t i;

    if (single.n && !b->failed && !b->skipped) {
        printf("@int82 single name=%s batch=%u n=%u overhead=%llu min=%llu max=%llu hist=", b->name, b->batch, single.n,
               single.overhead, single.min, single.max);
        for (i = 0; i < BUCKETS; i++)
            if (single.buckets[i]) {
                printf("%s%llu:%u", comma, least_of(i), single.buckets[i]);
                comma = ",";
            }
        printf("\n");
    }
    memset(&single, 0, sizeof(single));
    single.overhead = ~0ull;
}
