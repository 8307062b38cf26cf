/* SPDX-License-Identifier: MIT */
/*
 * The device map (xen/arch/x86/mm/device_map.c): which addresses of firmware's tables registers are believed to be at.
 *
 * Proves: never where any byte is RAM, which a domain would get, nor where the machine has no addresses or the map no
 * room; what is mapped is mapped whole, for the hypervisor alone, uncached and not to be executed.
 */
#include "unit.h"

#include <stddef.h>

#include <asm/processor.h>

#define BITS            36
#define physical_bits() BITS
#define invlpg(va)      ((void)(va))
#include "../../xen/arch/x86/mm/device_map.c"

#define M (1ull << 20)
struct e820entry machine_map[E820_MAX] = {
    {0, 0x9F000, E820_RAM}, {M, 127 * M, E820_RAM}, {128 * M, M, E820_RESERVED}, {4096 * M, 1024 * M, E820_RAM}};
uint32_t machine_map_entries = 4, nx_mask_hi = 1u << 31;

static void fresh(void)
{
    used = 2;
    for (unsigned int i = 0; i < DEVICE_MAP_PAGES; i++)
        device_map[i] = (pte_t){.raw = 0};
}

static void where_registers_cannot_be(void)
{
    static const struct {
        uint64_t maddr;
        uint32_t size;
    } bad[] = {{0, 4},
               {0x9EFFC, 4},
               {0x9EFFF, 2},
               {M - 1, 2},
               {64 * M, PAGE_SIZE},
               {128 * M - 1, 1},
               {4096 * M, 4},
               {5120 * M - 1, 4},
               {4096 * M - 4, 8},
               {0xFEC00000, 0},
               {1ull << BITS, 4},
               {(1ull << BITS) - 2, 4},
               {UINT64_MAX - 2, 4},
               {UINT64_MAX, 1}};

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!map_device(bad[i].maddr, bad[i].size), "%u bytes at %llx", bad[i].size,
              (unsigned long long)bad[i].maddr);
    CHECK(!map_apic(64 * M) && !map_apic(1ull << BITS));
    for (unsigned int i = 0; i < DEVICE_MAP_PAGES; i++)
        CHECK(!device_map[i].raw, "page %u is mapped", i);
}

static void check_page(uint32_t index, uint64_t maddr)
{
    uint64_t want = maddr | _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_PCD |
                    _PAGE_PWT | 1ull << 63;

    CHECK(device_map[index].raw == want, "page %u: %llx", index, (unsigned long long)device_map[index].raw);
}

static void where_they_can(void)
{
    CHECK(map_device(0xFED00000, 0x400) == (void *)(DEVICE_MAP_START + 2 * PAGE_SIZE));
    check_page(2, 0xFED00000);
    CHECK(map_device(0xFEC00FFE, 4) == (void *)(DEVICE_MAP_START + 3 * PAGE_SIZE + 0xFFE), "over a page's end");
    check_page(3, 0xFEC00000);
    check_page(4, 0xFEC01000);
    CHECK(map_device(128 * M, 4) && map_device(4096 * M - 4, 4) && map_device((1ull << BITS) - 4, 4), "beside RAM");
    CHECK(map_apic(0xFEE00000));
    check_page(0, 0xFEE00000);
    CHECK(map_device_page(0xE0000) == (void *)(DEVICE_MAP_START + PAGE_SIZE));
    check_page(1, 0xE0000000);
}

static void no_room(void)
{
    CHECK(!map_device(0xF0000000, (DEVICE_MAP_PAGES - 1) * PAGE_SIZE) &&
          !map_device(0xF0000001, (DEVICE_MAP_PAGES - 2) * PAGE_SIZE) && !map_device(0xF0000000, 0x80000000));
    CHECK(map_device(0xF0000000, (DEVICE_MAP_PAGES - 2) * PAGE_SIZE), "all that there is");
    CHECK(!map_device(0xFED00000, 4), "one more");
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"device_map_where_registers_cannot_be", where_registers_cannot_be},
        {"device_map_where_they_can", where_they_can},
        {"device_map_no_room", no_room},
    };

    return UNIT_RUN(argc, argv, tests, fresh);
}
