/*
 * Frames, page types, mmu_update, update_va_mapping, mmuext_op and descriptor tables under the coverage-guided fuzzer.
 *
 * The input is a sequence of choices, from which tests/unit/mm_ops.c makes operations of three vCPUs of two domains;
 * after each of them the auditor of mm_world.c counts all references anew. What is not preempted runs twice, in C and
 * by the entry path's assembly, and must leave the same.
 *
 * AddressSanitizer watches windows more strictly than a processor could: a window can be used only from the call that
 * opens it up to the next one of its class, or the next point where another vCPU may run; frames stand apart, with
 * nothing between them; and frames without an owner have no window at all.
 */
#include "../unit/mm_world.h"
#include "host.h"
#include "input.h"

#define CLASSES     5
#define CLASS_START 0x90000000u
#define CLASS_SIZE  (FRAMES * 2 * PAGE_SIZE)
#define MAX_OPS     200

enum { PRIVILEGED = 1, PREEMPTING = 2, GIVE_UP = 4, L1TF = 8, ASSEMBLY = 16 };

mfn_t window_frame[WIN_SLOTS];
uint8_t *guest_memory = (uint8_t *)0x70000000;
unsigned int failures;

static struct input input;
static bool dirty[FRAMES];
static mfn_t open_window[CLASSES];

void fail(const char *f, ...)
{
    va_list args;

    va_start(args, f);
    host_vfinding(f, args);
}

void exit_with(int status)
{
    host_finding("ended with status %d", status);
}

uint32_t below(uint32_t n)
{
    return choose(&input, n);
}

uint32_t random32(void)
{
    return take(&input, 4);
}

/* --- Windows */

static void *window(unsigned int class, mfn_t mfn)
{
    return (void *)(CLASS_START + class * CLASS_SIZE + mfn * 2 * PAGE_SIZE);
}

static void close_windows(unsigned int first, unsigned int last)
{
    for (unsigned int class = first; class <= last; class ++) {
        if (open_window[class] != INVALID_MFN)
            host_poison(window(class, open_window[class]), PAGE_SIZE);
        open_window[class] = INVALID_MFN;
    }
}

void *window_refill(unsigned int slot, mfn_t mfn)
{
    unsigned int class = slot < WIN_L2_FIRST     ? 0
                         : slot < WIN_L3_FIRST   ? 1
                         : slot < WIN_DATA_FIRST ? 2
                         : slot < WIN_COPY_FIRST ? 3
                                                 : 4;

    if (mfn >= FRAMES)
        FAIL("a window for frame %#x", mfn);
    if (!mfn_to_page(mfn)->owner || mfn_to_page(mfn)->owner == dom_io)
        FAIL("a window for frame %#x, which is nobody's memory", mfn);
    if (open_window[class] != mfn) {
        close_windows(class, class);
        host_unpoison(window(class, mfn), PAGE_SIZE);
        open_window[class] = mfn;
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

/* --- Points of preemption, in front of those of mm_ops.c */

bool world_preempt_point(void);
bool world_yield_point(void);

bool preempt_point(void)
{
    close_windows(0, CLASSES - 1);
    return world_preempt_point();
}

bool yield_point(void)
{
    close_windows(0, CLASSES - 1);
    return world_yield_point();
}

/* --- Runs */

static HOST bool on_fault(int signal, uint32_t *eip, uint32_t address)
{
    return world_fault(signal, eip);
}

static uint64_t run(const uint8_t *data, size_t size, uint32_t mode, bool by_assembly)
{
    input = (struct input){data, data + size};
    start(mode & PRIVILEGED);
    fast = by_assembly;
    l1tf_vulnerable = mode & L1TF;
    preempting = mode & PREEMPTING;
    give_up = mode & GIVE_UP;
    for (unsigned int n = 0; n < MAX_OPS && input_left(&input); n++) {
        if (!below(8))
            switch_vcpu(below(VCPUS));
        random_operation();
        close_windows(0, CLASSES - 1);
        audit(false);
        guest_runs();
        fold_frames();
    }
    audit(true);
    l1tf_vulnerable = false; /* what was built without it may not be allowed with it */
    tear_down();
    return state_hash;
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t mode = size ? data[0] : 0;
    uint64_t in_c;

    if (!size)
        return 0;
    if (mode & PREEMPTING) {
        run(data + 1, size - 1, mode, mode & ASSEMBLY);
        return 0;
    }
    in_c = run(data + 1, size - 1, mode, false);
    if (run(data + 1, size - 1, mode, true) != in_c)
        FAIL("C and assembly differ");
    return 0;
}

HOST int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int frames;

    host_init(*argv);
    frames = host_frames(FRAMES);
    for (unsigned int slot = 0; slot < WIN_SLOTS; slot++)
        window_frame[slot] = INVALID_MFN; /* each use of a window asks for it */
    for (unsigned int class = 0; class < CLASSES; class ++) {
        open_window[class] = INVALID_MFN;
        for (mfn_t mfn = 0; mfn < FRAMES; mfn++)
            host_map_frame((uint32_t)window(class, mfn), frames, mfn);
    }
    host_poison((void *)CLASS_START, CLASSES * CLASS_SIZE);
    host_map(FRAME_TABLE, PAGE_SIZE);
    host_poison(&frame_table[FRAMES], PAGE_SIZE - FRAMES * sizeof(*frame_table));
    host_map(RDWR_MPT_START, PAGE_SIZE);
    host_poison(&mpt_rw[FRAMES], PAGE_SIZE - FRAMES * sizeof(*mpt_rw));
    host_map((uint32_t)guest_memory, GUEST_MEMORY);
    host_on_fault(on_fault);
    return 0;
}
