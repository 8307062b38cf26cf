/* SPDX-License-Identifier: MIT */
/* Descriptors: which ones are valid, in memory, in the GDT and in the LDT. */
#include "fuzz.h"

const struct fuzz_descriptor fuzz_descriptors[] = {
    {0x000067FF, 0x00CFB300, "ring-1 data"},
    {0x000067FF, 0x00CFFB00, "ring-3 code"},
    {0x0000FFFF, 0x00CF9300, "ring-0 data, 4 GiB"},
    {0x0000FFFF, 0x00CFFB00, "ring-3 code, 4 GiB"},
    {0x00000000, 0x00CF1300, "not present"},
    {0x00000067, 0x00008900, "TSS"},
    {0x00000000, 0x00008200, "LDT"},
    {0x00000000, 0xFC40F300, "data of a byte in the hypervisor"},
    {0x0000FFFF, 0xF54FF300, "data of 1 MiB across the border"},
    {0x0000FFFF, 0x0000F300, "data of 64 KiB"},
};
const unsigned int fuzz_descriptors_count = ARRAY_SIZE(fuzz_descriptors);

/* Guests' segments end where the machine-to-physical table does. Computed in 64 bits, and for segments that grow
 * upwards, as the list above has no others. */
bool check_descriptor(uint32_t *a, uint32_t *b)
{
    const uint64_t end = 0xF6800000;
    uint64_t first, size, last;

    if (!(*b & 0x8000))
        return true;
    if (!(*b & 0x6000))
        *b |= 0x2000;
    if (!(*b & 0x1000))
        return false; /* gates: the list has none that is acceptable */
    first = (*b & 0xFF000000) | (*b & 0xFF) << 16 | *a >> 16;
    size = ((*b & 0xF0000) | (*a & 0xFFFF)) + 1;
    if (*b & 0x800000)
        size <<= PAGE_SHIFT;
    if (first >= end - PAGE_SIZE)
        return false;
    if (first + size <= end)
        return true;
    if (!(*b & 0x800000))
        return false;
    last = ((end - first) >> PAGE_SHIFT) - 1; /* of the pages that fit; first may be in the middle of one */
    *a = (*a & 0xFFFF0000) | (uint32_t)(last & 0xFFFF);
    *b = (*b & ~0xF0000u) | (uint32_t)(last & 0xF0000);
    return true;
}

int predict_desc(const struct op *op)
{
    const struct fuzz_descriptor *d = &fuzz_descriptors[op->x % fuzz_descriptors_count];
    struct frame *f = &frames[op->frame % FRAMES];
    enum type type = f->type == T_DESC ? T_DESC : T_WRITABLE;
    uint32_t a = d->a, b = d->b;

    if (!IS_POOL(op->frame % FRAMES) && op->frame % FRAMES != F_DATA)
        return SKIP;
    if (op->y == 7)
        return -EINVAL; /* the address is not aligned */
    if (!f->owned || !check_descriptor(&a, &b))
        return -EINVAL;
    if (get_type(f, type))
        return -EINVAL;
    f->slot[op->slot % SLOTS] = (pte_t)b << 32 | a;
    put_type(f);
    return 0;
}

int predict_gdt(const struct op *op)
{
    uint8_t number[2] = {op->frame % FRAMES, op->target % FRAMES};
    unsigned int pages = op->x % 3;

    if (op->x == 7)
        return -EINVAL; /* too many entries */
    for (unsigned int i = 0; i < pages; i++)
        if (!IS_POOL(number[i]))
            return SKIP;
    for (unsigned int i = 0; i < pages; i++) {
        if (!get_both(&frames[number[i]], T_DESC))
            continue;
        while (i--)
            put_both(&frames[number[i]]);
        return -EINVAL;
    }
    while (gdt_frames)
        put_both(&frames[gdt_frame[--gdt_frames]]);
    memcpy(gdt_frame, number, sizeof(number));
    gdt_frames = pages;
    return 0;
}

/* The L1 entry that maps a page of the LDT. It is always in the window's table (place_of_ldt() in rules_mmu.c). */
static pte_t ldt_mapping(unsigned int page)
{
    uint32_t index = ((ldt_base - WINDOW_VA) >> PAGE_SHIFT) + page, first_view = (VIEW(0) - WINDOW_VA) >> PAGE_SHIFT;

    if (index >= first_view && index < first_view + POOL)
        return make_pte(frames[index - first_view].mfn, PTE_KERNEL_RO);
    for (unsigned int i = SLOT_FREE; i < SLOT_TOP; i++)
        if (index == slot_index[i])
            return frames[F_WINDOW].slot[i];
    return 0;
}

bool load_ldt_page(unsigned int page)
{
    struct frame *f;
    pte_t e;

    if (page * 512 >= ldt_entries)
        return false;
    if (ldt_mapped & 1u << page)
        return true;
    e = ldt_mapping(page);
    if (!(e & PTE_P))
        return false;
    f = frame_of(pte_mfn(e));
    if (get_both(f, T_DESC))
        return false;
    ldt_mapped |= 1u << page;
    ldt_frame[page] = f - frames;
    return true;
}
