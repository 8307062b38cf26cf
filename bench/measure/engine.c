/* SPDX-License-Identifier: MIT */
#include "measure/engine.h"
#include "measure/host.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_STATUS 33 /* isa-debug-exit makes 2n+1 of the 16 that the probe writes */

const char *engine_probe_timeout;

void engine_args(const struct engine *e, struct args *a)
{
    if (e->kind == ENGINE_KVM) {
        args_add(a, "-accel", "kvm", "-cpu", e->cpu, NULL);
        return;
    }
    /* One instruction, one nanosecond, one tick; and a clock that does not bring today's date into the run. */
    args_add(a, "-accel", "tcg", "-cpu", e->cpu, "-icount", "shift=0,sleep=off", "-rtc",
             "base=2026-01-01T00:00:00,clock=vm", NULL);
}

static struct engine engine_make(enum engine_kind kind, const char *qemu, const char *cpu)
{
    struct engine e = {
        .kind = kind, .name = "tcg-icount", .tick = "one instruction", .qemu = qemu, .cpu = "qemu64", .exact = true};

    if (kind == ENGINE_KVM) {
        e.name = "kvm";
        e.tick = "one tick of the TSC, which is no cycle of the core";
        e.cpu = "host";
        e.exact = false;
    }
    if (cpu && *cpu)
        e.cpu = cpu;
    return e;
}

/* Boots the probe. Returns NULL when it came to its end, else what happened instead. */
static char *engine_try(const struct engine *e, double seconds)
{
    char *probe = fmt("%s/probe.elf", build_dir()), *why = NULL;
    struct buf out = {0};
    struct args a = {0};
    int status;

    if (!file_exists(probe))
        die(EXIT_MISSING, "%s is not there: run `make`", probe);
    args_add(&a, e->qemu, "-nodefaults", "-m", "32", "-display", "none", "-serial", "stdio", "-no-reboot", "-device",
             "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", probe, NULL);
    engine_args(e, &a);
    status = capture(a.v, NULL, &out, seconds);
    if (status < 0)
        why = fmt("the probe guest did not finish within %.0f s (--probe-timeout)", seconds);
    else if (status != PROBE_STATUS || !strstr(out.p, "int82-probe: ok"))
        why = fmt("the probe guest failed (status %d%s%.*s)", status, *out.p ? ": " : "", (int)strcspn(out.p, "\r\n"),
                  out.p);
    buf_free(&out);
    free(a.v);
    free(probe);
    return why;
}

static char *kvm_try(const struct engine *e, double seconds)
{
    char *device = host_path("/dev/kvm"), *why = NULL;

    if (!file_exists(device))
        why = xstrdup("there is no /dev/kvm");
    else if (access(device, R_OK | W_OK))
        why = xstrdup("/dev/kvm may not be opened by this user");
    free(device);
    return why ? why : engine_try(e, seconds);
}

/* The time that `qemu --version` takes, in SECONDS, shows how fast this machine starts a QEMU at the moment. */
static char *qemu_version(const char *qemu, double *seconds)
{
    double start = now_seconds();
    char *v;

    if (!have_program(qemu))
        die(EXIT_MISSING, "%s is not installed: run `make deps`", qemu);
    v = first_line((const char *[]){qemu, "--version", NULL}, NULL);
    if (!v)
        die(EXIT_MISSING, "`%s --version` fails", qemu);
    *seconds = now_seconds() - start;
    return v;
}

struct engine engine_pick(const char *wanted, const char *qemu, const char *cpu, bool tell)
{
    struct engine e = engine_make(ENGINE_KVM, qemu, cpu);
    double start;
    char *version = qemu_version(qemu, &start), *kvm_why = NULL, *why;
    bool any = !wanted || !*wanted || !strcmp(wanted, "auto"), tcg = !any && !strcmp(wanted, "tcg");

    if (!any && !tcg && strcmp(wanted, "kvm"))
        die(EXIT_USAGE, "--engine=%s: there are auto, kvm and tcg", wanted);
    if (!tcg) {
        kvm_why = kvm_try(&e, option_double("probe-timeout", engine_probe_timeout, 4 + 40 * start));
        if (kvm_why && !any)
            die(EXIT_RUN, "KVM does not work here: %s", kvm_why);
    }
    if (tcg || kvm_why) {
        e = engine_make(ENGINE_TCG, qemu, cpu);
        why = engine_try(&e, option_double("probe-timeout", engine_probe_timeout, 30 + 40 * start));
        if (why)
            die(EXIT_RUN, "QEMU's TCG does not work here: %s", why);
    }
    e.version = version;
    if (e.kind == ENGINE_TCG)
        e.not_taken = fmt("kvm: %s", tcg ? "tcg was asked for" : kvm_why);
    else
        e.not_taken = xstrdup(any ? "tcg: KVM ran the probe guest to its end" : "tcg: kvm was asked for");
    free(kvm_why);
    if (tell) {
        printf("engine: %s (%s); a tick is %s; not taken: %s\n", e.name, e.version, e.tick, e.not_taken);
        fflush(stdout);
    }
    return e;
}
