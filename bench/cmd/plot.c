/* SPDX-License-Identifier: MIT */
/* Draws a result that is there already. */
#include "cmd/commands.h"
#include "view/plot.h"

int cmd_plot(int argc, char **argv)
{
    const char *out = ".", **peer_paths = NULL;
    size_t peers_n = 0;
    struct result **peers, *r;
    const struct option_def defs[] = {
        {"peer", 'p', "RESULT", "a CSV or result to draw beside it; may be given again", NULL, &peer_paths, &peers_n},
        {"out", 'o', "DIR", "where the pictures go (default: here)", &out, NULL, NULL},
        {0},
    };

    if (options_parse(
            argc, argv, defs, "plot [options] RESULT",
            "Draws a result again, with or without peers: calls.png and .svg, mmu.png and .svg, and what else\n"
            "the result has data for. RESULT is a result's directory, a bench.json or a CSV.") != 1)
        die(EXIT_USAGE, "plot takes one result");
    r = result_load(argv[0]);
    peers = xcalloc(peers_n, sizeof(*peers));
    for (size_t i = 0; i < peers_n; i++)
        peers[i] = result_load(peer_paths[i]);
    make_dirs(out);
    plot_result(r, peers, peers_n, out);
    printf("drawn in %s\n", out);
    return EXIT_OK;
}
