/* SPDX-License-Identifier: MIT */
/* A guest's hypercalls, one by one: `make trace`. */
#include "cmd/commands.h"
#include "cmd/counted_guest.h"
#include "measure/run.h"
#include "profile/hypercalls.h"
#include "result/result.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES     100000
#define LINES_MAX 1000000

/* The hypervisor's command line. */
static char *trace_arguments(const char *hv_args, const char *calls, uint64_t lines)
{
    uint64_t mask = UINT64_MAX;
    char *bad = or_else(calls, NULL) ? hypercalls_mask(calls, &mask) : NULL;

    if (bad)
        die(EXIT_USAGE,
            "--calls: no hypercall is called %s; docs/hypercalls.md lists them, and `unknown` are all others", bad);
    return fmt("%s%shypercall_trace=%" PRIu64 "/%" PRIx64, or_else(hv_args, ""), *or_else(hv_args, "") ? " " : "",
               lines, mask);
}

/* The trace, and whether the guest came to its end. */
static bool run(const struct counted_guest *o, const char *hv_args, const char *dir, struct buf *console,
                struct hypercalls *h)
{
    char *file = fmt("%s/trace.bin", dir), *why;
    struct buf data = {0};
    bool ended = counted_guest_run(o, hv_args, file, console);

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

static size_t errors(const struct hypercalls *h)
{
    size_t n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += h->v[i].has_result && (int32_t)h->v[i].result < 0 && (int32_t)h->v[i].result >= -4095;
    return n;
}

int cmd_trace(int argc, char **argv)
{
    struct counted_guest o = {0};
    const char *calls = NULL, *limit = NULL, *as_json = NULL;
    const struct option_def defs[] = {
        COUNTED_GUEST_OPTIONS(&o, "trace"),
        {"calls", 'c', "GLOBS", "only these hypercalls, as 'mmu*,sched_op'; `unknown`: numbers that do not exist",
         &calls, NULL, NULL},
        {"lines", 'n', "N", "at most so many lines (default: 100000)", &limit, NULL, NULL},
        {"json", 0, NULL, "print the listing as JSON", &as_json, NULL, NULL},
        {0},
    };
    struct buf console = {0}, text = {0};
    struct hypercalls h = {0};
    char *hv_args, *dir, *json, *path;
    uint64_t lines;
    bool ended;

    if (options_parse(
            argc, argv, defs, "trace --guest=FILE",
            "Lists a guest's hypercalls, one in a line: number, arguments, result, instructions. It needs the\n"
            "hypervisor with counters, which tells them as they are made."))
        die(EXIT_USAGE, "trace takes no argument, only options");
    if (!or_else(o.guest, NULL))
        die(EXIT_USAGE, "trace needs a guest to run (GUEST=file)");
    lines = or_else(limit, NULL) ? option_u64("lines", limit, LINES) : LINES;
    if (!lines || lines > LINES_MAX)
        die(EXIT_USAGE, "--lines=%" PRIu64 ": 1 to %d", lines, LINES_MAX);
    hv_args = trace_arguments(o.hv_args, calls, lines);
    counted_guest_check(&o, hv_args);
    dir = temp_dir(counted_guest_results(&o), "unfinished");
    ended = run(&o, hv_args, dir, &console, &h);

    hypercalls_text(&text, &h);
    json = json_dumps(hypercalls_json(&h), JSON_INDENT(1));
    if (!json)
        die(EXIT_RUN, "cannot make the JSON");
    file_save(dir, "trace.txt", text.p);
    file_save(dir, "trace.json", json);
    file_save(dir, "console.log", console.p);
    path = counted_guest_publish(&o, dir, "trace");
    if (as_json)
        puts(json);
    fprintf(as_json ? stderr : stdout,
            "%zu calls, %zu of them with an error; written to %s: trace.txt, trace.json, console.log\n", h.n,
            errors(&h), path);
    if (h.n == lines)
        fprintf(stderr, "these are the first %" PRIu64 " only: see --lines (LINES=) and --calls (CALLS=)\n", lines);
    if (!ended)
        die(EXIT_RUN, "the guest did not end within %.0f s (--timeout): the listing goes up to there",
            counted_guest_timeout(&o));
    return EXIT_OK;
}
