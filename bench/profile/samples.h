/* SPDX-License-Identifier: MIT */
/* perf.data: which addresses of the guest were sampled how often. */
#ifndef INT82_BENCH_SAMPLES_H
#define INT82_BENCH_SAMPLES_H

#include "lib/util.h"

struct samples {
    uint32_t *guest; /* addresses in the guest, sorted */
    size_t guest_n;
    size_t outside; /* samples of the host: KVM and QEMU */
    size_t lost;
};

/* Returns false and a text in *WHY if the file is not as it should be. */
bool samples_load(const char *path, struct samples *s, const char **why);

#endif
