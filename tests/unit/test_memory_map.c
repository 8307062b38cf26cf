/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory map and what of it is free (xen/common/boot/memory_map.c, free_ranges.c), on the host.
 *
 * Proves: whatever the order of the entries, and if they lie within each other, are given twice, overlap in part, wrap
 * round or are empty, the map comes out ascending and without overlaps; each byte has the type that a plain model gives
 * it, and no two neighbours have the same type; if there is too little room, the smallest entries are left out and
 * counted; and ranges of free memory agree with an array of pages after any sequence of reserving and taking.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define strtoull hypervisor_strtoull /* not the host's */
#include "../../xen/common/boot/free_ranges.c"
#include "../../xen/common/boot/memory_map.c"

void panic(const char *fmt, ...)
{
    printf("panic: %s\n", fmt);
    abort();
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state >> 3;
}

/* --- Maps. A unit is the model's byte; entries are multiples of it. */

#define UNIT  0x400ull
#define UNITS 4096
#define ROOM  256

static uint32_t model[UNITS];

static void paint(const struct e820entry *raw, uint32_t n, uint64_t base)
{
    memset(model, 0, sizeof(model));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t type = raw[i].type ? raw[i].type : E820_RESERVED;

        for (uint32_t u = 0; u < UNITS; u++) {
            uint64_t at = base + u * UNIT;

            if (at >= raw[i].addr && at - raw[i].addr < raw[i].size && model[u] < type)
                model[u] = type;
        }
    }
}

static uint32_t type_in(const struct e820entry *map, uint32_t n, uint64_t at)
{
    for (uint32_t i = 0; i < n; i++)
        if (at >= map[i].addr && at - map[i].addr < map[i].size)
            return map[i].type;
    return 0;
}

static void check_shape(const char *name, const struct e820entry *map, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        CHECK(map[i].size && map[i].type, "%s: entry %u is nothing", name, i);
        CHECK(!i || map[i - 1].addr + map[i - 1].size <= map[i].addr, "%s: entry %u overlaps the one before", name, i);
        CHECK(!i || map[i - 1].addr + map[i - 1].size < map[i].addr || map[i - 1].type != map[i].type,
              "%s: entries %u and %u are one", name, i - 1, i);
    }
}

/* Compares with the model, for the units from base up. Returns the number of entries. */
static uint32_t check_merge(const char *name, const struct e820entry *raw, uint32_t n, uint64_t base)
{
    static struct e820entry map[ROOM];
    struct map_loss loss;
    uint32_t entries = merge_memory_map(raw, n, map, ROOM, &loss);

    check_shape(name, map, entries);
    CHECK(!loss.entries && !loss.ram, "%s: %u entries are lost", name, loss.entries);
    paint(raw, n, base);
    for (uint32_t u = 0; u < UNITS; u++) {
        uint32_t type = type_in(map, entries, base + u * UNIT);

        CHECK(type == model[u], "%s: %llx is %u, not %u", name, base + u * UNIT, type, model[u]);
        if (type != model[u])
            break;
    }
    return entries;
}

#define K UNIT
#define E(a, b, t)                  \
    {                               \
        (a) * K, ((b) - (a)) * K, t \
    }
#define MAP(n, ...)         \
    {                       \
#__VA_ARGS__, 0, n, \
        {                   \
            __VA_ARGS__     \
        }                   \
    }
#define HIGH(n, ...)                      \
    {                                     \
#__VA_ARGS__, 0 - UNITS *UNIT, n, \
        {                                 \
            __VA_ARGS__                   \
        }                                 \
    }

static const struct {
    const char *name;
    uint64_t base;    /* what the model looks at */
    uint32_t entries; /* of the result */
    struct e820entry raw[9];
} maps[] = {
    MAP(0),
    MAP(1, E(0, 1000, 1)),
    MAP(1, E(10, 1000, 1), E(10, 1000, 1)), /* twice */
    MAP(1, E(10, 1000, 1), E(100, 200, 1)), /* within */
    MAP(1, E(100, 200, 1), E(10, 1000, 1)), /* the same in the opposite order */
    MAP(1, E(10, 600, 1), E(400, 1000, 1)), /* they overlap in part */
    MAP(1, E(400, 1000, 1), E(10, 600, 1)),
    MAP(1, E(10, 100, 1), E(100, 200, 1)), /* neighbours */
    MAP(2, E(10, 100, 1), E(101, 200, 1)), /* a unit between them */
    MAP(2, E(10, 100, 1), E(100, 200, 2)),
    MAP(3, E(10, 1000, 1), E(100, 200, 2)), /* reserved within RAM */
    MAP(3, E(100, 200, 2), E(10, 1000, 1)),
    MAP(2, E(10, 600, 1), E(400, 1000, 2)), /* reserved in part */
    MAP(2, E(10, 600, 2), E(400, 1000, 1)),
    MAP(1, E(10, 600, 1), E(10, 600, 2)), /* RAM and reserved at the same place */
    MAP(1, E(10, 600, 2), E(10, 600, 1)),
    MAP(1, E(100, 200, 1), E(10, 600, 2)), /* RAM within reserved */
    MAP(2, E(10, 600, 1), E(10, 20, 2)),   /* the same beginning */
    MAP(2, E(10, 600, 1), E(590, 600, 2)), /* the same end */
    MAP(5, E(0, 100, 1), E(20, 40, 3), E(60, 80, 4)),
    MAP(4, E(0, 100, 1), E(20, 60, 3), E(40, 80, 4)), /* two kinds of reserved overlap */
    MAP(5, E(0, 100, 1), E(20, 80, 3), E(40, 60, 4)),
    MAP(3, E(0, 100, 1), E(20, 80, 4), E(40, 60, 3)), /* the lower one within the higher */
    MAP(1, E(10, 20, 1), {5 * K, 0, 2}),              /* empty entries */
    MAP(1, E(10, 20, 1), {15 * K, 0, 2}, {20 * K, 0, 3}, {10 * K, 0, 4}),
    MAP(0, {5 * K, 0, 2}),
    MAP(2, E(10, 20, 0), E(20, 30, 1)), /* type 0 is reserved */
    MAP(1, E(10, 20, 0), E(20, 30, 2)),
    MAP(3, E(10, 20, 1), E(20, 30, 0xFFFFFFFF), E(30, 40, 12)),
    MAP(3, E(30, 40, 1), E(10, 20, 1), E(20, 30, 5)), /* descending */
    MAP(1, E(40, 50, 1), E(20, 30, 1), E(30, 40, 1), E(10, 20, 1)),
    MAP(6, E(0, 4, 1), E(1, 3, 2), E(8, 12, 1), E(9, 11, 4), E(4, 5, 1)),
    HIGH(1, {0 - 8 * K, UINT64_MAX, 2}), /* wraps round */
    HIGH(2, {0 - 8 * K, 4 * K, 1}, {0 - 6 * K, UINT64_MAX, 2}),
    HIGH(1, {0 - UNITS * UNIT, UINT64_MAX, 1}, {0 - UNITS * UNIT, 0, 2}),
    HIGH(0, {UINT64_MAX, 0, 1}),
    MAP(2, E(0, 3000, 1), E(1000, 4000, 2), E(2000, 3500, 2), {0, 0, 9}, E(900, 1001, 2)),
    /* A PC of 1996 with a hole at 15 MiB, its BIOS's entry in it doubled. */
    MAP(4, E(0, 639, 1), E(639, 640, 2), E(960, 1024, 2), E(1024, 2000, 1), E(960, 1024, 2)),
};

static void given_maps(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(maps); i++) {
        uint32_t n = ARRAY_SIZE(maps[i].raw), entries; /* the entries that are not given are empty */

        entries = check_merge(maps[i].name, maps[i].raw, n, maps[i].base);
        CHECK(entries == maps[i].entries, "%s: %u entries, not %u", maps[i].name, entries, maps[i].entries);
    }
    CHECK(ARRAY_SIZE(maps) >= 30, "%u maps", (unsigned int)ARRAY_SIZE(maps));
    printf("%u given maps\n", (unsigned int)ARRAY_SIZE(maps));
}

/* Short and long entries, all over the model's units, sorted and not. */
static void random_maps(void)
{
    static struct e820entry raw[100];

    for (unsigned int round = 0; round < 1500; round++) {
        uint32_t n = 1 + random_number() % (round % 10 ? 12 : ARRAY_SIZE(raw)), length = 1 << random_number() % 12;
        char name[32];

        for (uint32_t i = 0; i < n; i++)
            raw[i] = (struct e820entry){random_number() % UNITS * UNIT, random_number() % length * UNIT,
                                        random_number() % 7};
        sprintf(name, "random map %u", round);
        check_merge(name, raw, n, 0);
    }
}

/* The result must be the same for any order. */
static void any_order(void)
{
    static struct e820entry raw[40], first[ROOM], again[ROOM];
    struct map_loss loss;
    uint32_t entries;

    for (unsigned int i = 0; i < ARRAY_SIZE(raw); i++)
        raw[i] = (struct e820entry){random_number() % UNITS * UNIT, random_number() % 300 * UNIT, 1 + i % 5};
    entries = merge_memory_map(raw, ARRAY_SIZE(raw), first, ROOM, &loss);
    for (unsigned int round = 0; round < 50; round++) {
        for (unsigned int i = ARRAY_SIZE(raw); i-- > 1;) {
            unsigned int other = random_number() % (i + 1);
            struct e820entry e = raw[i];

            raw[i] = raw[other];
            raw[other] = e;
        }
        CHECK(merge_memory_map(raw, ARRAY_SIZE(raw), again, ROOM, &loss) == entries, "round %u", round);
        CHECK(!memcmp(first, again, entries * sizeof(first[0])), "round %u", round);
    }
}

/* Pieces of 1, 2, ... units, each followed by a hole. */
static void too_many(void)
{
    static struct e820entry raw[200], map[ROOM];
    struct map_loss loss;
    uint64_t at = 0, lost = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(raw); i++) {
        uint64_t size = (1 + i * 77 % ARRAY_SIZE(raw)) * UNIT; /* each size once, mixed */

        raw[i] = (struct e820entry){at, size, i % 3 ? E820_RAM : E820_RESERVED};
        at += size + UNIT;
        if (size <= 73 * UNIT && raw[i].type == E820_RAM)
            lost += size;
    }
    CHECK(merge_memory_map(raw, ARRAY_SIZE(raw), map, 127, &loss) == 127, "not full");
    check_shape("too many", map, 127);
    CHECK(loss.entries == 73 && loss.ram == lost, "%u entries, %llu of RAM", loss.entries, loss.ram);
    for (unsigned int i = 0; i < 127; i++) {
        CHECK(map[i].size > 73 * UNIT, "a small one, and larger ones were left out: %llu", map[i].size / UNIT);
        CHECK(type_in(raw, ARRAY_SIZE(raw), map[i].addr) == map[i].type, "entry %u", i);
    }
    CHECK(merge_memory_map(raw, ARRAY_SIZE(raw), map, 1, &loss) == 1 && map[0].size == ARRAY_SIZE(raw) * UNIT, "%llu",
          map[0].size);
}

static void is_ram(void)
{
    static const struct e820entry map[] = {E(1, 5, 1), E(5, 9, 2), E(9, 12, 1)};

    CHECK(map_is_ram(map, 3, 1 * K, 5 * K), "all of an entry");
    CHECK(map_is_ram(map, 3, 9 * K, 9 * K + 1), "a byte");
    CHECK(!map_is_ram(map, 3, 1 * K - 1, 2 * K), "begins before it");
    CHECK(!map_is_ram(map, 3, 4 * K, 5 * K + 1), "ends behind it");
    CHECK(!map_is_ram(map, 3, 6 * K, 7 * K), "reserved");
    CHECK(!map_is_ram(map, 3, 20 * K, 21 * K), "nothing");
    CHECK(!map_is_ram(map, 0, 0, 1), "no map");
}

/* --- Free memory */

#define PAGES 300
static bool free_page[PAGES];

static void check_ranges(const char *what)
{
    for (unsigned int i = 0; i < nr_ranges; i++) {
        CHECK(ranges[i].start < ranges[i].end, "%s: range %u is empty", what, i);
        CHECK(!i || ranges[i - 1].end <= ranges[i].start, "%s: range %u overlaps", what, i);
        CHECK(!(ranges[i].start % PAGE_SIZE) && !(ranges[i].end % PAGE_SIZE), "%s: no whole pages", what);
    }
    for (uint32_t page = 0; page < PAGES; page++) {
        bool found = false;

        for (unsigned int i = 0; i < nr_ranges; i++)
            found |= ranges[i].start <= (uint64_t)page * PAGE_SIZE && (uint64_t)page * PAGE_SIZE < ranges[i].end;
        CHECK(found == free_page[page], "%s: page %u", what, page);
    }
}

static void set_pages(uint32_t first, uint32_t end, bool free)
{
    for (; first < end; first++)
        free_page[first] = free;
}

static void whole_pages(void)
{
    nr_ranges = 0;
    add_range(0x10001, 0x13FFF); /* contains two whole pages */
    add_range(0x20000, 0x20FFF);
    add_range(UINT64_MAX - 5, UINT64_MAX);
    CHECK(nr_ranges == 1 && ranges[0].start == 0x11000 && ranges[0].end == 0x13000, "%llx", ranges[0].start);
    reserve(0x11FFF, 0x11FFF);
    CHECK(nr_ranges == 1, "nothing was reserved");
    reserve(0x11FFF, 0x12000); /* a byte of the first page */
    CHECK(nr_ranges == 1 && ranges[0].start == 0x12000, "%llx", ranges[0].start);
    reserve(0, UINT64_MAX);
    CHECK(!nr_ranges, "%u left", nr_ranges);
    CHECK(!take_range(PAGE_SIZE, PAGE_SIZE, UINT64_MAX), "taken from nothing");
}

/* The model's highest aligned free place. */
static uint32_t highest(uint32_t pages, uint32_t align, uint32_t below)
{
    for (uint32_t at = (below - MIN(pages, below)) / align * align;; at -= align) {
        uint32_t i = 0;

        while (i < pages && at + i < below && free_page[at + i])
            i++;
        if (i == pages || at < align)
            return i == pages ? at : 0;
    }
}

static void random_ranges(void)
{
    for (unsigned int round = 0; round < 300; round++) {
        nr_ranges = 0;
        set_pages(0, PAGES, false);
        for (uint32_t page = 1; page < PAGES; page += 2 + random_number() % 30) {
            uint32_t end = page + 1 + random_number() % 30;

            end = MIN(end, PAGES);
            add_range((uint64_t)page * PAGE_SIZE, (uint64_t)end * PAGE_SIZE);
            set_pages(page, end, true);
            page = end;
        }
        for (unsigned int step = 0; step < 20; step++) {
            uint32_t first = random_number() % PAGES, pages = 1 + random_number() % 12, end = MIN(first + pages, PAGES);
            uint32_t align = 1 << random_number() % 4, below = 1 + random_number() % PAGES;

            if (random_number() & 1) {
                uint32_t want = pages <= below ? highest(pages, align, below) : 0;
                uint64_t got = take_range(pages * PAGE_SIZE, align * PAGE_SIZE, (uint64_t)below * PAGE_SIZE);

                CHECK(got == (uint64_t)want * PAGE_SIZE, "%u pages below %u: %llx, not %x", pages, below, got, want);
                set_pages(got >> PAGE_SHIFT, got ? (got >> PAGE_SHIFT) + pages : 0, false);
            } else {
                reserve((uint64_t)first * PAGE_SIZE + random_number() % PAGE_SIZE,
                        (uint64_t)end * PAGE_SIZE - random_number() % PAGE_SIZE);
                set_pages(first, end, false);
            }
            check_ranges("random");
        }
    }
}

static void largest(void)
{
    struct range r;

    nr_ranges = 0;
    add_range(0x10000, 0x20000);
    add_range(0x30000, 0x60000);
    add_range(0x70000, 0x80000);
    r = largest_range(0, UINT64_MAX);
    CHECK(r.start == 0x30000 && r.end == 0x60000, "%llx-%llx", r.start, r.end);
    r = largest_range(0, 0x38000);
    CHECK(r.start == 0x10000 && r.end == 0x20000, "%llx-%llx", r.start, r.end);
    r = largest_range(0x58000, 0x71000);
    CHECK(r.start == 0x58000 && r.end == 0x60000, "%llx-%llx", r.start, r.end);
    r = largest_range(0x20000, 0x30000);
    CHECK(r.start == r.end, "%llx-%llx", r.start, r.end);
}

static const struct unit_test tests[] = {
    {"given_maps", given_maps}, {"random_maps", random_maps},
    {"any_order", any_order},   {"too_many", too_many},
    {"is_ram", is_ram},         {"whole_pages", whole_pages},
    {"largest", largest},       {"random_ranges", random_ranges},
};

int main(int argc, char **argv)
{
    return UNIT_RUN(argc, argv, tests, NULL);
}
