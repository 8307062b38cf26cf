/* SPDX-License-Identifier: MIT */
/* What one row executes: exactly under TCG, by perf's samples under KVM. */
#ifndef INT82_BENCH_PROFILE_H
#define INT82_BENCH_PROFILE_H

#include "lib/elf_file.h"
#include "measure/run.h"

struct profile_options {
    struct run_config run;
    const char *row, *label, *engine, *qemu, *cpu, *out, *symbols, *seconds;
    struct elf *elfs[2]; /* the guest, the hypervisor */
};

/* The result's only row; ends the program when BENCH=WANTED stands for several. */
const struct row *profile_only_row(const struct result *r, const char *wanted);

/* What perf samples under KVM; ends the program with EXIT_UNSUPPORTED where there can be none. */
int profile_perf(struct profile_options *o, const char *dir);

#endif
