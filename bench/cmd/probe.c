/* SPDX-License-Identifier: MIT */
/* Says which engine works here. */
#include "cmd/commands.h"
#include "measure/engine.h"

int cmd_probe(int argc, char **argv)
{
    const char *wanted = "auto", *qemu = "qemu-system-i386", *cpu = NULL, *brief = NULL;
    struct engine e;
    const struct option_def defs[] = {
        {"engine", 'e', "NAME", "auto (the default), kvm or tcg", &wanted, NULL, NULL},
        {"qemu", 0, "PROGRAM", "instead of qemu-system-i386", &qemu, NULL, NULL},
        {"cpu", 0, "MODEL", "QEMU's -cpu", &cpu, NULL, NULL},
        ENGINE_PROBE_OPTION,
        {"brief", 0, NULL, "print only kvm or tcg, the rest on standard error", &brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "probe [options]",
            "Finds the engine that `run` would take, by booting a tiny guest under a time-out, and says which\n"
            "one it is and why."))
        die(EXIT_USAGE, "probe takes no argument");
    e = engine_pick(wanted, qemu, cpu, !brief);
    if (brief) {
        fprintf(stderr, "engine: %s; not taken: %s\n", e.name, e.not_taken);
        printf("%s\n", e.kind == ENGINE_KVM ? "kvm" : "tcg");
    }
    return EXIT_OK;
}
