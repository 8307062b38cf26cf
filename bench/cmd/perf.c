/* SPDX-License-Identifier: MIT */
/* Samples instead of counts: `perf kvm --guest`, which finds the hypervisor's functions in a kallsyms-style file. */
#include "cmd/profile.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void cannot(const char *why)
{
    die(EXIT_UNSUPPORTED, "no profile under KVM: %.*s; ENGINE=tcg counts exactly, on any machine",
        (int)strcspn(why, "\n"), why);
}

/* Whether the processor counts cycles of guests, for us. A machine that is itself virtual often has no counters. */
static void perf_probe(const char *perf)
{
    struct buf b = {0};
    int status = capture((const char *[]){perf, "stat", "-e", "cycles:G", "--", "true", NULL}, NULL, &b, 20);

    if (status)
        cannot("perf may not count here (root, or a lower /proc/sys/kernel/perf_event_paranoid)");
    if (strstr(b.p, "not supported") || strstr(b.p, "not counted"))
        cannot("this machine has no cycle counter for guests (perf: cycles:G is not supported)");
    buf_free(&b);
}

/* As /proc/kallsyms: address, type, name. Perf takes the kernel to begin at _stext. */
static void write_kallsyms(const struct elf *e, const char *path)
{
    struct buf b = {0};

    for (size_t i = 0; i < e->symbols_n; i++)
        if (e->symbols[i].address >= 0x80000000)
            buf_printf(&b, "%016x %c %s\n", e->symbols[i].address, e->symbols[i].code ? 'T' : 'D', e->symbols[i].name);
    file_write(path, b.p, b.n);
    buf_free(&b);
}

int profile_perf(struct profile_options *o, const char *dir)
{
    char *symbols = fmt("%s/kallsyms", dir), *modules = fmt("%s/modules", dir), *data = fmt("%s/perf.data", dir);
    char *symbols_option = fmt("--guestkallsyms=%s", symbols), *modules_option = fmt("--guestmodules=%s", modules);
    const char *under[] = {"perf", "kvm",      "--guest", symbols_option, modules_option, "record", "-q",
                           "-e",   "cycles:G", "-o",      data,           "--",           NULL};
    const char *report[] = {"perf",    "kvm",        "--guest", symbols_option, modules_option, "report", "-i", data,
                            "--stdio", "--sort=sym", NULL};
    const char *qemu = o->qemu && *o->qemu ? o->qemu : "qemu-system-i386";
    struct engine engine = engine_pick("auto", qemu, o->cpu, false);
    struct buf text = {0};
    char *path;

    if (engine.kind != ENGINE_KVM)
        cannot(engine.not_taken + strlen("kvm: "));
    if (!have_program("perf"))
        cannot("perf is not installed (Debian: linux-perf)");
    perf_probe("perf");
    write_kallsyms(o->elfs[1], symbols);
    file_write(modules, "", 0);
    o->run.engine = &engine;
    o->run.under = under;
    if (!o->run.reps || !*o->run.reps)
        o->run.reps = "99"; /* samples come a few thousand a second */
    if (!run_once(&o->run))
        die(EXIT_RUN, "the run failed; no profile was written");
    if (capture(report, NULL, &text, 120) || !strstr(text.p, "%"))
        cannot("perf recorded no samples of the guest");
    path = fmt("%s/profile.txt", dir);
    file_write(path, text.p, text.n);
    printf("%s\nSamples of the whole run, boot included, by perf; cycles, not comparable with TCG's instructions.\n",
           text.p);
    free(path);
    path = fmt("%s/%s/perf", o->out && *o->out ? o->out : fmt("%s/results", tree_root()),
               o->label && *o->label ? o->label : "profile");
    remove_tree(path);
    make_dirs(path);
    if (rename(dir, path))
        die(EXIT_RUN, "cannot rename %s to %s", dir, path);
    temp_keep(dir);
    printf("written to %s: profile.txt, perf.data, kallsyms\n", path);
    return EXIT_OK;
}
