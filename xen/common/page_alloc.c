/* Free machine memory: guests' frames and the hypervisor's heap. A bit for each page, set while it is free. */
#include <xen/setup.h>

struct pool {
    uint32_t *bits;
    uint32_t pages, free;
    uint32_t hint; /* no free page below this one */
};

static uint32_t dom_bits[MAX_FRAMES / 32];
static uint32_t heap_bits[DIRECTMAP_SIZE / PAGE_SIZE / 32];
static struct pool dom_pool = {.bits = dom_bits, .pages = MAX_FRAMES, .hint = MAX_FRAMES};
static struct pool heap_pool = {.bits = heap_bits};
static char *heap_start;

static bool is_free(const struct pool *p, uint32_t page)
{
    return p->bits[page / 32] & 1u << page % 32;
}

static void release(struct pool *p, uint32_t page)
{
    BUG_ON(is_free(p, page));
    p->bits[page / 32] |= 1u << page % 32;
    p->free++;
    p->hint = MIN(p->hint, page);
}

static bool run_is_free(const struct pool *p, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_free(p, first + i))
            return false;
    return true;
}

/* The lowest 2^order aligned free pages below `below`; UINT32_MAX: none. */
static uint32_t take(struct pool *p, unsigned int order, uint32_t below)
{
    uint32_t count = 1u << order, page = ROUNDUP(p->hint, count);

    if (below > p->pages)
        below = p->pages;
    for (; page < below && below - page >= count; page += count) {
        if (count <= 32 && page % 32 == 0 && !p->bits[page / 32]) {
            page += 32 - count;
            continue;
        }
        if (!run_is_free(p, page, count))
            continue;
        for (uint32_t i = 0; i < count; i++)
            p->bits[(page + i) / 32] &= ~(1u << (page + i) % 32);
        p->free -= count;
        if (order == 0)
            p->hint = page + 1;
        return page;
    }
    return UINT32_MAX;
}

void __init add_dom_frames(mfn_t first, mfn_t end)
{
    for (; first < end; first++)
        release(&dom_pool, first);
}

mfn_t alloc_dom_frames(unsigned int order, mfn_t below)
{
    return order < 20 ? take(&dom_pool, order, MIN(below, max_page)) : INVALID_MFN;
}

void free_dom_frame(mfn_t mfn)
{
    release(&dom_pool, mfn);
}

uint32_t free_dom_frames(void)
{
    return dom_pool.free;
}

void __init init_heap(void *start, uint32_t pages)
{
    heap_start = start;
    heap_pool.pages = pages;
    heap_pool.hint = pages;
    while (pages-- > 0)
        release(&heap_pool, pages);
}

void *alloc_heap_pages(unsigned int order)
{
    uint32_t page = take(&heap_pool, order, UINT32_MAX);
    char *va = heap_start + page * PAGE_SIZE;

    if (page == UINT32_MAX)
        return NULL;
    memset(va, 0, PAGE_SIZE << order);
    return va;
}

void free_heap_pages(void *va, unsigned int order)
{
    uint32_t page = ((char *)va - heap_start) / PAGE_SIZE;

    for (uint32_t i = 0; i < 1u << order; i++)
        release(&heap_pool, page + i);
}
