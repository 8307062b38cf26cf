/* SPDX-License-Identifier: MIT */
/*
 * Frames, page types, mmu_update, update_va_mapping, mmuext_op and descriptor tables under the coverage-guided fuzzer.
 *
 * The input is a sequence of choices. tests/unit/mm_ops.c makes operations of them, for three vCPUs of two domains.
 * After each operation the auditor of mm_world.c counts all references again. A run without preemption is made twice,
 * in C and through the assembly of the entry path. Both must leave the same state.
 *
 * AddressSanitizer watches the windows: windows.h.
 */
#include "../unit/mm_world.h"
#include "choices.h"
#include "host.h"
#include "windows.h"

#define MAX_OPS 200

enum { PRIVILEGED = 1, PREEMPTING = 2, MAKE_WAY = 4, L1TF = 8, ASSEMBLY = 16 };

/* --- Points where others may run. They close the windows, then call mm_calls.c's */

void world_preempt_point(void);
bool world_pause_point(void);

void preempt_point(void)
{
    close_windows();
    world_preempt_point();
}

bool pause_point(void)
{
    close_windows();
    return world_pause_point();
}

/* --- Runs */

static HOST bool on_fault(int signal, uint32_t *eip, uint32_t address, uint32_t edx)
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
    make_way = mode & MAKE_WAY;
    for (unsigned int n = 0; n < MAX_OPS && input_left(&input); n++) {
        if (!below(8))
            switch_vcpu(below(VCPUS));
        random_operation();
        close_windows();
        audit(false);
        guest_runs();
        fold_frames();
    }
    audit(true);
    l1tf_vulnerable = false; /* what was built with it off may be forbidden with it on */
    tear_down();
    return state_hash;
}

HOST int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool begun;

    if (!begun)
        host_on_fault(on_fault);
    begun = true;
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
    host_init(*argv);
    set_up_windows();
    host_on_fault(on_fault);
    return 0;
}
