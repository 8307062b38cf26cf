/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/run.h"
#include "measure/conditions.h"
#include "measure/guest_file.h"
#include "measure/host.h"
#include "lib/work.h"
#include "result/parse.h"
#include "result/row_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TAIL_LINES 25
#define LINE_MAX   1023 /* MAX_GUEST_CMDLINE with its 0; Xen's own has the same room */
#define REPS_MAX   99   /* BENCH_MAX_REPS of guest/bench/bench.h; tests/cases/comparing.sh compares them */
#define MEMORY_MIN 16
#define MEMORY_MAX 65536 /* what PAE reaches */

/* The hypervisor, ours or Xen, has seen the guest end. It may then wait until somebody resets the machine. */
static const char *const last_words[] = {"Manual reset required",
                                         "Domain 0 halted",
                                         "Domain 0 crashed",
                                         "Domain 0 shutdown",
                                         "Reboot disabled",
                                         "Hardware Dom0",
                                         NULL};

void run_check_line(const char *whose, const char *line)
{
    if (line && strlen(line) > LINE_MAX)
        die(EXIT_USAGE, "the %s's command line has %zu bytes, and only %d would arrive: %.60s...%s", whose,
            strlen(line), LINE_MAX, line, strstr(line, "rows=") ? " (--rows= takes * and ?)" : "");
}

/* The guest's command line. A blank ends a word there, so one after a comma in --rows is left out. */
static char *guest_line(const struct run_config *c)
{
    struct buf b = {0};

    buf_add(&b, "", 0);
    if (c->rows && *c->rows) {
        char *copy = xstrdup(c->rows), *save = NULL;

        for (char *g = strtok_r(copy, ", ", &save); g; g = strtok_r(NULL, ", ", &save))
            buf_printf(&b, "%s%s", b.n ? "," : "rows=", g);
        free(copy);
    }
    if (c->reps && *c->reps)
        buf_printf(&b, "%sreps=%s", b.n ? " " : "", c->reps);
    if (c->guest_args && *c->guest_args)
        buf_printf(&b, "%s%s", b.n ? " " : "", c->guest_args);
    return b.p;
}

bool run_is_over(const struct buf *console, size_t news)
{
    size_t from = console->n > news + 64 ? console->n - news - 64 : 0;

    for (int i = 0; last_words[i]; i++)
        if (strstr(console->p + from, last_words[i]))
            return true;
    return false;
}

void run_check_reps(const char *reps)
{
    uint64_t n = option_u64("reps", reps, 1);

    if (n < 1 || n > REPS_MAX)
        die(EXIT_USAGE, "--reps=%s: the guest takes from 1 to %d samples", reps, REPS_MAX);
}

void run_check_memory(const char *mib)
{
    uint64_t n = option_u64("memory", mib, MEMORY_MIN);

    if (n < MEMORY_MIN || n > MEMORY_MAX)
        die(EXIT_USAGE, "--memory=%s: a machine has some, from %d to %d MiB", mib, MEMORY_MIN, MEMORY_MAX);
}

void run_default_guest(struct run_config *c)
{
    static char *guest;

    if (!guest)
        guest = fmt("%s/guest/bench.elf", build_dir());
    c->guest = guest_file(c->guest && *c->guest ? c->guest : guest);
}

void run_defaults(struct run_config *c)
{
    static char *hypervisor;
    char *line;

    if (!hypervisor)
        hypervisor = fmt("%s/int82.elf", build_dir());
    if (!c->hypervisor || !*c->hypervisor)
        c->hypervisor = hypervisor;
    if (!c->memory || !*c->memory)
        c->memory = "256";
    run_default_guest(c);
    run_check_reps(c->reps);
    run_check_memory(c->memory);
    /* Ours needs nothing; Xen must be told where its console is, and ours knows those options too. */
    if (!c->hv_args || !*c->hv_args)
        c->hv_args = strcmp(c->hypervisor, hypervisor) ? "com1=115200,8n1 console=com1 dom0_mem=64M" : "";
    if (!file_exists(c->hypervisor))
        die(EXIT_MISSING, "the hypervisor %s is not there: run `make`", c->hypervisor);
    if (!file_exists(c->guest))
        die(EXIT_MISSING, "the guest %s is not there: run `make`", c->guest);
    line = guest_line(c);
    run_check_line("guest", line);
    run_check_line("hypervisor", c->hv_args);
    free(line);
    c->hypervisor_sha256 = host_sha256(c->hypervisor);
    c->guest_sha256 = host_sha256(c->guest);
    c->revision = host_hypervisor(c->hypervisor);
    c->build = host_build_flags(c->hypervisor);
}

/* QEMU splits -initrd at commas: a comma inside is written twice. */
static char *module_argument(const struct run_config *c)
{
    char *line = guest_line(c), *plain = fmt("%s%s%s", c->guest, *line ? " " : "", line);
    struct buf b = {0};

    for (const char *s = plain; *s; s++)
        buf_add(&b, *s == ',' ? ",," : s, *s == ',' ? 2 : 1);
    free(plain);
    free(line);
    return b.p;
}

static struct child boot(const struct run_config *c)
{
    struct args a = {0};
    struct child child;

    for (size_t i = 0; c->under && c->under[i]; i++)
        args_add(&a, c->under[i], NULL);
    args_add(&a, c->engine->qemu, "-name", "int82,debug-threads=on", "-m", c->memory, "-display", "none", "-monitor",
             "none", "-serial", "stdio", "-nic", "none", "-no-reboot", "-kernel", c->hypervisor, "-append", c->hv_args,
             "-initrd", module_argument(c), NULL);
    engine_args(c->engine, &a);
    if (c->plugin)
        args_add(&a, "-plugin", c->plugin, NULL);
    child = child_start(a.v, NULL);
    free(a.v);
    return child;
}

void run_boot(const struct run_config *c, struct buf *console, double seconds)
{
    struct child qemu = boot(c);
    int status = child_collect(&qemu, console, seconds);

    if (status < 0)
        warn("the guest did not end within %.0f s", seconds);
    else if (status)
        warn("QEMU ended with status %d", status);
}

void run_refused(const struct buf *console)
{
    const char *mark = console->n ? strstr(console->p, "@int82 refused ") : NULL;

    if (mark)
        die(EXIT_RUN, "the guest: %.*s", (int)strcspn(mark + 15, "\r\n"), mark + 15);
}

/* ---- progress ------------------------------------------------------------------------------------------------- */

struct progress {
    const char *title;
    double start, last;
    size_t rows;
};

static void progress_show(struct progress *g, const struct parser *p, bool end)
{
    size_t n = p->r->rows_n;
    double now = now_seconds();
    const struct row *w = n ? &p->r->rows[n - 1] : NULL;

    if (!err_is_tty()) {
        if (n == g->rows || (!end && now - g->last < 5))
            return;
        fprintf(stderr, "%s: %zu of %llu rows, %.0f s\n", g->title, n, (unsigned long long)p->announced,
                now - g->start);
    } else if (end) {
        fprintf(stderr, "\r\033[K");
    } else if (now - g->last < 0.1) {
        return;
    } else if (!p->begun) {
        fprintf(stderr, "\r\033[K%s: booting, %.0f s", g->title, now - g->start);
    } else {
        fprintf(stderr, "\r\033[K%s: %zu of %llu rows, %.0f s%s%s", g->title, n, (unsigned long long)p->announced,
                now - g->start, w ? "  " : "", w ? w->name : "");
    }
    g->last = now;
    g->rows = n;
    fflush(stderr);
}

/* ---- following the console ------------------------------------------------------------------------------------ */

void run_console_tail(const struct buf *console)
{
    const char *p = console->p + console->n;
    unsigned lines = 0;

    if (!console->n) {
        fprintf(stderr, "  (the console is empty)\n");
        return;
    }
    while (p > console->p && lines <= TAIL_LINES)
        if (*--p == '\n')
            lines++;
    p += *p == '\n' && p > console->p;
    fprintf(stderr, "  the console's last lines:\n");
    while (*p) {
        size_t n = strcspn(p, "\r\n");

        fprintf(stderr, "  | %.*s\n", (int)n, p);
        p += n;
        p += strspn(p, "\r");
        p += *p == '\n';
    }
}

/* Pins the guest's processor as soon as there is one, and counts what it does from the first row to the last. */
static void watch_vcpu(struct run_config *c, pid_t started, const struct parser *p)
{
    struct vcpu_counts now;

    if (!c->vcpu.thread && !p->ended && vcpu_find(&c->vcpu, started) && c->cpu >= 0)
        vcpu_pin(&c->vcpu, c->cpu);
    if (!p->begun || p->r->rows_n == c->rows_counted)
        return;
    now = vcpu_count(&c->vcpu, c->cpu);
    if (c->rows_counted == SIZE_MAX)
        c->counts[0] = c->counts[1] = now;
    else if (now.exits_known || !c->counts[1].exits_known)
        c->counts[1] = now;
    c->rows_counted = p->r->rows_n;
}

/* Reads until the machine is off. Returns NULL or what went wrong. */
static char *follow(struct run_config *c, struct child *qemu, struct parser *p)
{
    struct progress g = {.title = c->title ? c->title : "run", .start = now_seconds(), .last = now_seconds()};
    double heard = 0, grace = 0;
    struct work work; /* what the limits count: a busy machine is no hang */
    char data[16384];
    char *why = NULL;

    work_start(&work, qemu->pid);
    for (;;) {
        ssize_t n = child_read(qemu, data, sizeof(data), c->vcpu.thread ? 100 : 5);
        double now = now_seconds(), worked = work_seconds(&work);

        if (!n)
            break;
        if (n > 0) {
            heard = worked;
            buf_add(c->console, data, n);
            parser_feed(p, data, n);
            if (!grace && run_is_over(c->console, n))
                grace = now + 2;
        }
        watch_vcpu(c, qemu->pid, p);
        if (c->watch)
            c->watch(c, p);
        if (!grace && (p->ended || p->why))
            grace = now + 10; /* time to print the rest and to power off */
        progress_show(&g, p, false);
        if (grace ? now > grace : (worked > c->timeout || worked - heard > c->quiet)) {
            if (!grace)
                why = worked - heard > c->quiet ? fmt("the guest hangs: nothing on the console for %.0f s", c->quiet)
                                                : fmt("the run took more than %.0f s (--timeout)", c->timeout);
            child_kill(qemu);
            break;
        }
    }
    progress_show(&g, p, true);
    if (qemu->fd >= 0) {
        int status = child_wait(qemu, 5000);

        if (status < 0)
            child_kill(qemu);
        else if (status)
            why = fmt("QEMU ended with status %d", status);
    }
    return why;
}

struct result *run_once(struct run_config *c)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct child qemu;
    struct parser p;
    const char *bad;
    char *why;

    c->vcpu = (struct vcpu){0};
    c->rows_counted = SIZE_MAX;
    memset(c->counts, 0, sizeof(c->counts));
    parser_init(&p, r);
    qemu = boot(c);
    why = follow(c, &qemu, &p);
    if (c->cpu >= 0 && !c->vcpu.pinned)
        vcpu_pin(&c->vcpu, c->cpu);
    if (c->cpu >= 0 && !strncmp(c->vcpu.pinned, "failed", 6))
        warn("pinning %s; the figures are those of a guest that was not pinned", c->vcpu.pinned);
    run_refused(c->console);
    bad = parser_finish(&p);
    if (!bad && r->errors_n)
        bad = "the guest found wrong effects, so its figures mean nothing";
    if (!bad) {
        if (why)
            warn("%s, but only after the last row: the result is whole", why);
        r->source = xstrdup(c->title ? c->title : "run");
        return r;
    }
    if (why)
        warn("%s", why);
    warn("%s", bad);
    for (size_t i = 0; i < r->errors_n && i < 20; i++)
        fprintf(stderr, "  %s/%u: %s\n", r->errors[i].name, r->errors[i].batch, r->errors[i].text);
    run_console_tail(c->console);
    result_free(r);
    return NULL;
}

/* ---- what it was measured on ---------------------------------------------------------------------------------- */

static uint64_t info_number(const struct result *r, const char *key)
{
    const char *text = result_info(r, key);
    uint64_t n;

    return text && parse_u64(text, &n) ? n : 0;
}

char *run_exits_per_call(const struct result *r, const struct run_config *c)
{
    uint64_t calls = 0, warm_ups = info_number(r, "warm_ups") + info_number(r, "warm_rounds");

    for (size_t i = 0; i < r->rows_n; i++)
        calls += r->rows[i].calls * (r->rows[i].samples_n + warm_ups);
    if (!c->counts[0].exits_known || !c->counts[1].exits_known || !calls)
        return xstrdup("unknown");
    return fmt("%.2f", (double)(c->counts[1].exits - c->counts[0].exits) / (double)calls);
}

/* Turbo and idle states: what a cycle of the TSC was in cycles of the core, while the rows were measured. */
static void describe_clock(struct result *host, const struct run_config *c)
{
    const struct vcpu_counts *a = &c->counts[0], *b = &c->counts[1];
    char *s;

    if (!a->mperf || b->mperf <= a->mperf)
        s = xstrdup("unknown");
    else
        s = fmt("%.3f", (double)(b->aperf - a->aperf) / (double)(b->mperf - a->mperf));
    result_set(host, "aperf_mperf", s);
    free(s);
}

static void describe_conditions(struct result *host, const struct result *r, const struct run_config *c)
{
    char *exits = run_exits_per_call(r, c);

    result_set(host, "pinned", c->vcpu.pinned ? c->vcpu.pinned : "no");
    conditions_describe(host, c->cpu);
    result_set(host, "exits_per_call", exits);
    free(exits);
    describe_clock(host, c);
}

void run_describe(struct result *r, const struct run_config *c)
{
    struct result host = {0};
    bool inside;
    size_t n;
    char *s;

    result_set(&host, "date", host_date());
    result_set(&host, "engine", c->engine->name);
    result_set(&host, "engine_version", c->engine->version);
    result_set(&host, "engine_not_taken", c->engine->not_taken);
    result_set(&host, "tick", c->engine->tick);
    result_set(&host, "machine_cpu", c->engine->cpu);
    result_set(&host, "memory_mib", c->memory);
    host_describe(&host);
    if (c->engine->kind == ENGINE_KVM)
        describe_conditions(&host, r, c);
    /* Inside the tree, the path does not depend on where the tree lies. */
    n = strlen(tree_root());
    inside = !strncmp(c->hypervisor, tree_root(), n) && c->hypervisor[n] == '/';
    result_set(&host, "hypervisor_file", inside ? c->hypervisor + n + 1 : c->hypervisor);
    result_set(&host, "hypervisor_revision", c->revision);
    if (c->build)
        result_set(&host, "hypervisor_build", c->build);
    result_set(&host, "hypervisor_sha256", c->hypervisor_sha256);
    result_set(&host, "guest_sha256", c->guest_sha256);
    s = host_revision(tree_root());
    result_set(&host, "suite_revision", s);
    free(s);
    s = fmt("hypervisor: %s; rows: %s; reps: %s; guest: %s", *c->hv_args ? c->hv_args : "-",
            c->rows && *c->rows ? c->rows : "all", c->reps && *c->reps ? c->reps : "default",
            c->guest_args && *c->guest_args ? c->guest_args : "-");
    result_set(&host, "options", s);
    free(s);
    /* The host's lines first; what the guest said of itself follows and does not replace them. */
    for (size_t i = 0; i < r->info_n; i++) {
        char *key = result_info(&host, r->info[i].key) ? fmt("guest_%s", r->info[i].key) : xstrdup(r->info[i].key);

        result_set(&host, key, r->info[i].value);
        free(key);
        free(r->info[i].key);
        free(r->info[i].value);
    }
    free(r->info);
    r->info = host.info;
    r->info_n = host.info_n;
    rows_set_code(r, c->guest);
}
