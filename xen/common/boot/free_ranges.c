/* SPDX-License-Identifier: MIT */
/* Free memory while the machine boots: an ascending list of ranges. Only what lies below 3 GiB is used before the page
 * allocator runs. */
#include <xen/lib.h>
#include <xen/machine.h>
#include <xen/memory_map.h>
#include <xen/setup.h>

/* Each entry of the map gives one range at most. Everything that is reserved can split a range in two: low memory, the
 * image, the heap, modules, and the 2 MiB pages of the tables about all frames. */
#define TABLE_PAGES 48
#define MAX_RANGES  (E820_MAX + MAX_MODULES + 3 + TABLE_PAGES)

struct range ranges[MAX_RANGES];
unsigned int nr_ranges;

static uint64_t __init page_up(uint64_t address)
{
    return address > UINT64_MAX - PAGE_SIZE ? UINT64_MAX & ~(PAGE_SIZE - 1ull) : ROUNDUP(address, (uint64_t)PAGE_SIZE);
}

static uint64_t __init page_down(uint64_t address)
{
    return address & ~(PAGE_SIZE - 1ull);
}

static void __init insert_range(uint64_t start, uint64_t end)
{
    unsigned int i;

    if (start >= end)
        return;
    if (nr_ranges == MAX_RANGES)
        panic("Memory has more than %u pieces", MAX_RANGES);
    for (i = nr_ranges++; i && ranges[i - 1].start > start; i--)
        ranges[i] = ranges[i - 1];
    ranges[i] = (struct range){start, end};
}

static void __init remove_range(unsigned int i)
{
    for (nr_ranges--; i < nr_ranges; i++)
        ranges[i] = ranges[i + 1];
}

void __init add_range(uint64_t start, uint64_t end)
{
    insert_range(page_up(start), page_down(end));
}

void __init reserve(uint64_t start, uint64_t end)
{
    start = page_down(start);
    end = page_up(end);
    for (unsigned int i = 0; start < end && i < nr_ranges;) {
        struct range r = ranges[i];

        if (end <= r.start || start >= r.end) {
            i++;
            continue;
        }
        remove_range(i);
        insert_range(r.start, MIN(start, r.end)); /* the loop meets both rests again, but leaves them alone */
        insert_range(MAX(end, r.start), r.end);
    }
}

uint64_t __init take_range(uint32_t size, uint32_t align, uint64_t below)
{
    for (unsigned int i = nr_ranges; i-- > 0;) {
        uint64_t end = MIN(ranges[i].end, below), at;

        if (end < size)
            continue;
        at = (end - size) & ~(uint64_t)(align - 1);
        if (at < ranges[i].start)
            continue;
        reserve(at, at + size);
        return at;
    }
    return 0;
}

struct range __init largest_range(uint64_t start, uint64_t end)
{
    struct range best = {start, start};

    for (unsigned int i = 0; i < nr_ranges; i++) {
        struct range r = {MAX(ranges[i].start, start), MIN(ranges[i].end, end)};

        if (r.start < r.end && r.end - r.start > best.end - best.start)
            best = r;
    }
    return best;
}
