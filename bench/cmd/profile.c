/* SPDX-License-Identifier: MIT */
#include "cmd/profile.h"
#include "cmd/commands.h"
#include "measure/host.h"
#include "profile/view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUNCTIONS_SHOWN 25
#define LINES_SHOWN     12

/* ---- running it under the plugin -------------------------------------------------------------------------------- */

static void add_doubled(struct buf *b, const char *s)
{
    for (; *s; s++)
        buf_add(b, *s == ',' ? ",," : s, *s == ',' ? 2 : 1);
}

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
    add_doubled(&b, plugin);
    buf_printf(&b, ",functions=");
    add_doubled(&b, list);
    buf_printf(&b, ",out=");
    add_doubled(&b, trace);
    add_loops(&b, o->elfs[0]);
    free(plugin);
    free(list);
    buf_free(&functions);
    return b.p;
}

const struct row *profile_only_row(const struct result *r, const char *wanted)
{
    if (r->rows_n == 1)
        return &r->rows[0];
    warn("BENCH=%s stands for %zu rows; a profile is of one:", wanted, r->rows_n);
    for (size_t i = 0; i < r->rows_n && i < 40; i++)
        fprintf(stderr, "  %s/%u\n", r->rows[i].name, r->rows[i].batch);
    exit(EXIT_USAGE);
}

/* ---- what is printed -------------------------------------------------------------------------------------------- */

static double per_call(const struct view *v, uint64_t n)
{
    return (double)n / v->calls;
}

static double share(const struct view *v, uint64_t n)
{
    return v->total.v[METRIC_TICKS] ? 100.0 * n / v->total.v[METRIC_TICKS] : 0;
}

static void functions_text(struct buf *b, const struct view *v)
{
    uint64_t rest = 0;

    buf_printf(b, "%12s %7s  %-32s %s\n", "instructions", "share", "function", "file");
    for (size_t i = 0; i < v->functions_n; i++) {
        const struct function *f = &v->functions[i];
        uint64_t n = f->self.v[METRIC_TICKS];

        if (i >= FUNCTIONS_SHOWN)
            rest += n;
        else if (n)
            buf_printf(b, "%12.2f %6.2f%%  %-32s %s\n", per_call(v, n), share(v, n), f->name, f->file);
    }
    if (rest)
        buf_printf(b, "%12.2f %6.2f%%  (%zu more)\n", per_call(v, rest), share(v, rest),
                   v->functions_n - FUNCTIONS_SHOWN);
    buf_printf(b, "%12.2f 100.00%%  a call\n", per_call(v, v->total.v[METRIC_TICKS]));
}

struct source_line {
    const char *file;
    unsigned line;
    uint64_t ticks;
};

static int by_ticks(const void *a, const void *b)
{
    const struct source_line *x = a, *y = b;

    return x->ticks != y->ticks ? (x->ticks > y->ticks ? -1 : 1) : x->line < y->line ? -1 : x->line > y->line;
}

static void lines_text(struct buf *b, const struct view *v)
{
    struct source_line *lines = NULL;
    size_t n = 0;

    for (size_t i = 0; i < v->places_n; i++) {
        const struct place *p = &v->places[i];
        size_t k = 0;

        if (!p->line || !p->self.v[METRIC_TICKS])
            continue;
        while (k < n && (lines[k].line != p->line || strcmp(lines[k].file, p->file)))
            k++;
        if (k == n)
            *ARRAY_ADD(lines, n) = (struct source_line){p->file, p->line, 0};
        lines[k].ticks += p->self.v[METRIC_TICKS];
    }
    if (!n)
        return;
    qsort(lines, n, sizeof(*lines), by_ticks);
    buf_printf(b, "\n%12s %7s  %s\n", "instructions", "share", "line");
    for (size_t i = 0; i < n && i < LINES_SHOWN; i++)
        buf_printf(b, "%12.2f %6.2f%%  %s:%u\n", per_call(v, lines[i].ticks), share(v, lines[i].ticks), lines[i].file,
                   lines[i].line);
    free(lines);
}

/* Those that are always shown: a zero here says something. */
static bool is_telling(enum metric m)
{
    static const enum event events[] = {EVENT_int_gate,  EVENT_iret,   EVENT_seg_load, EVENT_cr0_write, EVENT_cr3_write,
                                        EVENT_cr4_write, EVENT_invlpg, EVENT_cli,      EVENT_sti,       EVENT_locked};

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (m == (enum metric)(METRIC_EVENTS + events[i]))
            return true;
    return m == METRIC_READS || m == METRIC_WRITES || m == METRIC_EXCEPTIONS;
}

static void events_text(struct buf *b, const struct view *v)
{
    const struct touched *t = &v->run->touched;
    const struct {
        uint64_t n;
        const char *what;
    } more[] = {{t->interrupts, "interrupts taken"},
                {t->data_lines, "different cache lines of data (64 bytes)"},
                {t->data_pages, "different pages of data (4 KiB)"},
                {t->code_lines, "different cache lines of code"},
                {t->code_pages, "different pages of code"}};

    buf_printf(b, "\n%12s %10s  %s\n", "hypervisor", "guest", "events of a call");
    for (enum metric m = METRIC_READS; m < METRICS_N; m++)
        if (v->total.v[m] || is_telling(m))
            buf_printf(b, "%12.2f %10.2f  %s\n", per_call(v, v->hypervisor.v[m]),
                       per_call(v, v->total.v[m] - v->hypervisor.v[m]), metric_what(m));
    for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
        buf_printf(b, "%12.2f %10s  %s\n", per_call(v, more[i].n), "", more[i].what);
}

static char *events_csv(const struct view *v)
{
    const struct touched *t = &v->run->touched;
    struct buf b = {0};

    buf_printf(&b, "event,hypervisor,guest,calls\n");
    for (enum metric m = 0; m < METRICS_N; m++)
        buf_printf(&b, "%s,%llu,%llu,%llu\n", metric_name(m), (unsigned long long)v->hypervisor.v[m],
                   (unsigned long long)(v->total.v[m] - v->hypervisor.v[m]), (unsigned long long)v->calls);
#define TOUCHED(field) \
    buf_printf(&b, #field ",%llu,,%llu\n", (unsigned long long)t->field, (unsigned long long)v->calls)
    TOUCHED(interrupts);
    TOUCHED(data_lines);
    TOUCHED(data_pages);
    TOUCHED(code_lines);
    TOUCHED(code_pages);
#undef TOUCHED
    return b.p;
}

static char *functions_csv(const struct view *v)
{
    struct buf b = {0};

    buf_printf(&b, "function,file,address,instructions,calls\n");
    for (size_t i = 0; i < v->functions_n; i++)
        if (v->functions[i].self.v[METRIC_TICKS])
            buf_printf(&b, "%s,%s,0x%x,%llu,%llu\n", v->functions[i].name, v->functions[i].file, v->functions[i].start,
                       (unsigned long long)v->functions[i].self.v[METRIC_TICKS], (unsigned long long)v->calls);
    return b.p;
}

static void save(const char *dir, const char *name, const char *text)
{
    char *path = fmt("%s/%s", dir, name);

    file_write(path, text, strlen(text));
    free(path);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

/* Profiles of one label stand side by side; a row's new one replaces its old one, which it equals or outdates. */
static char *publish(const char *temp, const struct profile_options *o, const struct row *row)
{
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    char *parent = fmt("%s/%s", out, o->label && *o->label ? o->label : "profile");
    char *path = fmt("%s/profile-%s-%u", parent, row->name, row->batch);

    make_dirs(parent);
    remove_tree(path);
    if (rename(temp, path))
        die(EXIT_RUN, "cannot rename %s to %s", temp, path);
    temp_keep(temp);
    free(parent);
    return path;
}

static void write_profile(const struct view *v, const struct profile_options *o, const struct row *row, const char *dir)
{
    char *revision = host_hypervisor(o->run.hypervisor), *costs = fmt("%s/bench/costs.csv", tree_root()), *path;
    const char *image = strrchr(o->run.hypervisor, '/') ? strrchr(o->run.hypervisor, '/') + 1 : o->run.hypervisor;
    char *title = fmt("%s/%u on %s (%s), QEMU TCG with icount", row->name, row->batch, image, revision);
    struct buf b = {0};

    buf_printf(&b,
               "%s\n%zu samples of %llu calls; the profile sums to the sample's ticks exactly: %llu - %llu = %llu\n\n",
               title, row->samples_n, (unsigned long long)row->calls,
               (unsigned long long)(v->total.v[METRIC_TICKS] + row->empty), (unsigned long long)row->empty,
               (unsigned long long)v->total.v[METRIC_TICKS]);
    functions_text(&b, v);
    lines_text(&b, v);
    events_text(&b, v);
    buf_printf(&b, "\n");
    estimate_text(&b, v, costs);
    save(dir, "profile.txt", b.p);
    save(dir, "callgrind.out", callgrind_text(v, title));
    save(dir, "flame.svg", flame_svg(v, title));
    save(dir, "events.csv", events_csv(v));
    save(dir, "functions.csv", functions_csv(v));
    path = publish(dir, o, row);
    printf("%s\nwritten to %s: profile.txt, callgrind.out, flame.svg, events.csv, functions.csv\n", b.p, path);
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

/* The image itself, or the file beside it that Xen's build calls <image>-syms. */
static struct elf *hypervisor_symbols(const struct profile_options *o)
{
    char *syms = fmt("%s-syms", o->run.hypervisor);
    const char *path = o->symbols && *o->symbols ? o->symbols : file_exists(syms) ? syms : o->run.hypervisor;

    return elf_load(path);
}

int cmd_profile(int argc, char **argv)
{
    struct profile_options o = {.engine = "tcg", .run = {.title = "profile", .cpu = -1, .quiet = 60}};
    struct buf console = {0};
    struct engine engine;
    const char *timeout = NULL, *out;
    const struct option_def defs[] = {
        {"label", 'l', "NAME", "write results/NAME/profile-<row>/ (default: profile)", &o.label, NULL, NULL},
        {"reps", 0, "N", "samples of the row (default: the guest's)", &o.run.reps, NULL, NULL},
        {"engine", 'e', "NAME", "tcg (the default): exact counts; kvm: samples by perf", &o.engine, NULL, NULL},
        {"hypervisor", 0, "FILE", "a 32-bit Multiboot hypervisor (default: build/int82.elf)", &o.run.hypervisor, NULL,
         NULL},
        {"symbols", 's', "FILE", "its ELF file with symbols (default: FILE-syms, or itself)", &o.symbols, NULL, NULL},
        {"hv-args", 0, "TEXT", "the hypervisor's command line", &o.run.hv_args, NULL, NULL},
        {"guest", 0, "FILE", "the bench guest (default: build/guest/bench.elf)", &o.run.guest, NULL, NULL},
        {"memory", 'm', "MIB", "the machine's memory (default: 256)", &o.run.memory, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386", &o.qemu, NULL, NULL},
        {"seconds", 0, "N", "under KVM: take samples for so long (default: 5)", &o.seconds, NULL, NULL},
        {"guest-args", 0, "TEXT", "more for the guest's command line", &o.run.guest_args, NULL, NULL},
        ENGINE_PROBE_OPTION,
        {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64; host under KVM)", &o.cpu, NULL, NULL},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &out, NULL, NULL},
        {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &timeout, NULL, NULL},
        {0},
    };

    out = NULL;
    if (options_parse(
            argc, argv, defs, "profile [options] NAME/BATCH",
            "Runs one row of the bench guest and counts every instruction in its measured loop: a table of\n"
            "functions, lines and events, profile.txt; callgrind.out for callgrind_annotate and KCachegrind;\n"
            "flame.svg. The sum is the row's ticks, exactly, or nothing is written.") != 1)
        die(EXIT_USAGE, "profile needs one row, as `make bench` prints them: make profile BENCH=mmu_map_rw/128");
    if (o.label && *o.label && !label_is_good(o.label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o.label);
    o.row = o.run.rows = argv[0];
    o.out = out;
    o.run.timeout = option_double("timeout", timeout, 300);
    o.run.console = &console;
    run_defaults(&o.run);
    o.elfs[0] = elf_load(o.run.guest);
    o.elfs[1] = hypervisor_symbols(&o);
    out = temp_dir(o.out && *o.out ? o.out : fmt("%s/results", tree_root()), "unfinished");
    if (o.engine && !strcmp(o.engine, "kvm"))
        return profile_perf(&o, out);
    engine = engine_pick("tcg", o.qemu && *o.qemu ? o.qemu : "qemu-system-i386", o.cpu, false);
    o.run.engine = &engine;
    return profile_exact(&o, out);
}
