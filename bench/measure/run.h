/* SPDX-License-Identifier: MIT */
/* One run of the bench guest: boot, follow the console, parse. */
#ifndef INT82_BENCH_RUN_H
#define INT82_BENCH_RUN_H

#include "measure/engine.h"
#include "measure/vcpu.h"
#include "result/parse.h"
#include "result/result.h"

struct run_config {
    const struct engine *engine;
    const char *hypervisor; /* a Multiboot image; NULL or empty: ours */
    const char *hv_args;    /* its command line */
    const char *guest, *guest_args;
    const char *rows, *reps;
    const char *memory;       /* MiB */
    const char *title;        /* before the progress */
    double timeout, quiet;    /* seconds: for the whole run, and without a byte from the console */
    int cpu;                  /* processor to pin the guest's to, or -1 */
    const char *plugin;       /* QEMU's -plugin, or NULL */
    const char *const *under; /* a command that runs QEMU, e.g. perf; ends with NULL */
    struct buf *console;      /* gets all that was printed */
    void (*watch)(struct run_config *c, const struct parser *p); /* called again and again during the run, or NULL */
    void *watch_arg;
    /* Set by run_defaults(), before the run: somebody may build new images in the meantime. */
    char *hypervisor_sha256, *guest_sha256, *revision, *build;
    /* run_once() keeps here what run_describe() tells. */
    struct vcpu vcpu;
    struct vcpu_counts counts[2]; /* before the first row, and after the last */
    size_t rows_counted;          /* rows that were there at counts[1] */
};

/*
 * Runs once and returns the result, or NULL after a message with the console's tail. Effects that the guest found
 * wrong are errors too. The result carries only what the guest says; run_describe() adds what the host knows.
 */
struct result *run_once(struct run_config *c);
void run_describe(struct result *r, const struct run_config *c);
/* How often a call left the guest, without the exits for devices and interrupts; "unknown" where KVM does not tell. */
char *run_exits_per_call(const struct result *r, const struct run_config *c);
void run_defaults(struct run_config *c);
/* The guest alone. */
void run_default_guest(struct run_config *c);
/* End the program (EXIT_USAGE) when the guest would not take this number, or the machine this memory. */
void run_check_reps(const char *reps);
void run_check_memory(const char *mib);

/* Boots and collects the console, for what the guest can do besides measuring. */
void run_boot(const struct run_config *c, struct buf *console, double seconds);
/* Ends the program when the guest has refused its command line, with the guest's words. */
void run_refused(const struct buf *console);
/* The longest command line that a PV guest, and Xen, can be given; die(EXIT_USAGE) when this is longer. */
void run_check_line(const char *whose, const char *line);

/* Whether the hypervisor, ours or Xen's, has said that the guest ended, in the last NEWS bytes or shortly before. */
bool run_is_over(const struct buf *console, size_t news);
/* Prints the end of a console on standard error, for a message. */
void run_console_tail(const struct buf *console);

#endif
