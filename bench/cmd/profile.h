/* SPDX-License-Identifier: MIT */
/* What one row executes: exactly under TCG, by perf's samples under KVM. And what any guest does, exactly. */
#ifndef INT82_BENCH_PROFILE_H
#define INT82_BENCH_PROFILE_H

#include "lib/elf_file.h"
#include "measure/run.h"

struct profile_options {
    struct run_config run;
    const char *row, *label, *engine, *qemu, *cpu, *out, *symbols, *seconds, *json;
    const char *initrd, *guest_symbols, *section, *costs, *hypervisor_start, *kernel_start; /* of a guest */
    struct elf *elfs[2]; /* the guest, the hypervisor */
};

/* The result's only row; ends the program when BENCH=WANTED stands for several. */
const struct row *profile_only_row(const struct result *r, const char *wanted);

/* What perf samples under KVM; ends the program with EXIT_UNSUPPORTED where there can be none. */
int profile_perf(struct profile_options *o, const char *dir);
/* A whole run of any guest. */
int profile_guest(struct profile_options *o);
/* Two of these, side by side: labels below OUT, or directories. */
int profile_compare(const struct profile_options *o, const char *base, const char *head);

/* The image itself, or the file beside it that Xen's build calls <image>-syms. */
const char *profile_symbols_file(const struct profile_options *o);
/* Renames TEMP to results/<label>/NAME, which may be there already; returns that path. */
char *profile_publish(const char *temp, const struct profile_options *o, const char *name);

#endif
