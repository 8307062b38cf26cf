/* SPDX-License-Identifier: MIT */
/* int82-bench: measures hypercalls, and makes something of the figures. */
#include "cmd/commands.h"
#include "lib/proc.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The version of the tree, which is this program's as well. */
#define VERSION_H "../xen/include/xen/version.h"
#include VERSION_H

static const struct command {
    const char *name;
    int (*go)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"probe", cmd_probe, "find the engine that works here, and say why"},
    {"run", cmd_run, "measure: boot hypervisor and bench guest, write results/<label>/"},
    {"show", cmd_show, "print a result as a table, beside its peers"},
    {"plot", cmd_plot, "draw a result"},
    {"report", cmd_report, "write one HTML file of a result or a comparison"},
    {"compare", cmd_compare, "compare two results, revisions or builds, row by row"},
    {"gate", cmd_gate, "compare and fail when a row has become worse, or exceeds a limit"},
    {"history", cmd_history, "follow rows over results or over revisions"},
    {"profile", cmd_profile, "count what one row executes, exactly: functions, lines, events, flame graph"},
    {"batching", cmd_batching, "histogram of a guest's mmu_update batches, entries, flushes"},
    {"growth", cmd_growth, "what calls cost as memory, domains, event channels and others grow"},
    {"trace", cmd_trace, "list a guest's hypercalls: number, arguments, result, instructions"},
    {"native", cmd_native, "time hypercalls' bodies on this machine's processor, without their gate"},
    {"import", cmd_import, "make a result of a console captured elsewhere"},
    {"list", cmd_list, "the rows and what each measures; or the results that are here"},
};
#define COMMANDS_N (sizeof(commands) / sizeof(*commands))

static void help(FILE *f)
{
    fprintf(f, "usage: int82-bench COMMAND [options]\n\n");
    for (size_t i = 0; i < COMMANDS_N; i++)
        fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].about);
    fprintf(f, "\n`int82-bench COMMAND --help` lists a command's options; --version tells version and revision.\n\n"
               "exit codes: 0 good, 1 a gate or limit was exceeded, 2 wrong arguments, 3 the guest or a build failed,\n"
               "            4 these results may not be compared, 5 a file or program is missing,\n"
               "            6 this machine cannot do it, 130 interrupted\n");
}

/* A full disk is noticed here at the latest. A reader that has gone (`| head`) has read what it wanted. */
static int output_end(int code)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    bool lost = ferror(stdout) | fflush(stdout);

    if (lost && !(poll(&out, 1, 0) == 1 && out.revents & POLLERR))
        die(EXIT_RUN, "standard output could not be written whole");
    return code;
}

int main(int argc, char **argv)
{
    environment_clean();
    interrupts_catch();
    if (argc < 2) {
        help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        help(stdout);
        return output_end(EXIT_OK);
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
        printf("Int82 %s, revision %s, for xen-3.0-x86_32p (%d.%d%s)\n", INT82_VERSION, INT82_REVISION,
               XEN_VERSION >> 16, XEN_VERSION & 0xffff, XEN_EXTRAVERSION);
        return output_end(EXIT_OK);
    }
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (!strcmp(argv[1], commands[i].name))
            return output_end(commands[i].go(argc - 2, argv + 2));
    die(EXIT_USAGE, "there is no command %s; `int82-bench --help` lists them", argv[1]);
}
