/* SPDX-License-Identifier: MIT */
/* A guest's hypercalls, one by one: `make trace`. */
#include "cmd/commands.h"
#include "measure/guest_run.h"
#include "measure/run.h"
#include "profile/hypercalls.h"
#include "result/result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES     100000
#define LINES_MAX 1000000

struct trace_options {
    const char *guest, *guest_args, *initrd, *calls, *lines, *hypervisor, *hv_args, *memory, *qemu, *cpu;
    const char *label, *out, *timeout, *json;
};

static const char * or (const char *s, const char *fallback)
{
    return s && *s ? s : fallback;
}

static char *hypervisor_arguments(const struct trace_options *o, uint64_t lines)
{
    uint64_t mask = UINT64_MAX;
    char *bad = or (o->calls, NULL) ? hypercalls_mask(o->calls, &mask) : NULL;

    if (bad)
        die(EXIT_USAGE,
            "--calls: no hypercall is called %s; docs/hypercalls.md lists them, and `unknown` are all others", bad);
    return fmt("%s%shypercall_trace=%" PRIu64 "/%" PRIx64, or (o->hv_args, ""), * or (o->hv_args, "") ? " " : "", lines,
               mask);
}

/* The trace, and whether the guest came to its end. */
static bool run(const struct trace_options *o, const char *hv_args, const char *dir, struct buf *console,
                struct hypercalls *h, double timeout)
{
    char *file = fmt("%s/trace.bin", dir), *why;
    struct buf data = {0};
    const struct guest_run g = {
        .qemu = or (o->qemu, "qemu-system-i386"),
        .cpu = o->cpu,
        .hypervisor = or (o->hypervisor, fmt("%s/int82-counters.elf", build_dir())),
        .hv_args = hv_args,
        .guest = o->guest,
        .guest_args = o->guest_args,
        .initrd = o->initrd,
        .memory = or (o->memory, "256"),
        .debug_console = file,
        .timeout = timeout,
    };
    bool ended = guest_run(&g, console);

    if (!file_read(file, &data))
        buf_add(&data, "", 0);
    why = hypercalls_load(h, &data);
    if (why) {
        run_console_tail(console);
        die(EXIT_RUN, "%s; only the build with counters does (build/int82-counters.elf)", why);
    }
    unlink(file);
    buf_free(&data);
    free(file);
    return ended;
}

static void save(const char *dir, const char *name, const char *text)
{
    char *path = fmt("%s/%s", dir, name);

    file_write(path, text, strlen(text));
    free(path);
}

static char *publish(const char *dir, const struct trace_options *o, const char *out)
{
    char *parent = fmt("%s/%s", out, or (o->label, "trace")), *path = fmt("%s/trace", parent);

    make_dirs(parent);
    remove_tree(path);
    if (rename(dir, path))
        die(EXIT_RUN, "cannot rename %s to %s", dir, path);
    temp_keep(dir);
    free(parent);
    return path;
}

static size_t errors(const struct hypercalls *h)
{
    size_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += h->v[i].has_result && (int32_t)h->v[i].result < 0 && (int32_t)h->v[i].result >= -4095;
    return n;
}

int cmd_trace(int argc, char **argv)
{
    struct trace_options o = {0};
    const struct option_def defs[] = {
        {"guest", 'g', "FILE", "the guest to run: an ELF file of a Xen PV guest, 32-bit PAE", &o.guest, NULL, NULL},
        {"guest-args", 0, "TEXT", "its command line", &o.guest_args, NULL, NULL},
        {"initrd", 0, "FILE", "its initial RAM disk", &o.initrd, NULL, NULL},
        {"calls", 'c', "GLOBS", "only these hypercalls, as 'mmu*,sched_op'; `unknown`: numbers that do not exist",
         &o.calls, NULL, NULL},
        {"lines", 'n', "N", "at most so many lines (default: 100000)", &o.lines, NULL, NULL},
        {"hypervisor", 0, "FILE", "a build with counters (default: build/int82-counters.elf)", &o.hypervisor, NULL,
         NULL},
        {"hv-args", 0, "TEXT", "the hypervisor's command line", &o.hv_args, NULL, NULL},
        {"memory", 'm', "MIB", "the machine's memory (default: 256)", &o.memory, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386", &o.qemu, NULL, NULL},
        {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64)", &o.cpu, NULL, NULL},
        {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &o.timeout, NULL, NULL},
        {"label", 'l', "NAME", "write results/NAME/trace/ (default: trace)", &o.label, NULL, NULL},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"json", 0, NULL, "print the listing as JSON", &o.json, NULL, NULL},
        {0},
    };
    struct buf console = {0}, text = {0};
    struct hypercalls h = {0};
    char *hv_args, *dir, *json, *path;
    uint64_t lines;
    double timeout;
    bool ended;

    if (options_parse(
            argc, argv, defs, "trace --guest=FILE",
            "Lists a guest's hypercalls, one in a line: number, arguments, result, instructions. It needs the\n"
            "hypervisor with counters, which tells them as they are made."))
        die(EXIT_USAGE, "trace takes no argument, only options");
    if (! or (o.guest, NULL))
        die(EXIT_USAGE, "trace needs a guest to run (GUEST=file)");
    if (o.label && *o.label && !label_is_good(o.label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o.label);
    lines = or (o.lines, NULL) ? option_u64("lines", o.lines, LINES) : LINES;
    if (!lines || lines > LINES_MAX)
        die(EXIT_USAGE, "--lines=%" PRIu64 ": 1 to %d", lines, LINES_MAX);
    timeout = option_double("timeout", o.timeout, 300);
    hv_args = hypervisor_arguments(&o, lines);
    run_check_line("guest", o.guest_args);
    run_check_line("hypervisor", hv_args);
    dir = temp_dir(or (o.out, fmt("%s/results", tree_root())), "unfinished");
    ended = run(&o, hv_args, dir, &console, &h, timeout);

    hypercalls_text(&text, &h);
    json = json_dumps(hypercalls_json(&h), JSON_INDENT(1));
    if (!json)
        die(EXIT_RUN, "cannot make the JSON");
    save(dir, "trace.txt", text.p);
    save(dir, "trace.json", json);
    save(dir, "console.log", console.p);
    path = publish(dir, &o, or (o.out, fmt("%s/results", tree_root())));
    if (o.json)
        puts(json);
    fprintf(o.json ? stderr : stdout,
            "%zu calls, %zu of them with an error; written to %s: trace.txt, trace.json, console.log\n", h.n,
            errors(&h), path);
    if (h.n == lines)
        fprintf(stderr, "these are the first %" PRIu64 " only: see --lines (LINES=) and --calls (CALLS=)\n", lines);
    if (!ended)
        die(EXIT_RUN, "the guest did not end within %.0f s (--timeout): the listing goes up to there", timeout);
    return EXIT_OK;
}
