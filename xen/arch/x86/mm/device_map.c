/* SPDX-License-Identifier: MIT */
/* The device map: asm/device_map.h. */
#include <asm/device_map.h>
#include <asm/mm.h>
#include <asm/processor.h>
#include <xen/machine.h>

pte_t device_map[DEVICE_MAP_PAGES] __aligned(PAGE_SIZE);
#define CHANGING_PAGE     1
#define FRAME_NUMBER_BITS 32 /* of mfn_t */
static uint32_t used = 2;    /* pages; the first is the local APIC's, the second map_device_page()'s */

/* Entry 3 of the PAT is "uncached" wherever a PAT exists, whatever MTRRs say (Intel SDM 3, table 12-11). */
static void map_page(uint32_t index, uint64_t maddr)
{
    pte_t e = make_pte(maddr >> PAGE_SHIFT,
                       _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_GLOBAL | _PAGE_PCD | _PAGE_PWT);

    e.hi |= nx_mask_hi;
    device_map[index].lo = 0;
    barrier();
    device_map[index].hi = e.hi;
    barrier();
    device_map[index].lo = e.lo;
    invlpg(DEVICE_MAP_START + index * PAGE_SIZE);
}

bool __init can_be_registers(uint64_t start, uint64_t end)
{
    return start && end > start && !((end - 1) >> MIN(physical_bits(), FRAME_NUMBER_BITS + PAGE_SHIFT)) &&
           !touches_ram(start, end);
}

volatile void *map_device_page(mfn_t mfn)
{
    if (!(device_map[CHANGING_PAGE].lo & _PAGE_PRESENT) || pte_mfn(device_map[CHANGING_PAGE]) != mfn)
        map_page(CHANGING_PAGE, (uint64_t)mfn << PAGE_SHIFT);
    return (volatile void *)(DEVICE_MAP_START + CHANGING_PAGE * PAGE_SIZE);
}

volatile void *__init map_device(uint64_t maddr, uint32_t size)
{
    uint32_t offset = maddr & ~PAGE_MASK, first = used;

    if (!can_be_registers(maddr, maddr + size) || size > (DEVICE_MAP_PAGES - used) * PAGE_SIZE - offset)
        return NULL;
    for (uint64_t at = maddr - offset; at < maddr + size; at += PAGE_SIZE)
        map_page(used++, at);
    return (char *)DEVICE_MAP_START + first * PAGE_SIZE + offset;
}

bool __init map_apic(uint64_t maddr)
{
    if (!can_be_registers(maddr, maddr + PAGE_SIZE))
        return false;
    map_page(0, maddr);
    return true;
}
