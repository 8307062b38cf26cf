/* SPDX-License-Identifier: MIT */
/* Which machine runs the guest, and what one of its ticks is. */
#ifndef INT82_BENCH_ENGINE_H
#define INT82_BENCH_ENGINE_H

#include "lib/proc.h"

enum engine_kind { ENGINE_TCG, ENGINE_KVM };

struct engine {
    enum engine_kind kind;
    const char *name; /* as in results: tcg-icount, kvm */
    const char *tick;
    char *version;   /* of QEMU */
    char *not_taken; /* the other engine, and why not */
    const char *qemu;
    const char *cpu; /* QEMU's -cpu */
    bool exact;      /* two runs of one build agree in every tick */
};

/* --probe-timeout of the command that is running, or NULL: then it depends on how long QEMU takes to start. */
extern const char *engine_probe_timeout;

#define ENGINE_PROBE_OPTION                                                                                    \
    {                                                                                                          \
        "probe-timeout", 0, "SECONDS", "for the probe guest on each engine (default: by the machine's speed)", \
            &engine_probe_timeout, NULL, NULL                                                                  \
    }

/* WANTED is auto, kvm or tcg. Ends the program when the wanted one does not work, with the reason. */
struct engine engine_pick(const char *wanted, const char *qemu, const char *cpu, bool tell);
/* The part of QEMU's command line that belongs to the engine. */
void engine_args(const struct engine *e, struct args *a);

#endif
