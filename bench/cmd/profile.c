/* SPDX-License-Identifier: MIT */
#include "cmd/profile.h"
#include "cmd/commands.h"
#include "measure/guest_run.h"
#include "measure/host.h"
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- running it under the plugin -------------------------------------------------------------------------------- */

/* Each loop of loops.S is a pair of pointers named loop_<something>: the measured one, the empty one. */
static void add_loops(struct buf *b, const struct elf *guest)
{
    unsigned n = 0;

    for (size_t i = 0; i < guest->symbols_n; i++) {
        const struct symbol *s = &guest->symbols[i];
        const uint32_t *pair;

        if (s->code || strncmp(s->name, "loop_", 5))
            continue;
        pair = elf_bytes(guest, s->address, 8);
        if (!pair || !elf_has_code(guest, pair[0]) || !elf_has_code(guest, pair[1]))
            continue;
        buf_printf(b, ",loop=%x-%x:%x-%x", pair[0], elf_symbol_end(guest, pair[0]), pair[1],
                   elf_symbol_end(guest, pair[1]));
        n++;
    }
    if (!n)
        die(EXIT_MISSING, "%s has no loops called loop_...: it is not the bench guest", guest->path);
}

static char *plugin_argument(const struct profile_options *o, const char *dir, const char *trace)
{
    char *plugin = fmt("%s/int82-profile.so", build_dir()), *list = fmt("%s/functions", dir);
    struct buf b = {0}, functions = {0};

    if (!file_exists(plugin))
        die(EXIT_MISSING, "%s is not there: run `make`", plugin);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < o->elfs[k]->symbols_n; i++)
            if (o->elfs[k]->symbols[i].code)
                buf_printf(&functions, "%08x\n", o->elfs[k]->symbols[i].address);
    file_write(list, functions.p, functions.n);
    add_option_text(&b, plugin);
    buf_printf(&b, ",functions=");
    add_option_text(&b, list);
    buf_printf(&b, ",out=");
    add_option_text(&b, trace);
    add_loops(&b, o->elfs[0]);
    free(plugin);
    free(list);
    buf_free(&functions);
    return b.p;
}

/* ---- what is written ------------------------------------------------------------------------------------------- */

static void write_profile(const struct view *v, const struct profile_options *o, const struct row *row, const char *dir)
{
    char *revision = host_hypervisor(o->run.hypervisor), *costs = fmt("%s/bench/costs.csv", tree_root()), *path, *json;
    const char *image = strrchr(o->run.hypervisor, '/') ? strrchr(o->run.hypervisor, '/') + 1 : o->run.hypervisor;
    char *title = fmt("%s/%u on %s (%s), QEMU TCG with icount", row->name, row->batch, image, revision);
    const struct frame *frames = view_frames(v);
    struct buf b = {0};

    buf_printf(&b,
               "%s\n%zu samples of %llu calls; the profile sums to the sample's ticks exactly: %llu - %llu = %llu\n\n",
               title, row->samples_n, (unsigned long long)row->calls,
               (unsigned long long)(v->total.v[METRIC_TICKS] + row->empty), (unsigned long long)row->empty,
               (unsigned long long)v->total.v[METRIC_TICKS]);
    row_text(&b, v);
    buf_printf(&b, "\n");
    estimate_text(&b, v, costs);
    json = row_json(v, row->name, row->batch, title);
    file_save(dir, "profile.txt", b.p);
    file_save(dir, "profile.json", json);
    file_save(dir, "callgrind.out", callgrind_text(v, title));
    file_save(dir, "flame.svg", flame_svg(v, frames, title));
    file_save(dir, "stacks.folded", folded_text(frames));
    file_save(dir, "listing.txt", listing_text(v, o->elfs, 2));
    file_save(dir, "events.csv", row_events_csv(v));
    file_save(dir, "functions.csv", row_functions_csv(v));
    path = fmt("profile-%s-%u", row->name, row->batch);
    path = profile_publish(dir, o, path);
    printf("%s\n", o->json ? json : b.p);
    fprintf(o->json ? stderr : stdout,
            "written to %s: profile.txt and .json, callgrind.out, flame.svg, stacks.folded, listing.txt, events.csv, "
            "functions.csv\n",
            path);
    free(path);
    free(title);
    free(costs);
    free(revision);
    buf_free(&b);
}

static int profile_exact(struct profile_options *o, const char *dir)
{
    char *file = fmt("%s/trace", dir), *why = NULL;
    const struct trace_run *run;
    const struct row *row;
    struct trace *trace;
    struct result *r;

    o->run.plugin = plugin_argument(o, dir, file);
    r = run_once(&o->run);
    if (!r && strstr(o->run.console->p, "@int82 end rows=0 "))
        die(EXIT_USAGE, "no row is called %s: `make bench` prints the names; with the batch it is name/batch", o->row);
    if (!r)
        die(EXIT_RUN, "the run failed; no profile was written");
    row = profile_only_row(r, o->row);
    trace = trace_load(file, &why);
    run = trace ? trace_profile(trace, row, &why) : NULL;
    if (!run)
        die(EXIT_RUN, "%s; no profile was written", why);
    unlink(file);
    free(file);
    file = fmt("%s/functions", dir);
    unlink(file);
    free(file);
    write_profile(view_make(run, row->calls, o->elfs, 2), o, row, dir);
    return EXIT_OK;
}

int cmd_profile(int argc, char **argv)
{
    struct profile_options o = {.engine = "tcg", .run = {.title = "profile", .cpu = -1, .quiet = 60}};
    struct buf console = {0};
    struct engine engine;
    const char *timeout = NULL, *compare = NULL, *dir;
    const struct option_def defs[] = {
        {"label", 'l', "NAME", "write results/NAME/profile-<row>/ or /guest/ (default: profile)", &o.label, NULL, NULL},
        {"json", 0, NULL, "print JSON instead of the text", &o.json, NULL, NULL},
        {"reps", 0, "N", "samples of the row (default: the guest's)", &o.run.reps, NULL, NULL},
        {"engine", 'e', "NAME", "tcg (the default): exact counts; kvm: samples by perf", &o.engine, NULL, NULL},
        {"hypervisor", 0, "FILE", "a 32-bit Multiboot hypervisor (default: build/int82.elf)", &o.run.hypervisor, NULL,
         NULL},
        {"symbols", 's', "FILE", "its ELF file with symbols (default: FILE-syms, or itself)", &o.symbols, NULL, NULL},
        {"hv-args", 0, "TEXT", "the hypervisor's command line", &o.run.hv_args, NULL, NULL},
        {"guest", 'g', "FILE", "any guest, its whole run; with a row: the bench guest (default: build/guest/bench.elf)",
         &o.run.guest, NULL, NULL},
        {"initrd", 0, "FILE", "the guest's initial RAM disk", &o.initrd, NULL, NULL},
        {"guest-symbols", 0, "FILE", "the guest's ELF file with symbols (default: itself)", &o.guest_symbols, NULL,
         NULL},
        {"section", 0, "N", "of a guest: only what is between its markers N (0: outside of all)", &o.section, NULL,
         NULL},
        {"costs", 0, "FILE", "of a guest: a result of the bench on this hypervisor, to estimate what batching saves",
         &o.costs, NULL, NULL},
        {"hypervisor-start", 0, "ADDRESS", "of a guest: the hypervisor's addresses begin (default: 0xf5800000)",
         &o.hypervisor_start, NULL, NULL},
        {"kernel-start", 0, "ADDRESS", "of a guest: its kernel's begin (default: by the guest's ELF file)",
         &o.kernel_start, NULL, NULL},
        {"compare", 0, NULL, "compare two profiles of a guest: labels or directories", &compare, NULL, NULL},
        {"memory", 'm', "MIB", "the machine's memory (default: 256)", &o.run.memory, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386", &o.qemu, NULL, NULL},
        {"seconds", 0, "N", "under KVM: take samples for so long (default: 5)", &o.seconds, NULL, NULL},
        {"guest-args", 0, "TEXT", "the guest's command line, or more for the bench guest's", &o.run.guest_args, NULL,
         NULL},
        ENGINE_PROBE_OPTION,
        {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64; host under KVM)", &o.cpu, NULL, NULL},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &timeout, NULL, NULL},
        {0},
    };
    int n = options_parse(
        argc, argv, defs, "profile [options] NAME/BATCH | --guest=FILE | --compare BASE HEAD",
        "Runs one row of the bench guest and counts every instruction in its measured loop: a table of\n"
        "functions, lines and events, profile.txt; callgrind.out for callgrind_annotate and KCachegrind;\n"
        "flame.svg; stacks.folded for speedscope. The sum is the row's ticks, exactly, or nothing is written.\n"
        "Or runs any guest, and splits its whole run into its programs, its kernel and the hypervisor; that\n"
        "by reason of entry, by function and by call path.");
    bool whole = n == 0 && o.run.guest && *o.run.guest;

    if (o.label && *o.label && !label_is_good(o.label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o.label);
    if (compare && n == 2)
        return profile_compare(&o, argv[0], argv[1]);
    if (compare || (n != 1 && !whole))
        die(EXIT_USAGE, compare ? "--compare needs two profiles: make profile BASE=label HEAD=label"
                                : "profile needs one row, as `make bench` prints them (make profile "
                                  "BENCH=mmu_map_rw/128), or a guest (make profile GUEST=file)");
    o.run.timeout = option_double("timeout", timeout, 300);
    o.run.console = &console;
    if (whole)
        return profile_guest(&o);
    o.row = o.run.rows = argv[0];
    run_defaults(&o.run);
    o.elfs[0] = elf_load(o.run.guest);
    o.elfs[1] = elf_load(profile_symbols_file(&o));
    dir = temp_dir(o.out && *o.out ? o.out : fmt("%s/results", tree_root()), "unfinished");
    if (o.engine && !strcmp(o.engine, "kvm"))
        return profile_perf(&o, dir);
    engine = engine_pick("tcg", o.qemu && *o.qemu ? o.qemu : "qemu-system-i386", o.cpu, false);
    o.run.engine = &engine;
    return profile_exact(&o, dir);
}
