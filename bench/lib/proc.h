/* SPDX-License-Identifier: MIT */
/* Child processes: QEMU, gnuplot, make, git. Each in a group of its own, so that it can be ended with all it started.
 */
#ifndef INT82_BENCH_PROC_H
#define INT82_BENCH_PROC_H

#include "lib/util.h"

#include <sys/types.h>

struct child {
    pid_t pid;
    int fd; /* its standard output and standard error */
};

/* Arguments are collected with args_add() and always end with a NULL. */
struct args {
    const char **v;
    size_t n;
};
void args_add(struct args *a, ...) __attribute__((sentinel));

/* DIR may be NULL (stay here). */
struct child child_start(const char *const *argv, const char *dir);
/* Bytes read, 0 at the end of the output, -1 if nothing came for MS milliseconds. */
ssize_t child_read(struct child *c, char *data, size_t room, int ms);
/* Exit status, 128 + signal, or -1 if it is still running after MS milliseconds. */
int child_wait(struct child *c, int ms);
void child_kill(struct child *c);

/* Collects what it prints until its end, and returns its status; after SECONDS of work (lib/work.h) it is killed (-1).
 */
int child_collect(struct child *c, struct buf *out, double seconds);

/* Runs to the end and collects the output; a command that works for longer than SECONDS is killed (-1). */
int capture(const char *const *argv, const char *dir, struct buf *out, double seconds);
/* The first line of a command's output, or NULL when it fails. */
char *first_line(const char *const *argv, const char *dir);
bool have_program(const char *name);

/* Removes what make and git have put into the environment for their own children, and sets a neutral locale. */
void environment_clean(void);

/* After this, SIGINT, SIGTERM and SIGHUP end the program through its clean-up, wherever it waits. */
void interrupts_catch(void);
void interrupts_check(void);

#endif
