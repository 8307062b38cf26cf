/* SPDX-License-Identifier: MIT */
/*
 * How long a process has worked, however busy the machine is: the time in which it and its descendants ran or
 * slept, but not that in which they waited for a processor or a disk. For time limits, which must not fail on a busy
 * machine, and must still end what hangs.
 */
#ifndef INT82_BENCH_WORK_H
#define INT82_BENCH_WORK_H

#include <sys/types.h>

struct work {
    pid_t root;
    double seconds, at, cpu; /* so far; when and with which processor time it was asked last */
};

void work_start(struct work *w, pid_t root);
/* To be called a few times a second: each call looks at the time since the one before. */
double work_seconds(struct work *w);
/* A signal to all descendants, of whatever process group. */
void work_kill(pid_t root, int sig);

#endif
