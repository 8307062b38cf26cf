/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory while it boots: the map, and what of it is free. Until the page allocator runs.
 */
#ifndef XEN_MEMORY_MAP_H
#define XEN_MEMORY_MAP_H

#include <public/memory.h>
#include <stdbool.h>
#include <stdint.h>

/* --- The map (memory_map.c). No part of the hypervisor is used: tested on the host. */

/* What had no room in the map. */
struct map_loss {
    uint32_t entries;
    uint64_t ram; /* bytes */
};

/* What `n` raw entries say together: ascending, without overlaps, no two of a type side by side, at most `room` (> 0)
 * of them. Where raw entries overlap, the largest type wins. If there are too many, the smallest are left out. Returns
 * how many there are. */
uint32_t merge_memory_map(const struct e820entry *raw, uint32_t n, struct e820entry *map, uint32_t room,
                          struct map_loss *loss);

/* Is all of [start, end) RAM, by a map like that? */
bool map_is_ram(const struct e820entry *map, uint32_t entries, uint64_t start, uint64_t end);

/* --- Free memory (free_ranges.c): whole pages, ascending */
struct range {
    uint64_t start, end;
};
extern struct range ranges[];
extern unsigned int nr_ranges;

void add_range(uint64_t start, uint64_t end); /* the whole pages in it; there is none yet */
void reserve(uint64_t start, uint64_t end);   /* takes all pages that it touches out of what is free */
/* Takes the highest piece below `below`. 0: there is none. */
uint64_t take_range(uint32_t size, uint32_t align, uint64_t below);
/* The largest free piece within [start, end), without taking it; empty if there is none. */
struct range largest_range(uint64_t start, uint64_t end);

#endif
