/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "run.h"
#include "host.h"
#include "parse.h"
#include "plot.h"
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TAIL_LINES 25

/* The hypervisor, ours or Xen's, has seen the guest end; it may then wait for a hand on the reset button. */
static const char *const last_words[] = {"Manual reset required",
                                         "Domain 0 halted",
                                         "Domain 0 crashed",
                                         "Domain 0 shutdown",
                                         "Reboot disabled",
                                         "Hardware Dom0",
                                         NULL};

void run_defaults(struct run_config *c)
{
    static char *hypervisor, *guest;

    if (!hypervisor) {
        hypervisor = fmt("%s/int82.elf", build_dir());
        guest = fmt("%s/guest/bench.elf", build_dir());
    }
    if (!c->hypervisor || !*c->hypervisor)
        c->hypervisor = hypervisor;
    if (!c->guest || !*c->guest)
        c->guest = guest;
    if (!c->memory || !*c->memory)
        c->memory = "256";
    /* Ours needs nothing; Xen must be told where its console is, and ours knows those options too. */
    if (!c->hv_args || !*c->hv_args)
        c->hv_args = strcmp(c->hypervisor, hypervisor) ? "com1=115200,8n1 console=com1 dom0_mem=64M" : "";
    if (!file_exists(c->hypervisor))
        die(EXIT_MISSING, "the hypervisor %s is not there: run `make`", c->hypervisor);
    if (!file_exists(c->guest))
        die(EXIT_MISSING, "the guest %s is not there: run `make`", c->guest);
    c->hypervisor_sha256 = host_sha256(c->hypervisor);
    c->guest_sha256 = host_sha256(c->guest);
    c->revision = host_hypervisor(c->hypervisor);
    c->build = host_build_flags(c->hypervisor);
}

/* QEMU splits -initrd at commas: a comma inside is written twice. */
static char *module_argument(const struct run_config *c)
{
    struct buf plain = {0}, b = {0};

    buf_printf(&plain, "%s", c->guest);
    if (c->rows && *c->rows)
        buf_printf(&plain, " rows=%s", c->rows);
    if (c->reps && *c->reps)
        buf_printf(&plain, " reps=%s", c->reps);
    if (c->guest_args && *c->guest_args)
        buf_printf(&plain, " %s", c->guest_args);
    for (size_t i = 0; i < plain.n; i++)
        buf_add(&b, plain.p[i] == ',' ? ",," : &plain.p[i], plain.p[i] == ',' ? 2 : 1);
    buf_free(&plain);
    return b.p;
}

static struct child boot(const struct run_config *c)
{
    struct args a = {0};
    struct child child;

    for (size_t i = 0; c->under && c->under[i]; i++)
        args_add(&a, c->under[i], NULL);
    args_add(&a, c->engine->qemu, "-m", c->memory, "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic",
             "none", "-no-reboot", "-kernel", c->hypervisor, "-append", c->hv_args, "-initrd", module_argument(c),
             NULL);
    engine_args(c->engine, &a);
    if (c->plugin)
        args_add(&a, "-plugin", c->plugin, NULL);
    child = child_start(a.v, NULL, c->cpu);
    free(a.v);
    return child;
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

static void console_tail(const struct buf *console)
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

/* Reads until the machine is off. Returns NULL or what went wrong. */
static char *follow(const struct run_config *c, struct child *qemu, struct parser *p)
{
    struct progress g = {.title = c->title ? c->title : "run", .start = now_seconds(), .last = now_seconds()};
    double heard = g.start, grace = 0;
    char data[16384];
    char *why = NULL;

    for (;;) {
        ssize_t n = child_read(qemu, data, sizeof(data), 100);
        double now = now_seconds();

        if (!n)
            break;
        if (n > 0) {
            size_t from = c->console->n > 64 ? c->console->n - 64 : 0;

            heard = now;
            buf_add(c->console, data, n);
            parser_feed(p, data, n);
            for (int i = 0; !grace && last_words[i]; i++)
                if (strstr(c->console->p + from, last_words[i]))
                    grace = now + 2;
        }
        if (!grace && (p->ended || p->why))
            grace = now + 10; /* time to print the rest and to power off */
        progress_show(&g, p, false);
        if (grace ? now > grace : (now - g.start > c->timeout || now - heard > c->quiet)) {
            if (!grace)
                why = now - heard > c->quiet ? fmt("the guest hangs: nothing on the console for %.0f s", c->quiet)
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

struct result *run_once(const struct run_config *c)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct child qemu = boot(c);
    struct parser p;
    const char *bad;
    char *why;

    parser_init(&p, r);
    why = follow(c, &qemu, &p);
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
    console_tail(c->console);
    result_free(r);
    return NULL;
}

/* ---- what it was measured on ---------------------------------------------------------------------------------- */

void run_describe(struct result *r, const struct run_config *c)
{
    struct result host = {0};
    bool inside;
    size_t n;
    char *s;

    result_set(&host, "date", host_date());
    result_set(&host, "engine", c->engine->name);
    result_set(&host, "engine_version", c->engine->version);
    result_set(&host, "tick", c->engine->exact ? "one instruction" : "one cycle of the TSC");
    result_set(&host, "machine_cpu", c->engine->cpu);
    result_set(&host, "memory_mib", c->memory);
    host_describe(&host, c->engine->kind == ENGINE_KVM, c->cpu);
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
}

/* ---- the commands --------------------------------------------------------------------------------------------- */

struct run_options {
    const char *label, *engine, *qemu, *cpu, *out, *timeout, *quiet, *pin, *no_plot, *brief;
    const char **peers, **infos;
    size_t peers_n, infos_n;
};

static void add_infos(struct result *r, const struct run_options *o)
{
    for (size_t i = 0; i < o->infos_n; i++) {
        const char *eq = strchr(o->infos[i], '=');
        char *key;

        if (!eq || eq == o->infos[i])
            die(EXIT_USAGE, "--info=%s: it is KEY=VALUE", o->infos[i]);
        key = xstrndup(o->infos[i], eq - o->infos[i]);
        result_set(r, key, eq + 1);
        free(key);
    }
}

static char *default_label(const struct result *r)
{
    char *when = host_date_compact(), *label;
    char *revision = xstrdup(result_info(r, "hypervisor_revision"));

    for (char *s = revision; *s; s++)
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz.-", *s))
            *s = '-';
    label = fmt("%s-%s-%s", when, revision, result_info(r, "engine"));
    free(when);
    free(revision);
    return label;
}

/* Table, files, plots, and last of all the rename that makes them a result. */
static void deliver(struct result *r, const struct run_options *o, const struct buf *console)
{
    struct result **peers = xcalloc(o->peers_n, sizeof(*peers));
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    char *label = o->label && *o->label ? xstrdup(o->label) : default_label(r);
    char *temp = temp_dir(out, "unfinished"), *text, *path;

    for (size_t i = 0; i < o->peers_n; i++)
        peers[i] = result_load(o->peers[i]);
    text = result_csv(r);
    path = fmt("%s/bench.csv", temp);
    file_write(path, text, strlen(text));
    free(path);
    path = fmt("%s/bench.json", temp);
    text = result_json(r);
    file_write(path, text, strlen(text));
    free(path);
    path = fmt("%s/console.log", temp);
    file_write(path, console->p, console->n);
    free(path);
    if (!o->no_plot)
        plot_result(r, peers, o->peers_n, temp);
    table_print(r, peers, o->peers_n, o->brief != NULL);
    path = result_publish(temp, out, label);
    printf("\n%zu rows; written to %s\n", r->rows_n, path);
}

int cmd_run(int argc, char **argv)
{
    struct run_config c = {.title = "bench"};
    struct run_options o = {.qemu = ""};
    struct buf console = {0};
    struct engine engine;
    struct result *r;
    const struct option_def defs[] = {
        {"label", 'l', "NAME", "the result's directory (default: date, revision, engine)", &o.label, NULL, NULL},
        {"rows", 'r', "GLOB,...", "only these rows: name or name/batch, * and ? allowed", &c.rows, NULL, NULL},
        {"reps", 0, "N", "samples of each row (default: the guest's)", &c.reps, NULL, NULL},
        {"engine", 'e', "NAME", "auto (the default: KVM if it works), kvm or tcg", &o.engine, NULL, NULL},
        {"hypervisor", 0, "FILE", "a Multiboot hypervisor, e.g. a real Xen (default: build/int82.elf)", &c.hypervisor,
         NULL, NULL},
        {"hv-args", 0, "TEXT", "the hypervisor's command line", &c.hv_args, NULL, NULL},
        {"guest", 0, "FILE", "the bench guest (default: build/guest/bench.elf)", &c.guest, NULL, NULL},
        {"guest-args", 0, "TEXT", "more for the guest's command line", &c.guest_args, NULL, NULL},
        {"peer", 'p', "RESULT", "a CSV or result to show the ratio to; may be given again", NULL, &o.peers, &o.peers_n},
        {"memory", 'm', "MIB", "the machine's memory (default: 256)", &c.memory, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386, or -x86_64 for a 64-bit hypervisor", &o.qemu, NULL, NULL},
        {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64; host under KVM)", &o.cpu, NULL, NULL},
        {"pin", 0, "CPU", "pin QEMU to this processor", &o.pin, NULL, NULL},
        {"info", 0, "KEY=VALUE", "note this in the result; may be given again", NULL, &o.infos, &o.infos_n},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &o.timeout, NULL, NULL},
        {"quiet", 0, "SECONDS", "without a byte on the console: a hang (default: 60)", &o.quiet, NULL, NULL},
        {"no-plot", 0, NULL, "make no plots", &o.no_plot, NULL, NULL},
        {"brief", 0, NULL, "print a table of the batches 1 and 512 only", &o.brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "run [options]",
            "Boots the hypervisor with the bench guest, measures, prints a table and writes results/<label>/\n"
            "with bench.csv, bench.json, console.log and plots. A failed run writes nothing (exit code 3)."))
        die(EXIT_USAGE, "run takes no argument, only options");
    if (o.label && *o.label && !label_is_good(o.label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o.label);
    c.timeout = option_double("timeout", o.timeout, 300);
    c.quiet = option_double("quiet", o.quiet, 60);
    c.cpu = o.pin && *o.pin ? (int)option_u64("pin", o.pin, 0) : -1;
    for (size_t i = 0; i < o.peers_n; i++)
        result_free(result_load(o.peers[i])); /* before the run: a wrong name must not cost one */
    run_defaults(&c);
    engine = engine_pick(o.engine, *o.qemu ? o.qemu : host_qemu_for(c.hypervisor), o.cpu, true);
    c.engine = &engine;
    c.console = &console;
    if (engine.kind == ENGINE_KVM)
        host_warn_noise(c.cpu);
    r = run_once(&c);
    if (!r)
        die(EXIT_RUN, "the run failed; no result was written");
    run_describe(r, &c);
    add_infos(r, &o);
    deliver(r, &o, &console);
    return EXIT_OK;
}

int cmd_import(int argc, char **argv)
{
    struct run_options o = {0};
    struct buf console = {0};
    struct parser p;
    struct result *r = xcalloc(1, sizeof(*r));
    const char *engine = NULL, *bad;
    const struct option_def defs[] = {
        {"engine", 'e', "NAME", "what ran it, e.g. bare-metal (required)", &engine, NULL, NULL},
        {"label", 'l', "NAME", "the result's directory (default: date, revision, engine)", &o.label, NULL, NULL},
        {"peer", 'p', "RESULT", "a CSV or result to show the ratio to; may be given again", NULL, &o.peers, &o.peers_n},
        {"info", 0, "KEY=VALUE", "note this in the result; may be given again", NULL, &o.infos, &o.infos_n},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"no-plot", 0, NULL, "make no plots", &o.no_plot, NULL, NULL},
        {"brief", 0, NULL, "print a table of the batches 1 and 512 only", &o.brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "import [options] CONSOLE",
            "Makes a result of a console that was captured elsewhere: of a machine that booted `make iso` and\n"
            "printed on COM1, say. CONSOLE is a file, or - for standard input.") != 1)
        die(EXIT_USAGE, "import takes one file: the captured console");
    if (!engine || !label_is_good(engine))
        die(EXIT_USAGE, "import needs --engine=NAME: what ran it, e.g. bare-metal");
    if (o.label && *o.label && !label_is_good(o.label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o.label);
    if (!file_read(strcmp(argv[0], "-") ? argv[0] : "/dev/stdin", &console))
        die(EXIT_MISSING, "cannot read %s: %s", argv[0], strerror(errno));
    parser_init(&p, r);
    parser_feed(&p, console.p, console.n);
    bad = parser_finish(&p);
    if (!bad && r->errors_n)
        bad = "the guest found wrong effects, so its figures mean nothing";
    if (bad) {
        console_tail(&console);
        die(EXIT_RUN, "%s: %s; no result was written", argv[0], bad);
    }
    result_set(r, "date", host_date());
    result_set(r, "engine", engine);
    if (!result_info(r, "hypervisor_revision"))
        result_set(r, "hypervisor_revision", "unknown");
    add_infos(r, &o);
    deliver(r, &o, &console);
    return EXIT_OK;
}
