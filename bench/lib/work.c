/* SPDX-License-Identifier: MIT */
#include "lib/work.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL 0.1 /* seconds: /proc counts in hundredths */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* State and processor time of /proc/PID/stat or of one of its threads, dead and waited-for children included. */
static bool read_stat(const char *path, char *state, double *cpu)
{
    char text[1024], *p;
    unsigned long long own[2], children[2];
    FILE *f = fopen(path, "r");
    size_t n;

    if (!f)
        return false;
    n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = 0;
    p = strrchr(text, ')'); /* the name before it may hold anything */
    if (!p || sscanf(p, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", state, &own[0], &own[1],
                     &children[0], &children[1]) != 5)
        return false;
    *cpu = (double)(own[0] + own[1] + children[0] + children[1]) / sysconf(_SC_CLK_TCK);
    return true;
}

struct look {
    double cpu;
    bool wants; /* somebody runs, or waits for a processor or a disk */
    int sig;    /* for all of them, or 0 */
};

static void look_at(pid_t pid, struct look *l);

static void look_at_task(pid_t pid, const char *task, struct look *l)
{
    char path[320], state = 0;
    double unused;
    FILE *f;
    int child;

    snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int)pid, task);
    if (pid != getpid() && read_stat(path, &state, &unused))
        l->wants |= state == 'R' || state == 'D';
    snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, task);
    f = fopen(path, "r");
    while (f && fscanf(f, "%d", &child) == 1)
        look_at(child, l);
    if (f)
        fclose(f);
}

static void look_at(pid_t pid, struct look *l)
{
    char path[64], state;
    struct dirent *e;
    double cpu;
    DIR *d;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_stat(path, &state, &cpu))
        l->cpu += cpu;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    d = opendir(path);
    while (d && (e = readdir(d)))
        if (*e->d_name != '.')
            look_at_task(pid, e->d_name, l);
    if (d)
        closedir(d);
    if (l->sig && pid != getpid())
        kill(pid, l->sig);
}

void work_start(struct work *w, pid_t root)
{
    struct look l = {0};

    look_at(root, &l);
    *w = (struct work){.root = root, .at = now(), .cpu = l.cpu};
}

double work_seconds(struct work *w)
{
    double passed = now() - w->at, ran;
    struct look l = {0};

    if (passed < INTERVAL)
        return w->seconds;
    look_at(w->root, &l);
    ran = l.cpu > w->cpu ? l.cpu - w->cpu : 0;
    w->seconds += l.wants && ran < passed ? ran : passed;
    w->at += passed;
    w->cpu = l.cpu;
    return w->seconds;
}

void work_kill(pid_t root, int sig)
{
    struct look l = {.sig = sig};

    look_at(root, &l);
}
