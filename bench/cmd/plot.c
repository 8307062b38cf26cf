/* SPDX-License-Identifier: MIT */
/* Draws a result that is there already. */
#include "cmd/commands.h"
#include "lib/proc.h"
#include "result/comparable.h"
#include "view/plot.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* Moves the pictures to their place and returns their number. Ends the program if a script has drawn none. */
static size_t publish(const char *temp, const char *out)
{
    char *pattern = fmt("%s/*.*", temp);
    size_t pictures = 0;
    glob_t g;

    if (!glob(pattern, 0, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            const char *from = g.gl_pathv[i], *dot = strrchr(from, '.');
            char *to = fmt("%s%s", out, strrchr(from, '/')), *png = fmt("%.*s.png", (int)(dot - from), from);

            if (!strcmp(dot, ".gp") && !file_exists(png))
                die(EXIT_RUN, "gnuplot drew no %s", strrchr(png, '/') + 1);
            pictures += !strcmp(dot, ".png");
            copy_file(from, to);
            free(to);
            free(png);
        }
        globfree(&g);
    }
    free(pattern);
    return pictures;
}

int cmd_plot(int argc, char **argv)
{
    const char *out = ".", **peer_paths = NULL;
    size_t peers_n = 0, pictures;
    char *temp;
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
    for (size_t i = 0; i < peers_n; i++) {
        peers[i] = result_load(peer_paths[i]);
        require_same_ticks(r, peers[i]);
    }
    if (!have_program("gnuplot"))
        die(EXIT_MISSING, "gnuplot is not installed: run `make deps`");
    make_dirs(out);
    temp = temp_dir(out, "unfinished");
    plot_result(r, peers, peers_n, temp);
    pictures = publish(temp, out);
    if (!pictures)
        die(EXIT_RUN, "%s has nothing to draw: no row of one call, and no row of several batches", argv[0]);
    printf("%zu pictures drawn in %s\n", pictures, out);
    return EXIT_OK;
}
