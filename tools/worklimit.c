/* SPDX-License-Identifier: MIT */
/*
 * Like timeout(1), but what counts is the command's own time (bench/lib/work.h), so that a busy machine fails no test.
 * usage: worklimit SECONDS COMMAND [ARGUMENT...]     status 124 when the limit was reached, else the command's
 */
#include "lib/work.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE    10 /* seconds between SIGTERM and SIGKILL */
#define AT_WORST 50 /* times the limit, by the clock on the wall */

static volatile sig_atomic_t asked;

static void on_signal(int sig)
{
    asked = sig;
}

/* Waits until a child has ended, but not for long. */
static void nap(const sigset_t *ended)
{
    sigtimedwait(ended, NULL, &(struct timespec){0, 200000000});
}

/* First while each still has its parent; then also those that have lost it but are in the command's process group. */
static void end_all(pid_t child, int sig)
{
    work_kill(getpid(), sig);
    kill(-child, sig);
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_limited(pid_t child, double limit, const sigset_t *chld)
{
    time_t start = time(NULL), ended = 0;
    struct work w;
    int status, why = 0;

    work_start(&w, getpid());
    for (;;) {
        pid_t r = waitpid(child, &status, WNOHANG);

        if (r == child || (r < 0 && errno != EINTR))
            return why ? why : status_of(status);
        if (!why && asked)
            why = 128 + asked;
        if (!why && (work_seconds(&w) > limit || time(NULL) - start > limit * AT_WORST))
            why = 124;
        if (why && !ended) {
            ended = time(NULL);
            end_all(child, SIGTERM);
        } else if (why && time(NULL) - ended > GRACE) {
            end_all(child, SIGKILL);
        }
        nap(chld);
    }
}

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t chld;
    char *end;
    double limit = argc > 2 ? strtod(argv[1], &end) : 0;
    pid_t child;

    if (argc < 3 || *end || limit <= 0) {
        fprintf(stderr, "usage: worklimit SECONDS COMMAND [ARGUMENT...]\n");
        return 125;
    }
    for (int i = 0; i < 3; i++)
        sigaction((const int[]){SIGTERM, SIGINT, SIGHUP}[i], &sa, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    child = fork();
    if (!child) {
        sigprocmask(SIG_UNBLOCK, &chld, NULL);
        setpgid(0, 0);
        execvp(argv[2], argv + 2);
        fprintf(stderr, "worklimit: cannot run %s\n", argv[2]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (child < 0)
        return 125;
    setpgid(child, child);
    return run_limited(child, limit, &chld);
}
