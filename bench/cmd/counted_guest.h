/* SPDX-License-Identifier: MIT */
/* A guest on the build with counters: what `batching` and `trace` have in common. */
#ifndef INT82_BENCH_COUNTED_GUEST_H
#define INT82_BENCH_COUNTED_GUEST_H

#include "lib/util.h"

struct counted_guest {
    const char *guest, *guest_args, *initrd, *hypervisor, *hv_args, *memory, *qemu, *cpu, *timeout, *label, *out;
};

/* clang-format off */
#define COUNTED_GUEST_OPTIONS(o, command) \
    {"guest", 'g', "FILE", "the guest to run: an ELF file of a Xen PV guest, 32-bit PAE", &(o)->guest, NULL, NULL}, \
    {"guest-args", 0, "TEXT", "its command line", &(o)->guest_args, NULL, NULL}, \
    {"initrd", 0, "FILE", "its initial RAM disk", &(o)->initrd, NULL, NULL}, \
    {"hypervisor", 0, "FILE", "a build with counters (default: build/int82-counters.elf)", &(o)->hypervisor, NULL, NULL}, \
    {"hv-args", 0, "TEXT", "the hypervisor's command line", &(o)->hv_args, NULL, NULL}, \
    {"memory", 'm', "MIB", "the machine's memory (default: 256)", &(o)->memory, NULL, NULL}, \
    {"qemu", 0, "PROGRAM", "default: qemu-system-i386", &(o)->qemu, NULL, NULL}, \
    {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64)", &(o)->cpu, NULL, NULL}, \
    {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &(o)->timeout, NULL, NULL}, \
    {"label", 'l', "NAME", "write results/NAME/" command "/ (default: " command ")", &(o)->label, NULL, NULL}, \
    {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &(o)->out, NULL, NULL}
/* clang-format on */

/* Ends the program where an option cannot be, before anything runs. hv_args: the hypervisor's whole command line. */
void counted_guest_check(const struct counted_guest *o, const char *hv_args);
double counted_guest_timeout(const struct counted_guest *o); /* seconds */
/* The console is appended to. False when the guest did not end in time. debug_console: a file, or NULL. */
bool counted_guest_run(const struct counted_guest *o, const char *hv_args, const char *debug_console,
                       struct buf *console);
const char *counted_guest_results(const struct counted_guest *o);
/* Moves a directory to where the command's results stand. Returns its path. */
char *counted_guest_publish(const struct counted_guest *o, const char *temp, const char *command);

#endif
