/* SPDX-License-Identifier: MIT */
/* Any guest, run to its end under TCG with icount. */
#ifndef INT82_BENCH_GUEST_RUN_H
#define INT82_BENCH_GUEST_RUN_H

#include "measure/engine.h"

struct guest_run {
    const char *qemu, *cpu, *hypervisor, *hv_args, *guest, *guest_args, *initrd, *memory;
    const char *plugin;        /* QEMU's -plugin, or NULL */
    const char *debug_console; /* the file for what is written to port 0xE9, or NULL */
    double timeout;            /* seconds */
};

/* The console is appended to. False when the guest did not end in time, and was ended; QEMU's plugins still get to
 * write their files. Ends the program when a file is missing. */
bool guest_run(const struct guest_run *g, struct buf *console);
/* A part of one of QEMU's options: a comma in it is written twice. */
void add_option_text(struct buf *b, const char *s);

#endif
