/* SPDX-License-Identifier: MIT */
/*
 * Puts the memory map in order. Boot loaders pass on what firmware says: entries in any order, which may overlap and
 * contradict each other. As on Xen, the more restrictive type wins, which is the one with the larger number.
 */
#include <xen/lib.h>
#include <xen/memory_map.h>

#define NOTHING 0 /* no entry has this type: if firmware says 0, that counts as reserved */
#define NO_EDGE UINT64_MAX

static uint64_t __init end_of(const struct e820entry *e)
{
    return e->size > NO_EDGE - e->addr ? NO_EDGE : e->addr + e->size;
}

static uint32_t __init type_at(const struct e820entry *raw, uint32_t n, uint64_t at)
{
    uint32_t type = NOTHING;

    for (uint32_t i = 0; i < n; i++)
        if (raw[i].addr <= at && at < end_of(&raw[i]))
            type = MAX(type, raw[i].type ?: E820_RESERVED);
    return type;
}

/* The next address above `at` where an entry begins or ends. */
static uint64_t __init next_edge(const struct e820entry *raw, uint32_t n, uint64_t at)
{
    uint64_t next = NO_EDGE;

    for (uint32_t i = 0; i < n; i++) {
        if (raw[i].addr > at)
            next = MIN(next, raw[i].addr);
        if (end_of(&raw[i]) > at)
            next = MIN(next, end_of(&raw[i]));
    }
    return next;
}

/* The map is full, and `piece` comes behind its last entry. Leaves out the smallest of all these; if that is not
 * `piece`, this one becomes the last entry. */
static void __init replace_smallest(struct e820entry *map, uint32_t entries, struct e820entry piece,
                                    struct map_loss *loss)
{
    uint32_t smallest = entries;
    struct e820entry out = piece;

    for (uint32_t i = 0; i < entries; i++)
        if (map[i].size < out.size) {
            out = map[i];
            smallest = i;
        }
    loss->entries++;
    if (out.type == E820_RAM)
        loss->ram += out.size;
    if (smallest == entries)
        return;
    for (uint32_t i = smallest; i + 1 < entries; i++)
        map[i] = map[i + 1];
    map[entries - 1] = piece;
}

uint32_t __init merge_memory_map(const struct e820entry *raw, uint32_t n, struct e820entry *map, uint32_t room,
                                 struct map_loss *loss)
{
    uint32_t entries = 0, type, next_type = type_at(raw, n, 0);

    *loss = (struct map_loss){0};
    for (uint64_t start = 0, end; start != NO_EDGE; start = end) {
        type = next_type;
        end = start;
        do {
            end = next_edge(raw, n, end);
            next_type = type_at(raw, n, end);
        } while (end != NO_EDGE && next_type == type);
        if (type == NOTHING)
            continue;
        if (entries < room)
            map[entries++] = (struct e820entry){.addr = start, .size = end - start, .type = type};
        else
            replace_smallest(map, entries, (struct e820entry){start, end - start, type}, loss);
    }
    return entries;
}

bool __init map_is_ram(const struct e820entry *map, uint32_t entries, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < entries; i++)
        if (map[i].type == E820_RAM && map[i].addr <= start && end <= end_of(&map[i]))
            return true;
    return false;
}
