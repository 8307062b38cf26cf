/* SPDX-License-Identifier: MIT */
/* Starts int82-native (bench/native), which calls the image's hypercalls on this machine's processor without a gate. */
#include "cmd/commands.h"
#include "cmd/deliver.h"
#include "lib/proc.h"
#include "lib/work.h"
#include "measure/conditions.h"
#include "measure/host.h"
#include "measure/run.h"
#include "result/distribution.h"
#include "result/parse.h"
#include "result/steadiness.h"

#include <stdlib.h>
#include <string.h>

#define ENGINE    "native"
#define TICK      "one tick of the TSC, of the call's body: without the gate, less a bare IRET"
#define CANNOT    "this kernel runs no 32-bit programs"
#define CALLS_MAX 4096

struct native {
    const char *image, *rows, *reps, *calls, *check, *list;
    double timeout;
    int cpu;
    char *program;
    bool emulate; /* by qemu-i386 */
};

static void add_options(struct args *a, const struct native *n)
{
    if (n->emulate)
        args_add(a, "qemu-i386", NULL);
    args_add(a, n->program, n->image, NULL);
    if (n->rows && *n->rows)
        args_add(a, fmt("--rows=%s", n->rows), NULL);
    if (n->reps && *n->reps)
        args_add(a, fmt("--reps=%s", n->reps), NULL);
    if (n->calls && *n->calls)
        args_add(a, fmt("--calls=%s", n->calls), NULL);
    if (n->cpu >= 0)
        args_add(a, fmt("--cpu=%d", n->cpu), NULL);
}

/* The program's last words, which say what to do. */
static const char *last_words(const struct buf *console)
{
    static const char mark[] = "int82-native: ";
    char *at = console->n ? strstr(console->p, mark) : NULL;

    if (!at)
        return "int82-native ended without a word";
    at += strlen(mark);
    at[strcspn(at, "\n")] = 0;
    return at;
}

/* Some kernels cannot run 32-bit programs: there QEMU may, to check what the calls do, but not how fast. exec's failure
 * does not show, because execvp() then takes the file for a script. */
static void find_processor(struct native *n)
{
    char *greeting = first_line((const char *[]){n->program, "--version", NULL}, NULL);
    bool runs = greeting && !strncmp(greeting, "int82-native", 12);

    free(greeting);
    if (runs)
        return;
    if (!n->check && !n->list)
        die(EXIT_UNSUPPORTED,
            CANNOT ", so there is nothing to measure; --check (CHECK=1) has qemu-i386 call everything and "
                   "looks at the effects");
    if (!have_program("qemu-i386"))
        die(EXIT_MISSING, CANNOT ", and qemu-i386 is not installed: run `make deps`");
    warn(CANNOT ": qemu-i386 emulates them");
    n->emulate = true;
}

static int print_output(const struct native *n)
{
    struct args a = {0};
    struct buf out = {0};
    int status;

    add_options(&a, n);
    args_add(&a, n->check ? "--check" : "--list", NULL);
    status = capture(a.v, NULL, &out, n->timeout);
    if (status < 0)
        die(EXIT_RUN, "int82-native worked for more than %.0f s (--timeout)", n->timeout);
    if (status)
        die(status > 128 ? EXIT_RUN : status, "%s", last_words(&out));
    printf("%s", out.p);
    return EXIT_OK;
}

/* ---- measuring ------------------------------------------------------------------------------------------------ */

static void progress(const struct parser *p, double *last, bool end)
{
    double now = now_seconds();
    size_t n = p->r->rows_n;

    if (!p->begun || (!end && now - *last < (err_is_tty() ? 0.1 : 5)))
        return;
    *last = now;
    if (err_is_tty() && end)
        fprintf(stderr, "\r\033[K");
    else if (!end)
        fprintf(stderr, "%snative: %zu of %llu rows%s", err_is_tty() ? "\r\033[K" : "", n,
                (unsigned long long)p->announced, err_is_tty() ? "" : "\n");
    fflush(stderr);
}

static struct result *measure(const struct native *n, struct buf *console)
{
    struct result *r = xcalloc(1, sizeof(*r));
    struct args a = {0};
    struct parser p;
    struct child child;
    struct work work;
    double last = now_seconds();
    const char *bad;
    char data[16384];
    ssize_t got;
    int status;

    add_options(&a, n);
    parser_init(&p, r);
    child = child_start(a.v, NULL);
    work_start(&work, child.pid);
    while ((got = child_read(&child, data, sizeof(data), 200))) {
        if (got > 0) {
            buf_add(console, data, got);
            parser_feed(&p, data, got);
        }
        progress(&p, &last, false);
        if (work_seconds(&work) > n->timeout) {
            child_kill(&child);
            die(EXIT_RUN, "int82-native worked for more than %.0f s (--timeout); no result was written", n->timeout);
        }
    }
    progress(&p, &last, true);
    status = child_wait(&child, 10000);
    if (status)
        die(status < 0 || status > 128 ? EXIT_RUN : status, "%s; no result was written", last_words(console));
    bad = parser_finish(&p);
    if (bad)
        die(EXIT_RUN, "%s; no result was written", bad);
    if (result_info(r, "emulated"))
        die(EXIT_REFUSED, "%s; no result was written", result_info(r, "emulated"));
    return r;
}

static void describe(struct result *r, const struct native *n)
{
    char *revision = host_hypervisor(n->image), *build = host_build_flags(n->image), *sum = host_sha256(n->image);
    char *suite = host_revision(tree_root()), *pinned = n->cpu < 0 ? xstrdup("no") : fmt("processor %d", n->cpu);
    char *options = fmt("rows: %s; reps: %s; calls: %s", n->rows && *n->rows ? n->rows : "all",
                        n->reps && *n->reps ? n->reps : "default", n->calls && *n->calls ? n->calls : "default");

    result_set(r, "date", host_date());
    result_set(r, "engine", ENGINE);
    result_set(r, "tick", TICK);
    result_set(r, "hypervisor", "the image's code alone");
    host_describe(r);
    result_set(r, "pinned", pinned);
    conditions_describe_host(r, n->cpu);
    result_set(r, "hypervisor_file", n->image);
    result_set(r, "hypervisor_revision", revision);
    if (build)
        result_set(r, "hypervisor_build", build);
    result_set(r, "hypervisor_sha256", sum);
    result_set(r, "suite_revision", suite);
    result_set(r, "options", options);
    free(revision);
    free(build);
    free(sum);
    free(suite);
    free(pinned);
    free(options);
}

/* ---- how far it may be believed ------------------------------------------------------------------------------- */

static void print_steadiness(const struct result *r)
{
    size_t unsteady = 0;

    printf("\n%-28s %5s %8s %8s %19s %8s %8s %7s %7s\n", "ticks of a call", "batch", "min", "median", "95% of median",
           "p90", "p99", "beyond", "drift");
    for (size_t i = 0; i < r->rows_n; i++) {
        const struct row *w = &r->rows[i];
        struct steadiness s = steadiness_of(w);
        char *interval = fmt("[%.1f %.1f]", s.low, s.high);

        unsteady += !s.steady;
        printf("%-28s %5u %8.1f %8.1f %19s %8.0f %8.0f %6.1f%% %+7.1f%s\n", w->name, w->batch, w->st.min, w->st.median,
               interval, distribution_quantile(w->single, 0.9), distribution_quantile(w->single, 0.99), 100 * s.beyond,
               s.drift, s.steady ? "" : "  unsteady");
        free(interval);
    }
    printf(
        "p90, p99: of single calls. beyond: those that took more than twice the median, timing included. drift: the\n"
        "later half of the samples against the earlier one. docs/measuring.md says what is called unsteady.\n");
    if (unsteady)
        warn("%zu of %zu rows are unsteady: something else used the processor or its caches; measure again, with "
             "--pin=N, when the machine is quieter",
             unsteady, r->rows_n);
}

static void check_numbers(const struct native *n)
{
    uint64_t calls = option_u64("calls", n->calls, 1);

    run_check_reps(n->reps);
    if (calls < 1 || calls > CALLS_MAX)
        die(EXIT_USAGE, "--calls=%s: from 1 to %d", n->calls, CALLS_MAX);
}

int cmd_native(int argc, char **argv)
{
    struct native n = {0};
    struct delivery o = {0};
    struct buf console = {0};
    const char *pin = NULL, *timeout = NULL;
    struct result *r;
    const struct option_def defs[] = {
        {"label", 'l', "NAME", "the result's directory (default: date, revision, engine)", &o.label, NULL, NULL},
        {"rows", 'r', "GLOB,...", "only these rows: name or name/batch, * and ? allowed", &n.rows, NULL, NULL},
        {"reps", 0, "N", "samples of each row (default: 15)", &n.reps, NULL, NULL},
        {"calls", 0, "N", "warm calls in each sample; a cold row has an eighth (default: 64)", &n.calls, NULL, NULL},
        {"check", 0, NULL, "measure nothing: call everything and look at results and effects, emulated if need be",
         &n.check, NULL, NULL},
        {"list", 0, NULL, "print the rows' names", &n.list, NULL, NULL},
        {"image", 0, "FILE", "the image (default: build/int82.elf); it must be that of this build", &n.image, NULL,
         NULL},
        {"pin", 0, "CPU", "run on this processor", &pin, NULL, NULL},
        {"peer", 'p', "RESULT", "a native result to show beside it; may be given again", NULL, &o.peers, &o.peers_n},
        {"info", 0, "KEY=VALUE", "note this in the result; may be given again", NULL, &o.infos, &o.infos_n},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"timeout", 0, "SECONDS", "of work (default: 600)", &timeout, NULL, NULL},
        {"no-plot", 0, NULL, "make no plots", &o.no_plot, NULL, NULL},
        {"brief", 0, NULL, "print a table of the batches 1 and 512 only", &o.brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "native [options]",
            "Maps the image at its linked addresses into a 32-bit process, and times its hypercalls there:\n"
            "ticks of the body, without the gate, less a bare IRET; warm, and with flushed data (_cold_data),\n"
            "code (_cold_code) or both (_cold). Exit code 6: this kernel or processor cannot."))
        die(EXIT_USAGE, "native takes no argument, only options");
    n.cpu = conditions_pin(pin);
    n.timeout = option_double("timeout", timeout, 600);
    n.program = fmt("%s/int82-native", build_dir());
    if (!n.image || !*n.image)
        n.image = fmt("%s/int82.elf", build_dir());
    check_numbers(&n);
    if (!file_exists(n.program))
        die(EXIT_MISSING, "%s is not there: run `make`", n.program);
    find_processor(&n);
    if (n.check || n.list)
        return print_output(&n);
    deliver_check(&o);
    deliver_check_peers(&o, ENGINE);
    conditions_warn(n.cpu);
    r = measure(&n, &console);
    describe(r, &n);
    deliver_infos(r, &o);
    deliver(r, &o, &console);
    print_steadiness(r);
    return EXIT_OK;
}
