/* SPDX-License-Identifier: MIT */
/* Measures: boots the hypervisor with the bench guest and makes a result of what it prints. */
#include "cmd/commands.h"
#include "cmd/deliver.h"
#include "measure/conditions.h"
#include "measure/host.h"
#include "measure/run.h"

int cmd_run(int argc, char **argv)
{
    struct run_config c = {.title = "bench"};
    struct delivery o = {0};
    const char *distribution = NULL, *engine_name = NULL, *qemu = "", *cpu = NULL, *timeout = NULL, *quiet = NULL,
               *pin = NULL;
    struct buf console = {0};
    struct engine engine;
    struct result *r;
    const struct option_def defs[] = {
        {"label", 'l', "NAME", "the result's directory (default: date, revision, engine)", &o.label, NULL, NULL},
        {"rows", 'r', "GLOB,...", "only these rows: name or name/batch, * and ? allowed", &c.rows, NULL, NULL},
        {"reps", 0, "N", "samples of each row (default: the guest's)", &c.reps, NULL, NULL},
        {"distribution", 0, "N", "time N calls of each row one by one, too: a histogram", &distribution, NULL, NULL},
        {"engine", 'e', "NAME", "auto (the default: KVM if it works), kvm or tcg", &engine_name, NULL, NULL},
        {"hypervisor", 0, "FILE", "a Multiboot hypervisor, e.g. a real Xen (default: build/int82.elf)", &c.hypervisor,
         NULL, NULL},
        {"hv-args", 0, "TEXT", "the hypervisor's command line", &c.hv_args, NULL, NULL},
        {"guest", 0, "FILE", "the bench guest (default: build/guest/bench.elf)", &c.guest, NULL, NULL},
        {"guest-args", 0, "TEXT", "more for the guest's command line", &c.guest_args, NULL, NULL},
        {"peer", 'p', "RESULT", "a CSV or result to show beside it; may be given again", NULL, &o.peers, &o.peers_n},
        {"memory", 'm', "MIB", "the machine's memory (default: 256)", &c.memory, NULL, NULL},
        {"qemu", 0, "PROGRAM", "default: qemu-system-i386, or -x86_64 for a 64-bit hypervisor", &qemu, NULL, NULL},
        {"cpu", 0, "MODEL", "QEMU's -cpu (default: qemu64; host under KVM)", &cpu, NULL, NULL},
        ENGINE_PROBE_OPTION,
        {"pin", 0, "CPU", "pin the guest's processor to this one, QEMU's other threads elsewhere", &pin, NULL, NULL},
        {"info", 0, "KEY=VALUE", "note this in the result; may be given again", NULL, &o.infos, &o.infos_n},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"timeout", 0, "SECONDS", "for the whole run (default: 300)", &timeout, NULL, NULL},
        {"quiet", 0, "SECONDS", "without a byte on the console: a hang (default: 60)", &quiet, NULL, NULL},
        {"no-plot", 0, NULL, "make no plots", &o.no_plot, NULL, NULL},
        {"brief", 0, NULL, "print a table of the batches 1 and 512 only", &o.brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "run [options]",
            "Boots the hypervisor with the bench guest, measures, prints a table and writes results/<label>/\n"
            "with bench.csv, bench.json, console.log and plots. A failed run writes nothing (exit code 3)."))
        die(EXIT_USAGE, "run takes no argument, only options");
    if (distribution && *distribution) {
        uint64_t n = option_u64("distribution", distribution, 0);

        if (!n || n > 10000000)
            die(EXIT_USAGE, "--distribution=%s: 1 to 10000000 calls", distribution);
        c.guest_args = fmt("distribution=%s %s", distribution, c.guest_args ? c.guest_args : "");
    }
    c.timeout = option_double("timeout", timeout, 300);
    c.quiet = option_double("quiet", quiet, 60);
    c.cpu = conditions_pin(pin);
    run_check_reps(c.reps);
    run_check_memory(c.memory);
    run_defaults(&c);
    deliver_check(&o);
    engine = engine_pick(engine_name, *qemu ? qemu : host_qemu_for(c.hypervisor), cpu, true);
    deliver_check_peers(&o, engine.name);
    c.engine = &engine;
    c.console = &console;
    if (engine.kind == ENGINE_KVM)
        conditions_warn(c.cpu);
    r = run_once(&c);
    if (!r)
        die(EXIT_RUN, "the run failed; no result was written");
    run_describe(r, &c);
    deliver_infos(r, &o);
    deliver(r, &o, &console);
    return EXIT_OK;
}
