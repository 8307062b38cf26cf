/* SPDX-License-Identifier: MIT */
/* Makes a result of a console that was captured elsewhere. */
#include "cmd/commands.h"
#include "cmd/deliver.h"
#include "measure/host.h"
#include "measure/run.h"
#include "result/parse.h"

#include <errno.h>
#include <string.h>

int cmd_import(int argc, char **argv)
{
    struct delivery o = {0};
    struct buf console = {0};
    struct parser p;
    struct result *r = xcalloc(1, sizeof(*r));
    const char *engine = NULL, *bad;
    const struct option_def defs[] = {
        {"engine", 'e', "NAME", "what ran it, e.g. bare-metal (required)", &engine, NULL, NULL},
        {"label", 'l', "NAME", "the result's directory (default: date, revision, engine)", &o.label, NULL, NULL},
        {"peer", 'p', "RESULT", "a CSV or result to show beside it; may be given again", NULL, &o.peers, &o.peers_n},
        {"info", 0, "KEY=VALUE", "note this in the result; may be given again", NULL, &o.infos, &o.infos_n},
        {"out", 'o', "DIR", "where results go (default: results/ of the tree)", &o.out, NULL, NULL},
        {"no-plot", 0, NULL, "make no plots", &o.no_plot, NULL, NULL},
        {"brief", 0, NULL, "print a table of the batches 1 and 512 only", &o.brief, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "import [options] CONSOLE",
            "Makes a result of a console that was captured elsewhere: of a machine that booted `make iso` and\n"
            "printed on COM1, say. CONSOLE is a file, or - for standard input.") != 1)
        die(EXIT_USAGE, "import takes one file: the captured console");
    if (!engine || !label_is_good(engine))
        die(EXIT_USAGE, "import needs --engine=NAME: what ran it, e.g. bare-metal");
    deliver_check(&o);
    deliver_check_peers(&o, engine);
    if (!file_read(strcmp(argv[0], "-") ? argv[0] : "/dev/stdin", &console))
        die(EXIT_MISSING, "cannot read %s: %s", argv[0], strerror(errno));
    parser_init(&p, r);
    parser_feed(&p, console.p, console.n);
    bad = parser_finish(&p);
    if (!bad && r->errors_n)
        bad = "the guest found wrong effects, so its figures mean nothing";
    if (bad) {
        run_console_tail(&console);
        die(EXIT_RUN, "%s: %s; no result was written", argv[0], bad);
    }
    if (result_info(r, "emulated") && !strcmp(engine, "native"))
        die(EXIT_REFUSED, "%s: %s, so it is no native result", argv[0], result_info(r, "emulated"));
    result_set(r, "date", host_date());
    result_set(r, "engine", engine);
    if (!result_info(r, "hypervisor_revision"))
        result_set(r, "hypervisor_revision", "unknown");
    deliver_infos(r, &o);
    deliver(r, &o, &console);
    return EXIT_OK;
}
