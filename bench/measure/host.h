/* SPDX-License-Identifier: MIT */
/* What the host knows: date, processor, revisions, how quiet the machine is. */
#ifndef INT82_BENCH_HOST_H
#define INT82_BENCH_HOST_H

#include "result/result.h"

const char *host_date(void);   /* UTC, ISO 8601 */
char *host_date_compact(void); /* for labels */
void host_describe(struct result *r);
/* A file of /proc, /sys or /dev: below INT82_HOST_ROOT, by which tests show another machine. The caller frees. */
char *host_path(const char *path);

/* `git describe` of a work tree, "unknown" without one. */
char *host_revision(const char *tree);
/* A revision for any image: of its tree when it lies in the build directory of one, else its hash. */
char *host_hypervisor(const char *image);
/* Compiler and flags, as the build left them beside the image; NULL if it did not. */
char *host_build_flags(const char *image);
char *host_sha256(const char *file);
/* qemu-system-i386, or -x86_64 if the image holds 64-bit code. */
const char *host_qemu_for(const char *image);

#endif
