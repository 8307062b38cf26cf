/* SPDX-License-Identifier: MIT */
/* Samples instead of counts: what perf sees of one row under KVM, from its first loop to its last. */
#include "cmd/profile.h"
#include "measure/host.h"
#include "profile/samples.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FUNCTIONS_SHOWN 40

static _Noreturn void cannot(const char *why)
{
    die(EXIT_UNSUPPORTED, "no profile under KVM: %.*s; ENGINE=tcg counts exactly, on any machine",
        (int)strcspn(why, "\n"), why);
}

/* ---- recording -------------------------------------------------------------------------------------------------- */

/*
 * Whether the processor counts cycles of guests. Perf says so for each kind of core that there is: one is enough. A
 * line of -x begins with a number, or with the reason why there is none.
 */
static bool has_cycles(void)
{
    struct buf b = {0};
    bool found = false;

    if (capture((const char *[]){"perf", "stat", "-x,", "-e", "cycles:G", "--", "true", NULL}, NULL, &b, 60))
        cannot("perf may not count here (root, or a lower /proc/sys/kernel/perf_event_paranoid)");
    for (const char *p = b.p; *p && !found; p += strcspn(p, "\n"), p += *p == '\n')
        found = *p >= '0' && *p <= '9' && strstr(p, "cycles");
    buf_free(&b);
    return found;
}

struct recording {
    int control; /* perf reads commands from it */
    bool on, done;
};

static void tell_perf(const struct recording *r, const char *command)
{
    if (write(r->control, command, strlen(command)) < 0)
        warn("perf cannot be told to %.*s: %s", (int)strcspn(command, "\n"), command, strerror(errno));
}

/* The guest describes itself before its first row, and prints a row's line after the row's loops. */
static void record_loops(struct run_config *c, const struct parser *p)
{
    struct recording *r = c->watch_arg;

    if (!r->on && result_info(p->r, "warm_ups")) {
        tell_perf(r, "enable\n");
        r->on = true;
    }
    if (r->on && !r->done && p->r->rows_n) {
        tell_perf(r, "disable\n");
        r->done = true;
    }
}

/* Like /proc/kallsyms, for a `perf kvm report` by hand; perf assumes that the kernel begins at _stext. */
static void write_kallsyms(const struct elf *e, const char *path)
{
    struct buf b = {0};

    for (size_t i = 0; i < e->symbols_n; i++) {
        const struct symbol *s = &e->symbols[i];

        if (s->address < 0x80000000)
            continue;
        if (!b.n)
            buf_printf(&b, "%016x T _stext\n%016x T _text\n", s->address, s->address);
        buf_printf(&b, "%016x %c %s\n", s->address, s->code ? 'T' : 'D', s->name);
    }
    file_write(path, b.p, b.n);
    buf_free(&b);
}

static struct result *record(struct profile_options *o, const char *dir, const char *event)
{
    char *symbols = fmt("%s/kallsyms", dir), *modules = fmt("%s/modules", dir), *data = fmt("%s/perf.data", dir);
    char *symbols_option = fmt("--guestkallsyms=%s", symbols), *modules_option = fmt("--guestmodules=%s", modules);
    /* Not in the result's directory: not all file systems have pipes. */
    char *private = temp_dir("/tmp", "int82-perf"), *fifo = fmt("%s/control", private),
         *control_option = fmt("--control=fifo:%s", fifo);
    const char *under[] = {"perf", "kvm", "--guest", symbols_option, modules_option, "record", "-q", "-e", event,
                           /* off until it is told */
                           "-D", "-1", control_option, "-o", data, "--", NULL};
    struct recording recording = {0};
    struct result *r;

    write_kallsyms(o->elfs[1], symbols);
    file_write(modules, "", 0);
    recording.control = mkfifo(fifo, 0600) ? -1 : open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (recording.control < 0)
        die(EXIT_RUN, "cannot make %s: %s", fifo, strerror(errno));
    o->run.under = under;
    o->run.watch = record_loops;
    o->run.watch_arg = &recording;
    r = run_once(&o->run);
    close(recording.control);
    unlink(modules);
    if (!r && strstr(o->run.console->p, "@int82 end rows=0 "))
        die(EXIT_USAGE, "no row is called %s: `make bench` prints the names; with the batch it is name/batch", o->row);
    if (!r)
        die(EXIT_RUN, "the run failed; no profile was written");
    return r;
}

/* ---- what it says ----------------------------------------------------------------------------------------------- */

struct sampled {
    const char *name, *where;
    size_t n;
};

/* The hypervisor's first: it is what a row measures. */
static int by_samples(const void *a, const void *b)
{
    const struct sampled *x = a, *y = b;
    int where = strcmp(y->where, x->where);

    if (where)
        return strcmp(x->where, "hypervisor") ? (strcmp(y->where, "hypervisor") ? where : 1) : -1;
    return x->n != y->n ? (x->n > y->n ? -1 : 1) : strcmp(x->name, y->name);
}

static struct sampled function_at(struct elf *const elfs[2], uint32_t address)
{
    const struct symbol *ours = elf_symbol(elfs[1], address), *guests = ours ? NULL : elf_symbol(elfs[0], address);

    return ours ? (struct sampled){ours->name, "hypervisor", 1}
                : (struct sampled){guests ? guests->name : "?", guests ? "guest" : "neither", 1};
}

/* Sorted by address, so all samples of a function come one after the other. */
static struct sampled *by_function(const struct samples *s, struct elf *const elfs[2], size_t *n)
{
    struct sampled *all = NULL;

    *n = 0;
    for (size_t i = 0; i < s->guest_n; i++) {
        struct sampled f = function_at(elfs, s->guest[i]);

        if (*n && all[*n - 1].name == f.name)
            all[*n - 1].n++;
        else
            *ARRAY_ADD(all, *n) = f;
    }
    if (*n)
        qsort(all, *n, sizeof(*all), by_samples);
    return all;
}

static size_t sum(const struct sampled *all, size_t n, const char *where)
{
    size_t samples = 0;

    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i].where, where))
            samples += all[i].n;
    return samples;
}

static char *text_of(const struct profile_options *o, const struct result *r, const struct samples *s,
                     const struct sampled *all, size_t n, const char *event)
{
    char *revision = host_hypervisor(o->run.hypervisor), *exits = run_exits_per_call(r, &o->run);
    const char *image = strrchr(o->run.hypervisor, '/') ? strrchr(o->run.hypervisor, '/') + 1 : o->run.hypervisor;
    bool cycles = strcmp(event, "cpu-clock") != 0;
    struct buf b = {0};

    buf_printf(&b, "%s/%u on %s (%s), KVM: samples of %s by perf, from the row's first loop to its last\n",
               r->rows[0].name, r->rows[0].batch, image, revision, event);
    if (!cycles)
        buf_printf(&b, "This machine does not count cycles of guests, so the samples are of time, by a clock.\n");
    buf_printf(&b,
               "%zu samples in the hypervisor, %zu in the guest, %zu in neither; %zu outside of the machine (KVM, "
               "QEMU)%s; %zu lost\nexits for each call, without those for devices and interrupts: %s\n\n",
               sum(all, n, "hypervisor"), sum(all, n, "guest"), sum(all, n, "neither"), s->outside,
               cycles ? ", which is not sampled" : "", s->lost, exits);
    buf_printf(&b, "%8s %7s  function\n", "samples", "share");
    for (size_t i = 0; i < n && i < FUNCTIONS_SHOWN; i++) {
        if (i && strcmp(all[i].where, all[i - 1].where))
            buf_printf(&b, "\n");
        buf_printf(&b, "%8zu %6.2f%%  %-32s %s\n", all[i].n, 100.0 * all[i].n / sum(all, n, all[i].where), all[i].name,
                   all[i].where);
    }
    if (n > FUNCTIONS_SHOWN)
        buf_printf(&b, "%17s  (%zu more in functions.csv)\n", "", n - FUNCTIONS_SHOWN);
    buf_printf(&b, "\nSamples hit at random: compare shares, and not with TCG's instructions.\n");
    free(revision);
    free(exits);
    return b.p;
}

static char *csv_of(const struct sampled *all, size_t n)
{
    struct buf b = {0};

    buf_printf(&b, "function,where,samples\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s,%s,%zu\n", all[i].name, all[i].where, all[i].n);
    return b.p;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static void measure_for(struct profile_options *o, const char *seconds)
{
    double s = option_double("seconds", seconds, 5);

    if (s <= 0 || s > 3600)
        die(EXIT_USAGE, "--seconds=%s: more than 0, and at most 3600", seconds);
    o->run.guest_args = fmt("warm_ms=%.0f%s%s", s < 0.001 ? 1 : s * 1000, o->run.guest_args ? " " : "",
                            o->run.guest_args ? o->run.guest_args : "");
    o->run.quiet += s;
    o->run.timeout += s;
}

int profile_perf(struct profile_options *o, const char *dir)
{
    struct engine engine = engine_pick("auto", o->qemu && *o->qemu ? o->qemu : "qemu-system-i386", o->cpu, false);
    char *data = fmt("%s/perf.data", dir), *parent, *name, *path, *text;
    const char *event, *why;
    struct sampled *all;
    struct samples s;
    struct result *r;
    size_t n;

    measure_for(o, o->seconds);
    if (engine.kind != ENGINE_KVM)
        cannot(engine.not_taken + strlen("kvm: "));
    if (!have_program("perf"))
        cannot("perf is not installed (Debian: linux-perf)");
    event = has_cycles() ? "cycles:G" : "cpu-clock";
    o->run.engine = &engine;
    r = record(o, dir, event);
    profile_only_row(r, o->row);
    if (!samples_load(data, &s, &why))
        die(EXIT_RUN, "%s; no profile was written", why);
    if (!s.guest_n)
        cannot("perf took no sample of the guest: let it run longer (--seconds)");
    all = by_function(&s, o->elfs, &n);
    text = text_of(o, r, &s, all, n, event);
    file_save(dir, "profile.txt", text);
    file_save(dir, "functions.csv", csv_of(all, n));
    parent = fmt("%s/%s", o->out && *o->out ? o->out : fmt("%s/results", tree_root()),
                 o->label && *o->label ? o->label : "profile");
    make_dirs(parent);
    name = fmt("profile-%s-%u", r->rows[0].name, r->rows[0].batch);
    path = result_publish(dir, parent, name);
    printf("%s\nwritten to %s: profile.txt, functions.csv, perf.data, kallsyms\n", text, path);
    return EXIT_OK;
}
