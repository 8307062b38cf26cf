/* SPDX-License-Identifier: MIT */
/* The processor that runs this program: whether there is one, its name, and the rate of its TSC. */
#include "native.h"

#include <cpuid.h>
#include <string.h>
#include <time.h>

#define HYPERVISOR_LEAF 0x40000000
#define BRAND_LEAVES    0x80000002
#define CLFLUSH_BIT     (1u << 19) /* of EDX, leaf 1 */
#define ROUNDS          64

static uint64_t tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("mfence\nlfence\nrdtsc\nlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* The least ticks of a load, warm or just flushed. */
static uint32_t load_ticks(bool flushed)
{
    static volatile uint32_t word[64] __attribute__((aligned(64)));
    uint32_t least = UINT32_MAX;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t before;

        (void)word[0];
        if (flushed)
            flush_range(word, 1);
        before = tsc();
        (void)word[0];
        before = tsc() - before;
        if (before < least)
            least = before;
    }
    return least;
}

/* QEMU's TCG tells by CPUID what it is, unless it was told not to. So what it lacks is looked for, too: caches. */
const char *host_emulated(void)
{
    uint32_t eax, signature[3];

    __cpuid(HYPERVISOR_LEAF, eax, signature[0], signature[1], signature[2]);
    if (!memcmp(signature, "TCGTCGTCGTCG", sizeof(signature)))
        return "QEMU's TCG emulates the processor";
    __cpuid(1, eax, signature[0], signature[1], signature[2]);
    if (!(signature[2] & CLFLUSH_BIT))
        return "the processor has no CLFLUSH, so nothing could be cold";
    if (load_ticks(true) < load_ticks(false) + 20)
        return "a load of a line that was flushed takes no longer than of one that is cached, so the processor is "
               "emulated, or keeps no time";
    return NULL;
}

void host_processor(char text[64])
{
    uint32_t words[4 * 3] = {0}, highest, b, c, d;
    const char *from = (const char *)words;

    memset(text, 0, 64);
    __cpuid(BRAND_LEAVES & 1u << 31, highest, b, c, d);
    if (highest < BRAND_LEAVES + 2) {
        memcpy(text, "unknown", 8);
        return;
    }
    for (unsigned int i = 0; i < 3; i++)
        __cpuid(BRAND_LEAVES + i, words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]);
    while (*from == ' ' && from < (const char *)words + sizeof(words) - 1)
        from++;
    memcpy(text, from, (const char *)words + sizeof(words) - from);
}

uint32_t host_tsc_khz(void)
{
    struct timespec a, b;
    uint64_t from, to;
    int64_t ns;

    clock_gettime(CLOCK_MONOTONIC, &a);
    from = tsc();
    do {
        clock_gettime(CLOCK_MONOTONIC, &b);
        to = tsc();
        ns = (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec;
    } while (ns < 100000000);
    return (to - from) * 1000000 / ns;
}
