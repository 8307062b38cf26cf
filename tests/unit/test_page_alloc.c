/* SPDX-License-Identifier: MIT */
/*
 * The page allocator (xen/common/memory/page_alloc.c), on the host, against a plain array that says which frames are
 * free.
 *
 * Proves, over a long random sequence of allocations of all sizes and of frees: a block is free, aligned, below the
 * requested limit, and the lowest such block; the answer "none" comes only when there is none; the number of free
 * frames is right; boot memory is the highest free run of frames; heap pages are zeroed and can be given back.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define strtoull hypervisor_strtoull /* not the host's */
#include "../../xen/common/memory/page_alloc.c"

mfn_t max_page;
struct cpu this_cpu;

void clear_page(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

void panic(const char *fmt, ...)
{
    printf("panic: %s\n", fmt);
    abort();
}

static unsigned int mismatches;

void audit_mismatch(uint32_t kind, uint32_t id, uint32_t expected, uint32_t found)
{
    mismatches++;
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

#define FRAMES 3000        /* no multiple of a word */
static bool model[FRAMES]; /* free */
static uint32_t model_free;

static void model_set(mfn_t first, uint32_t count, bool free)
{
    for (uint32_t i = 0; i < count; i++) {
        CHECK(model[first + i] != free, "frame %x twice", first + i);
        model[first + i] = free;
    }
    model_free += free ? count : -count;
}

static mfn_t model_lowest(unsigned int order, mfn_t below)
{
    uint32_t count = 1u << order;

    for (mfn_t m = 0; m + count <= MIN(below, FRAMES); m += count) {
        uint32_t n = 0;

        while (n < count && model[m + n])
            n++;
        if (n == count)
            return m;
    }
    return INVALID_MFN;
}

static void reset(void)
{
    max_page = FRAMES;
    while (alloc_dom_frames(0, INVALID_MFN) != INVALID_MFN)
        ;
    memset(model, 0, sizeof(model));
    model_free = 0;
}

static void one_allocation(unsigned int order)
{
    mfn_t below = random_number() % 3 ? INVALID_MFN : random_number() % (FRAMES + 100);
    mfn_t expected = model_lowest(order, below), got = alloc_dom_frames(order, below);

    CHECK(got == expected, "order %u below %x: %x, expected %x", order, below, got, expected);
    if (got != INVALID_MFN)
        model_set(got, 1u << order, false);
}

static void guest_frames(void)
{
    reset();
    add_dom_frames(37, 1000);
    model_set(37, 1000 - 37, true);
    add_dom_frames(1024, FRAMES);
    model_set(1024, FRAMES - 1024, true);
    for (unsigned int round = 0; round < 200000; round++) {
        mfn_t mfn = random_number() % FRAMES;

        if (random_number() % 4 == 0)
            one_allocation(random_number() % 5 ? random_number() % 3 : random_number() % 12);
        else if (mfn >= 37 && (mfn < 1000 || mfn >= 1024) && !model[mfn]) {
            free_dom_frame(mfn);
            model_set(mfn, 1, true);
        }
        CHECK(free_dom_frames() == model_free, "%u, expected %u", free_dom_frames(), model_free);
        if (round % 1000 == 0)
            audit_pools();
        CHECK(!mismatches, "%u mismatches for the auditor", mismatches);
    }
}

static void orders_beyond_all(void)
{
    reset();
    add_dom_frames(0, FRAMES);
    for (unsigned int order = 12; order < 40; order++)
        CHECK(alloc_dom_frames(order, INVALID_MFN) == INVALID_MFN, "order %u", order);
    CHECK(alloc_dom_frames(11, INVALID_MFN) == 0, "the largest there is");
    CHECK(alloc_dom_frames(0, 0) == INVALID_MFN, "below nothing");
    CHECK(alloc_dom_frames(0, 2048) == INVALID_MFN, "below the first free one");
    CHECK(alloc_dom_frames(0, 2049) == 2048, "just below the limit");
}

/* Against the model: the highest free run of any length. Then all of it is given back. */
static void boot_memory(void)
{
    reset();
    add_dom_frames(1, FRAMES);
    model_set(1, FRAMES - 1, true);
    for (unsigned int round = 0; round < 20000; round++) {
        uint32_t r = random_number(), size = r % 3 ? r % 70000 : 1 + (r >> 8) % (FRAMES * PAGE_SIZE);
        uint32_t frames = (size + PAGE_SIZE - 1) / PAGE_SIZE, expected = 0, run = 0;
        void *memory = alloc_boot_memory(size);

        for (mfn_t m = FRAMES; frames && !expected && m-- > 0;)
            if ((run = model[m] ? run + 1 : 0) == frames)
                expected = m;
        CHECK((uint32_t)memory == expected * PAGE_SIZE, "%u bytes: %p, expected frame %x", size, memory, expected);
        if (!memory)
            continue;
        if (r >> 31) {
            free_boot_memory(memory, size);
            CHECK(free_dom_frames() == model_free, "%u, expected %u", free_dom_frames(), model_free);
            continue;
        }
        model_set(expected, frames, false);
        for (mfn_t m = random_number() % FRAMES; m; m--)
            if (!model[m] && random_number() & 1) {
                free_dom_frame(m);
                model_set(m, 1, true);
            }
    }
    CHECK(!alloc_boot_memory(0), "nothing");
    CHECK(!alloc_boot_memory(UINT32_MAX), "everything");
}

#define HEAP_PAGES 100
static char heap[HEAP_PAGES * PAGE_SIZE] __aligned(PAGE_SIZE);

static void heap_pages(void)
{
    void *pages[HEAP_PAGES];
    unsigned int n = 0;
    char *large;

    memset(heap, 0xAA, sizeof(heap));
    init_heap(heap, HEAP_PAGES);
    large = alloc_heap_pages(6);
    CHECK(large >= heap && large + 64 * PAGE_SIZE <= heap + sizeof(heap), "outside");
    for (unsigned int i = 0; i < 64 * PAGE_SIZE; i++)
        if (large[i]) {
            CHECK(!large[i], "byte %u is not zero", i);
            break;
        }
    CHECK(!alloc_heap_pages(6), "too large");
    while (n < HEAP_PAGES && (pages[n] = alloc_heap_pages(0)))
        n++;
    CHECK(n == HEAP_PAGES - 64, "%u pages", n);
    free_heap_pages(large, 6);
    while (n-- > 0)
        free_heap_pages(pages[n], 0);
    CHECK(alloc_heap_pages(6) == large, "all is free again");
}

static const struct unit_test tests[] = {
    {"page_alloc_guest_frames", guest_frames},
    {"page_alloc_orders_beyond_all", orders_beyond_all},
    {"page_alloc_boot_memory", boot_memory},
    {"page_alloc_heap_pages", heap_pages},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
