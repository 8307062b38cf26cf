/* SPDX-License-Identifier: MIT */
#include "cmd/counted_guest.h"
#include "cmd/commands.h"
#include "measure/guest_run.h"
#include "measure/run.h"
#include "result/result.h"

#include <stdlib.h>

void counted_guest_check(const struct counted_guest *o, const char *hv_args)
{
    if (or_else(o->label, NULL) && !label_is_good(o->label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o->label);
    run_check_line("guest", o->guest_args);
    run_check_line("hypervisor", hv_args);
    counted_guest_timeout(o);
}

double counted_guest_timeout(const struct counted_guest *o)
{
    return option_double("timeout", o->timeout, 300);
}

bool counted_guest_run(const struct counted_guest *o, const char *hv_args, const char *debug_console,
                       struct buf *console)
{
    const struct guest_run g = {
        .qemu = or_else(o->qemu, "qemu-system-i386"),
        .cpu = o->cpu,
        .hypervisor = or_else(o->hypervisor, fmt("%s/int82-counters.elf", build_dir())),
        .hv_args = or_else(hv_args, ""),
        .guest = o->guest,
        .guest_args = o->guest_args,
        .initrd = o->initrd,
        .memory = or_else(o->memory, "256"),
        .debug_console = debug_console,
        .timeout = counted_guest_timeout(o),
    };

    return guest_run(&g, console);
}

const char *counted_guest_results(const struct counted_guest *o)
{
    return or_else(o->out, fmt("%s/results", tree_root()));
}

char *counted_guest_publish(const struct counted_guest *o, const char *temp, const char *command)
{
    char *parent = fmt("%s/%s", counted_guest_results(o), or_else(o->label, command));
    char *path = temp_publish(temp, parent, command);

    free(parent);
    return path;
}
