/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory during boot, until the page allocator runs: the map, and the parts that are free.
 */
#ifndef XEN_MEMORY_MAP_H
#define XEN_MEMORY_MAP_H

#include <public/memory.h>
#include <stdbool.h>
#include <stdint.h>

/* --- The map (memory_map.c). Uses no other part of the hypervisor, so that it can be tested on the host. */

/* What the map had no room for. */
struct map_loss {
    uint32_t entries;
    uint64_t ram; /* bytes */
};

/* Makes one map of `n` raw entries: ascending, without overlaps, adjacent entries of a type merged, with at most `room`
 * (> 0) entries. Where raw entries overlap, the largest type wins. If there are too many, the smallest are left out.
 * Returns the number of entries. */
uint32_t merge_memory_map(const struct e820entry *raw, uint32_t n, struct e820entry *map, uint32_t room,
                          struct map_loss *loss);

/* Is all of [start, end) RAM, according to such a map? */
bool map_is_ram(const struct e820entry *map, uint32_t entries, uint64_t start, uint64_t end);

/* --- Free memory (free_ranges.c): whole pages, ascending */
struct range {
    uint64_t start, end;
};
extern struct range ranges[];
extern unsigned int nr_ranges;

void add_range(uint64_t start, uint64_t end); /* adds the whole pages in it, which must not be free already */
void reserve(uint64_t start, uint64_t end);   /* removes all pages that it touches */
/* Takes the highest free piece below `below`. 0: there is none. */
uint64_t take_range(uint32_t size, uint32_t align, uint64_t below);
/* The largest free piece within [start, end); it stays free. Empty if there is none. */
struct range largest_range(uint64_t start, uint64_t end);

#endif
