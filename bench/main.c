/* SPDX-License-Identifier: MIT */
/* int82-bench: measures hypercalls, and makes something of the figures. */
#include "cmd/commands.h"
#include "lib/proc.h"

#include <stdlib.h>
#include <string.h>

static const struct command {
    const char *name;
    int (*go)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"probe", cmd_probe, "find the engine that works here, and say why"},
    {"run", cmd_run, "measure: boot hypervisor and bench guest, write results/<label>/"},
    {"show", cmd_show, "print a result as a table, with ratios to peers"},
    {"plot", cmd_plot, "draw a result"},
    {"compare", cmd_compare, "compare two results, revisions or builds, row by row"},
    {"gate", cmd_gate, "compare and fail when a row has become worse, or exceeds a limit"},
    {"history", cmd_history, "follow rows over results or over revisions"},
    {"profile", cmd_profile, "count what one row executes, exactly: functions, lines, events, flame graph"},
    {"batching", cmd_batching, "histogram of a guest's mmu_update batches, entries, flushes"},
    {"import", cmd_import, "make a result of a console captured elsewhere"},
};
#define COMMANDS_N (sizeof(commands) / sizeof(*commands))

static void help(FILE *f)
{
    fprintf(f, "usage: int82-bench COMMAND [options]\n\n");
    for (size_t i = 0; i < COMMANDS_N; i++)
        fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].about);
    fprintf(f, "\n`int82-bench COMMAND --help` lists a command's options.\n\n"
               "exit codes: 0 good, 1 a gate or limit was exceeded, 2 wrong arguments, 3 the guest or a build failed,\n"
               "            4 these results may not be compared, 5 a file or program is missing,\n"
               "            6 this machine cannot do it, 130 interrupted\n");
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
        return EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].go(argc - 2, argv + 2);
    die(EXIT_USAGE, "there is no command %s; `int82-bench --help` lists them", argv[1]);
}
