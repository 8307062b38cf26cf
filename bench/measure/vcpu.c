/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/vcpu.h"
#include "measure/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MSR_MPERF 0xe7
#define MSR_APERF 0xe8

/* Calls F for each thread of PROCESS until it returns true. */
static bool each_thread(pid_t process, bool (*f)(pid_t process, pid_t thread, void *arg), void *arg)
{
    char *path = fmt("/proc/%d/task", process);
    DIR *dir = opendir(path);
    bool done = false;

    for (struct dirent *e = dir ? readdir(dir) : NULL; e && !done; e = readdir(dir))
        if (e->d_name[0] != '.')
            done = f(process, atoi(e->d_name), arg);
    if (dir)
        closedir(dir);
    free(path);
    return done;
}

/* QEMU calls it CPU 0/KVM or CPU 0/TCG; with icount, ALL CPUs/TCG. */
static bool is_vcpu(pid_t process, pid_t thread, void *arg)
{
    char *path = fmt("/proc/%d/task/%d/comm", process, thread);
    struct vcpu *v = arg;
    struct buf b = {0};
    bool found = file_read(path, &b) && (!strncmp(b.p, "CPU 0/", 6) || !strncmp(b.p, "ALL CPUs/", 9));

    if (found) {
        v->qemu = process;
        v->thread = thread;
    }
    buf_free(&b);
    free(path);
    return found;
}

bool vcpu_find(struct vcpu *v, pid_t started)
{
    char *path = fmt("/proc/%d/task/%d/children", started, started), *p;
    struct buf b = {0};

    if (!v->thread && !each_thread(started, is_vcpu, v) && file_read(path, &b))
        for (p = b.p; *p && !v->thread; p += strspn(p, " "))
            each_thread(strtol(p, &p, 10), is_vcpu, v);
    buf_free(&b);
    free(path);
    return v->thread != 0;
}

/* ---- pinning -------------------------------------------------------------------------------------------------- */

struct move {
    const struct vcpu *v;
    const cpu_set_t *set;
};

static bool move_other(pid_t process, pid_t thread, void *arg)
{
    const struct move *m = arg;

    (void)process;
    if (thread != m->v->thread)
        sched_setaffinity(thread, sizeof(*m->set), m->set);
    return false;
}

void vcpu_pin(struct vcpu *v, int cpu)
{
    cpu_set_t one, others;

    free(v->pinned);
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (!v->thread) {
        v->pinned = xstrdup("failed: QEMU's thread of the processor was not found");
    } else if (sched_setaffinity(v->thread, sizeof(one), &one)) {
        v->pinned = fmt("failed: %s", strerror(errno));
    } else {
        v->pinned = fmt("processor %d", cpu);
        if (sched_getaffinity(0, sizeof(others), &others))
            return;
        CPU_CLR(cpu, &others);
        if (CPU_COUNT(&others))
            each_thread(v->qemu, move_other, &(struct move){v, &others});
    }
}

/* ---- counting ------------------------------------------------------------------------------------------------- */

/* KVM's statistics of this virtual machine, where debugfs is mounted and we are root. */
static char *stats_dir(pid_t qemu)
{
    char *parent = host_path("/sys/kernel/debug/kvm"), *begin = fmt("%d-", qemu), *found = NULL;
    DIR *dir = opendir(parent);

    for (struct dirent *e = dir ? readdir(dir) : NULL; e && !found; e = readdir(dir))
        if (!strncmp(e->d_name, begin, strlen(begin)))
            found = fmt("%s/%s", parent, e->d_name);
    if (dir)
        closedir(dir);
    free(parent);
    free(begin);
    return found;
}

static bool read_number(const char *dir, const char *name, uint64_t *n)
{
    char *path = fmt("%s/%s", dir, name);
    struct buf b = {0};
    bool good = file_read(path, &b);

    if (good) {
        b.p[strcspn(b.p, "\n")] = 0;
        good = parse_u64(b.p, n);
    }
    buf_free(&b);
    free(path);
    return good;
}

static void count_exits(pid_t qemu, struct vcpu_counts *c)
{
    static const char *const others[] = {"io_exits",         "mmio_exits", "irq_exits",
                                         "irq_window_exits", "halt_exits", "signal_exits"};
    char *dir = stats_dir(qemu);
    uint64_t n;

    if (!dir)
        return;
    c->exits_known = read_number(dir, "exits", &c->exits);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (read_number(dir, others[i], &n))
            c->exits -= n < c->exits ? n : c->exits;
    free(dir);
}

static uint64_t read_msr(int fd, off_t number)
{
    uint64_t v;

    return pread(fd, &v, sizeof(v), number) == sizeof(v) ? v : 0;
}

struct vcpu_counts vcpu_count(const struct vcpu *v, int cpu)
{
    struct vcpu_counts c = {0};
    char *file = fmt("/dev/cpu/%d/msr", cpu), *path = host_path(file);
    int fd = cpu >= 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (v->thread)
        count_exits(v->qemu, &c);
    if (fd >= 0) {
        c.mperf = read_msr(fd, MSR_MPERF);
        c.aperf = read_msr(fd, MSR_APERF);
        close(fd);
    }
    free(path);
    free(file);
    return c;
}
