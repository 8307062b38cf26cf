/* SPDX-License-Identifier: MIT */
/* QEMU's thread that is the guest's processor: where it runs, and how often it leaves the guest. */
#ifndef INT82_BENCH_VCPU_H
#define INT82_BENCH_VCPU_H

#include "lib/util.h"

#include <sys/types.h>

struct vcpu {
    pid_t qemu, thread; /* 0 until found */
    char *pinned;       /* for the result: "processor 3", "no", or "failed: " and why */
};

/* Counters that go on while the guest runs. A field is 0 where it cannot be read. */
struct vcpu_counts {
    uint64_t exits; /* from the guest, without those for devices and interrupts */
    bool exits_known;
    uint64_t aperf, mperf; /* of the pinned processor: cycles of its core, and of its nominal frequency */
};

/* Looks for the thread in STARTED, or in a child of it; to be called until it returns true. QEMU needs
 * debug-threads=on. */
bool vcpu_find(struct vcpu *v, pid_t started);
/* Moves the vCPU's thread to CPU, and all other threads to other processors, if there are any. Sets PINNED. */
void vcpu_pin(struct vcpu *v, int cpu);
struct vcpu_counts vcpu_count(const struct vcpu *v, int cpu);

#endif
