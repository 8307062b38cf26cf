/* SPDX-License-Identifier: MIT */
/* Windows for the fuzzers: windows.h. */
#include "windows.h"
#include "../unit/mm_world.h"
#include "host.h"

#define CLASSES     5
#define SLOTS       (CLASSES + 1) /* one for each class, two for L1: even and odd frames */
#define CLASS_START WINDOWS_START /* where slots have numbers, of no frame */
#define CLASS_SIZE  (FRAMES * 2 * PAGE_SIZE)
#define VIEW        0xA0000000u

mfn_t window_frame[WIN_SLOTS];
uint8_t *guest_memory = (uint8_t *)0x70000000;
unsigned int failures;

static bool dirty[FRAMES];
static mfn_t open_window[SLOTS];
static int file;

static void *window(unsigned int class, mfn_t mfn)
{
    return (void *)(CLASS_START + class * CLASS_SIZE + mfn * 2 * PAGE_SIZE);
}

static void *opened(unsigned int slot)
{
    return window(slot == CLASSES ? 0 : slot, open_window[slot]);
}

static void close_slot(unsigned int slot)
{
    if (open_window[slot] == INVALID_MFN)
        return;
    host_poison(opened(slot), PAGE_SIZE);
    if ((uint32_t)opened(slot) == this_cpu.va_table.window) /* as xen/arch/x86/mm/window.c does it */
        forget_va_table();
    if ((uint32_t)opened(slot) == this_cpu.held.window)
        forget_held_table();
    open_window[slot] = INVALID_MFN;
}

static bool is_remembered(uint32_t window)
{
    return (this_cpu.va_table.size && window == this_cpu.va_table.window) ||
           (this_cpu.held.limit && window == this_cpu.held.window);
}

/* Closes all windows but those of the tables that may be found again without a walk. */
void close_windows(void)
{
    for (unsigned int slot = 0; slot < SLOTS; slot++)
        if (!is_remembered((uint32_t)opened(slot)))
            close_slot(slot);
}

static unsigned int class_of(unsigned int slot)
{
    static const unsigned int first[] = {WIN_L2_FIRST, WIN_L3_FIRST, WIN_DATA_FIRST, WIN_COPY_FIRST, WIN_SLOTS};
    unsigned int class = 0;

    while (slot >= first[class])
        class ++;
    return class;
}

/* No slot ever holds a frame (window_frame), so each use of a window comes here. */
void *window_refill(unsigned int slot, mfn_t mfn)
{
    unsigned int class = class_of(slot), ours = !class && mfn & 1 ? CLASSES : class;

    if (mfn >= FRAMES)
        FAIL("a window for frame %#x", mfn);
    if (!mfn_to_page(mfn)->owner || mfn_to_page(mfn)->owner == dom_io)
        FAIL("a window for frame %#x, which is nobody's memory", mfn);
    if (open_window[ours] != mfn) {
        close_slot(ours);
        host_unpoison(window(class, mfn), PAGE_SIZE);
        open_window[ours] = mfn;
    }
    dirty[mfn] = true;
    return window(class, mfn);
}

void zero_frame(mfn_t mfn)
{
    if (dirty[mfn])
        host_zero(map_frame(mfn), PAGE_SIZE);
    dirty[mfn] = false;
}

int window_file(void)
{
    return file;
}

const uint8_t *window_view(mfn_t mfn)
{
    return (const uint8_t *)(VIEW + mfn * PAGE_SIZE);
}

void set_up_windows(void)
{
    file = host_frames(FRAMES);
    for (unsigned int slot = 0; slot < WIN_SLOTS; slot++)
        window_frame[slot] = INVALID_MFN;
    for (unsigned int class = 0; class < CLASSES; class ++) {
        open_window[class] = INVALID_MFN;
        for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
            host_map_frame((uint32_t)window(class, mfn), file, mfn);
    }
    host_poison((void *)CLASS_START, CLASSES * CLASS_SIZE);
    for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
        host_map_frame((uint32_t)window_view(mfn), file, mfn);
    host_map(FRAME_TABLE, PAGE_SIZE);
    host_poison(&frame_table[FRAMES], PAGE_SIZE - FRAMES * sizeof(*frame_table));
    host_map(RDWR_MPT_START, PAGE_SIZE);
    host_poison(&mpt_rw[FRAMES], PAGE_SIZE - FRAMES * sizeof(*mpt_rw));
    host_map((uint32_t)guest_memory, GUEST_MEMORY);
}
