/* SPDX-License-Identifier: MIT */
/*
 * Free machine memory: guests' frames, and the hypervisor's heap in the direct map. A bit for each page, set while it
 * is free. Blocks are aligned to their size and taken from below, so what is left stays in one piece.
 */
#include <xen/audit.h>
#include <xen/faults.h>
#include <xen/boot_memory.h>
#include <xen/sched.h>
#include <xen/setup.h>

#define WORD_BITS 32

struct pool {
    uint32_t *bits;
    uint32_t pages, free;
    uint32_t hint; /* no free page below this one */
};

static uint32_t dom_bits[MAX_FRAMES / WORD_BITS];
static uint32_t heap_bits[DIRECTMAP_SIZE / PAGE_SIZE / WORD_BITS];
static struct pool dom_pool = {.bits = dom_bits, .pages = MAX_FRAMES, .hint = MAX_FRAMES};
static struct pool heap_pool = {.bits = heap_bits};
static char *heap_start;

#define NONE UINT32_MAX

static void release(struct pool *p, uint32_t page)
{
    uint32_t bit = 1u << page % WORD_BITS;

    BUG_ON(page >= p->pages || p->bits[page / WORD_BITS] & bit);
    p->bits[page / WORD_BITS] |= bit;
    p->free++;
    p->hint = MIN(p->hint, page);
}

static uint32_t take_one(struct pool *p, uint32_t limit)
{
    uint32_t i = p->hint / WORD_BITS, page;

    while (i * WORD_BITS < limit && !p->bits[i])
        i++;
    if (i * WORD_BITS >= limit)
        return NONE;
    page = i * WORD_BITS + __builtin_ctz(p->bits[i]);
    if (page >= limit)
        return NONE;
    p->bits[i] &= p->bits[i] - 1;
    return page;
}

/* For blocks of less than a word of bits. */
static uint32_t take_small(struct pool *p, unsigned int order, uint32_t limit)
{
    static const uint32_t starts[] = {0xFFFFFFFF, 0x55555555, 0x11111111, 0x01010101, 0x00010001};

    for (uint32_t i = p->hint / WORD_BITS; i * WORD_BITS < limit; i++) {
        uint32_t free = p->bits[i], page;

        for (unsigned int n = 0; n < order; n++)
            free &= free >> (1u << n); /* a bit stays set where its neighbours are free, too */
        free &= starts[order];
        if (!free)
            continue;
        page = i * WORD_BITS + __builtin_ctz(free);
        if (page + (1u << order) > limit)
            return NONE;
        p->bits[i] &= ~(((1u << (1u << order)) - 1) << page % WORD_BITS);
        return page;
    }
    return NONE;
}

/* For blocks of one or more words of bits. */
static uint32_t take_large(struct pool *p, unsigned int order, uint32_t limit)
{
    uint32_t words = (1u << order) / WORD_BITS, run = 0;

    for (uint32_t i = p->hint / WORD_BITS & ~(words - 1); i < limit / WORD_BITS; i++) {
        if (p->bits[i] != 0xFFFFFFFF) {
            run = 0;
            i |= words - 1; /* the next block */
            continue;
        }
        if (++run < words)
            continue;
        for (uint32_t n = i + 1 - words; n <= i; n++)
            p->bits[n] = 0;
        return (i + 1 - words) * WORD_BITS;
    }
    return NONE;
}

/* Finds the lowest 2^order contiguous free pages below `below`. */
static uint32_t take(struct pool *p, unsigned int order, uint32_t below)
{
    uint32_t limit = MIN(below, p->pages), page;

    if (order > 20 || p->free < 1u << order)
        return NONE;
    if (!order)
        page = take_one(p, limit);
    else
        page = order < 5 ? take_small(p, order, limit) : take_large(p, order, limit);
    if (limit > p->hint)
        spend((MIN(page, limit) - p->hint) / WORD_BITS);
    if (page == NONE)
        return NONE;
    p->free -= 1u << order;
    if (order == 0)
        p->hint = page + 1;
    return page;
}

/* --- Guests' frames */

void __init add_dom_frames(mfn_t first, mfn_t end)
{
    for (; first < end; first++)
        release(&dom_pool, first);
}

mfn_t alloc_dom_frames(unsigned int order, mfn_t below)
{
    uint32_t page = fault_allocation(INT82_FAIL_FRAMES) ? NONE : take(&dom_pool, order, MIN(below, max_page));

    return page == NONE ? INVALID_MFN : page;
}

void free_dom_frame(mfn_t mfn)
{
    release(&dom_pool, mfn);
}

uint32_t free_dom_frames(void)
{
    return dom_pool.free;
}

static inline bool is_free(const struct pool *p, uint32_t page)
{
    return p->bits[page / WORD_BITS] >> page % WORD_BITS & 1;
}

uint32_t free_dom_frames_from(mfn_t mfn)
{
    return dom_pool.bits[mfn / WORD_BITS];
}

/* Takes the highest frames, any number of them, so that what is left for guests stays in one piece. Looks at each frame
 * once. */
void *__init alloc_boot_memory(uint32_t size)
{
    uint32_t frames = ROUNDUP((uint64_t)size, PAGE_SIZE) >> PAGE_SHIFT, run = 0;
    mfn_t mfn = MIN(IDENTITY_END >> PAGE_SHIFT, max_page);

    while (run < frames && mfn-- > 0)
        run = dom_bits[mfn / WORD_BITS] >> mfn % WORD_BITS & 1 ? run + 1 : 0;
    if (!frames || run < frames)
        return NULL;
    for (uint32_t i = mfn; i < mfn + frames; i++)
        dom_bits[i / WORD_BITS] &= ~(1u << i % WORD_BITS);
    dom_pool.free -= frames;
    return (void *)(mfn << PAGE_SHIFT);
}

void __init free_boot_memory(void *memory, uint32_t size)
{
    mfn_t first = (uint32_t)memory >> PAGE_SHIFT;

    add_dom_frames(first, first + (ROUNDUP((uint64_t)size, PAGE_SIZE) >> PAGE_SHIFT));
}

/* --- The heap */

void __init init_heap(void *start, uint32_t pages)
{
    heap_start = start;
    heap_pool.pages = heap_pool.hint = pages;
    while (pages-- > 0)
        release(&heap_pool, pages);
}

void *alloc_heap_pages(unsigned int order)
{
    uint32_t page = fault_allocation(INT82_FAIL_HEAP) ? NONE : take(&heap_pool, order, NONE);
    char *va = heap_start + page * PAGE_SIZE;

    if (page == NONE)
        return NULL;
    for (uint32_t i = 0; i < 1u << order; i++)
        clear_page(va + i * PAGE_SIZE);
    spend((PAGE_SIZE / 64) << order);
    return va;
}

void free_heap_pages(void *va, unsigned int order)
{
    uint32_t page = ((char *)va - heap_start) / PAGE_SIZE;

    for (uint32_t i = 0; i < 1u << order; i++)
        release(&heap_pool, page + i);
}

void heap_range(mfn_t *first, mfn_t *end)
{
    *first = virt_to_mfn(heap_start);
    *end = *first + heap_pool.pages;
}

bool heap_frame_is_free(mfn_t mfn)
{
    return is_free(&heap_pool, mfn - virt_to_mfn(heap_start));
}

uint32_t free_heap_frames(void)
{
    return heap_pool.free;
}

/* --- Audit */

static void audit_pool(const struct pool *p, uint32_t id)
{
    uint32_t bits = 0, lowest = UINT32_MAX;

    for (uint32_t i = 0; i * WORD_BITS < p->pages; i++) {
        if (p->bits[i] && lowest == UINT32_MAX)
            lowest = i * WORD_BITS + __builtin_ctz(p->bits[i]);
        for (uint32_t word = p->bits[i]; word; word &= word - 1)
            bits++;
    }
    if (bits != p->free)
        audit_mismatch(INT82_AUDIT_POOL, id, bits, p->free);
    if (lowest < p->hint)
        audit_mismatch(INT82_AUDIT_POOL_HINT, id, lowest, p->hint);
}

void audit_pools(void)
{
    struct pool dom = dom_pool;

    dom.pages = max_page; /* nothing above was ever given */
    audit_pool(&dom, 0);
    audit_pool(&heap_pool, 1);
}
