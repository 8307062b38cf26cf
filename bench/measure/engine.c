/* SPDX-License-Identifier: MIT */
#include "measure/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_STATUS 33 /* isa-debug-exit makes 2n+1 of the 16 that the probe writes */

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
    struct engine e = {.kind = kind, .name = "tcg-icount", .qemu = qemu, .cpu = "qemu64", .exact = true};

    if (kind == ENGINE_KVM) {
        e.name = "kvm";
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
        why = fmt("the probe guest did not finish within %.0f s", seconds);
    else if (status != PROBE_STATUS || !strstr(out.p, "int82-probe: ok"))
        why = fmt("the probe guest failed (status %d%s%.*s)", status, *out.p ? ": " : "", (int)strcspn(out.p, "\r\n"),
                  out.p);
    buf_free(&out);
    free(a.v);
    free(probe);
    return why;
}

static char *kvm_try(const struct engine *e)
{
    if (!file_exists("/dev/kvm"))
        return xstrdup("there is no /dev/kvm");
    if (access("/dev/kvm", R_OK | W_OK))
        return xstrdup("/dev/kvm may not be opened by this user");
    return engine_try(e, 4);
}

static char *qemu_version(const char *qemu)
{
    char *v;

    if (!have_program(qemu))
        die(EXIT_MISSING, "%s is not installed: run `make deps`", qemu);
    v = first_line((const char *[]){qemu, "--version", NULL}, NULL);
    if (!v)
        die(EXIT_MISSING, "`%s --version` fails", qemu);
    return v;
}

struct engine engine_pick(const char *wanted, const char *qemu, const char *cpu, bool tell)
{
    struct engine e = engine_make(ENGINE_KVM, qemu, cpu);
    char *version = qemu_version(qemu), *kvm_why = NULL, *why;
    bool any = !wanted || !*wanted || !strcmp(wanted, "auto"), tcg = !any && !strcmp(wanted, "tcg");

    if (!any && !tcg && strcmp(wanted, "kvm"))
        die(EXIT_USAGE, "--engine=%s: there are auto, kvm and tcg", wanted);
    if (!tcg) {
        kvm_why = kvm_try(&e);
        if (kvm_why && !any)
            die(EXIT_RUN, "KVM does not work here: %s", kvm_why);
    }
    if (tcg || kvm_why) {
        e = engine_make(ENGINE_TCG, qemu, cpu);
        why = engine_try(&e, 30);
        if (why)
            die(EXIT_RUN, "QEMU's TCG does not work here: %s", why);
    }
    e.version = version;
    if (e.kind == ENGINE_KVM)
        e.why = xstrdup("a tick is a cycle of the TSC: the probe guest ran to its end under KVM");
    else
        e.why =
            fmt("a tick is an instruction: %s%s", tcg ? "as asked" : "KVM does not work here, ", tcg ? "" : kvm_why);
    free(kvm_why);
    if (tell) {
        printf("engine: %s (%s); %s\n", e.name, e.version, e.why);
        fflush(stdout);
    }
    return e;
}
