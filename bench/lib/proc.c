/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lib/proc.h"
#include "lib/work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILDREN 8
static pid_t running[MAX_CHILDREN];
static volatile sig_atomic_t interrupted;

void environment_clean(void)
{
    /* In a hook, GIT_INDEX_FILE and others name the repository of the commit: a `git worktree add` would change it.
     * Configuration that the user gives in this way (GIT_CONFIG_*) stays. */
    static const char *const others[] = {"GIT_DIR",
                                         "GIT_WORK_TREE",
                                         "GIT_IMPLICIT_WORK_TREE",
                                         "GIT_INDEX_FILE",
                                         "GIT_COMMON_DIR",
                                         "GIT_PREFIX",
                                         "GIT_OBJECT_DIRECTORY",
                                         "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                         "GIT_QUARANTINE_PATH",
                                         "GIT_NAMESPACE",
                                         "GIT_SHALLOW_FILE",
                                         "GIT_GRAFT_FILE",
                                         "GIT_REPLACE_REF_BASE",
                                         "GIT_NO_REPLACE_OBJECTS",
                                         "GIT_INTERNAL_SUPER_PREFIX",
                                         "MAKEFLAGS",
                                         "MFLAGS",
                                         "GNUMAKEFLAGS",
                                         "MAKEOVERRIDES",
                                         "MAKELEVEL",
                                         "MAKEFILES",
                                         "GNUTERM",
                                         "GNUPLOT_LIB",
                                         "LANGUAGE"};

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        unsetenv(others[i]);
    setenv("GIT_OPTIONAL_LOCKS", "0", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
}

static void on_signal(int sig)
{
    interrupted = sig;
}

void interrupts_catch(void)
{
    struct sigaction sa = {.sa_handler = on_signal}; /* no SA_RESTART: poll() must return */

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void interrupts_check(void)
{
    if (interrupted)
        die(EXIT_SIGNAL, "interrupted; nothing was left behind");
}

void args_add(struct args *a, ...)
{
    va_list ap;
    const char *s;

    va_start(ap, a);
    while ((s = va_arg(ap, const char *))) {
        a->v = xrealloc(a->v, (a->n + 2) * sizeof(*a->v));
        a->v[a->n++] = s;
        a->v[a->n] = NULL;
    }
    va_end(ap);
}

static void become(const char *const *argv, const char *dir, int out)
{
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (dir && chdir(dir))
        dprintf(STDERR_FILENO, "cannot enter %s: %s\n", dir, strerror(errno));
    else
        execvp(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static void children_kill(void)
{
    for (int i = 0; i < MAX_CHILDREN; i++)
        if (running[i])
            child_kill(&(struct child){running[i], -1});
}

struct child child_start(const char *const *argv, const char *dir)
{
    struct child c;
    int fds[2];

    interrupts_check();
    fflush(NULL);
    before_clean_up(children_kill);
    if (pipe2(fds, O_CLOEXEC))
        die(EXIT_RUN, "cannot make a pipe: %s", strerror(errno));
    c.pid = fork();
    if (c.pid < 0)
        die(EXIT_RUN, "cannot fork: %s", strerror(errno));
    if (!c.pid)
        become(argv, dir, fds[1]);
    setpgid(c.pid, c.pid); /* here too: whichever of the two comes first */
    close(fds[1]);
    c.fd = fds[0];
    for (int i = 0; i < MAX_CHILDREN; i++) {
        if (!running[i]) {
            running[i] = c.pid;
            break;
        }
    }
    return c;
}

ssize_t child_read(struct child *c, char *data, size_t room, int ms)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    double end = now_seconds() + ms / 1e3;

    for (;;) {
        int left = (int)((end - now_seconds()) * 1e3);
        int r = poll(&p, 1, left > 0 ? left : 0);

        interrupts_check();
        if (r < 0 && errno == EINTR)
            continue;
        if (!r)
            return -1;
        ssize_t n = read(c->fd, data, room);
        if (n >= 0)
            return n;
        if (errno != EINTR)
            return 0;
    }
}

static int finished(struct child *c, int status)
{
    for (int i = 0; i < MAX_CHILDREN; i++)
        if (running[i] == c->pid)
            running[i] = 0;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_wait(struct child *c, int ms)
{
    double end = now_seconds() + ms / 1e3;
    int status;

    for (;;) {
        pid_t r = waitpid(c->pid, &status, WNOHANG);

        if (r == c->pid)
            return finished(c, status);
        if (r < 0 && errno != EINTR)
            return finished(c, 127 << 8);
        interrupts_check();
        if (now_seconds() >= end)
            return -1;
        usleep(5000);
    }
}

void child_kill(struct child *c)
{
    int status;

    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    finished(c, status);
}

int child_collect(struct child *c, struct buf *out, double seconds)
{
    struct work work;
    char data[4096];
    int status;

    work_start(&work, c->pid);
    buf_add(out, "", 0);
    for (;;) {
        ssize_t n = child_read(c, data, sizeof(data), 200);

        if (n > 0)
            buf_add(out, data, n);
        else if (!n)
            break;
        if (work_seconds(&work) > seconds) {
            child_kill(c);
            return -1;
        }
    }
    status = child_wait(c, 10000);
    if (status < 0)
        child_kill(c);
    return status;
}

int capture(const char *const *argv, const char *dir, struct buf *out, double seconds)
{
    struct child c = child_start(argv, dir);

    return child_collect(&c, out, seconds);
}

char *first_line(const char *const *argv, const char *dir)
{
    struct buf b = {0};
    char *line = NULL;

    if (!capture(argv, dir, &b, 20))
        line = xstrndup(b.p, strcspn(b.p, "\r\n"));
    buf_free(&b);
    return line;
}

bool have_program(const char *name)
{
    char *path, *save = NULL;
    bool found = false;

    if (strchr(name, '/'))
        return !access(name, X_OK);
    path = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    for (char *d = strtok_r(path, ":", &save); d && !found; d = strtok_r(NULL, ":", &save)) {
        char *full = fmt("%s/%s", d, name);

        found = !access(full, X_OK);
        free(full);
    }
    free(path);
    return found;
}
