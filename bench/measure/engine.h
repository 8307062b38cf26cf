/* SPDX-License-Identifier: MIT */
/* Which machine runs the guest, and what one of its ticks is. */
#ifndef INT82_BENCH_ENGINE_H
#define INT82_BENCH_ENGINE_H

#include "lib/proc.h"

enum engine_kind { ENGINE_TCG, ENGINE_KVM };

struct engine {
    enum engine_kind kind;
    const char *name; /* as in results: tcg-icount, kvm */
    char *version;    /* of QEMU */
    char *why;        /* one line for the user */
    const char *qemu;
    const char *cpu; /* QEMU's -cpu */
    bool exact;      /* two runs of one build agree in every tick */
};

/* WANTED is auto, kvm or tcg. Ends the program when the wanted one does not work, with the reason. */
struct engine engine_pick(const char *wanted, const char *qemu, const char *cpu, bool tell);
/* The part of QEMU's command line that belongs to the engine. */
void engine_args(const struct engine *e, struct args *a);

#endif
