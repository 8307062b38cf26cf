/* SPDX-License-Identifier: MIT */
/* Prints a result that is there already. */
#include "cmd/commands.h"
#include "result/comparable.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>

static void check_rows(const struct result *r, const char *rows)
{
    char *glob;
    size_t i;

    while ((glob = row_glob_next(&rows))) {
        for (i = 0; i < r->rows_n && !row_matches(glob, r->rows[i].name, r->rows[i].batch); i++)
            ;
        if (i == r->rows_n)
            die(EXIT_USAGE, "no row is called %s", glob);
        free(glob);
    }
}

int cmd_show(int argc, char **argv)
{
    const char *brief = NULL, *about = NULL, *csv = NULL, *markdown = NULL, *rows = NULL, *json = NULL,
               **peer_paths = NULL;
    size_t peers_n = 0;
    struct result **peers, *r;
    char *unmatched;
    const struct option_def defs[] = {
        {"peer", 'p', "RESULT", "a CSV or result to show beside it; may be given again", NULL, &peer_paths, &peers_n},
        {"brief", 0, NULL, "of each operation only its batches 1 and 512", &brief, NULL, NULL},
        {"about", 0, NULL, "only what it was measured on", &about, NULL, NULL},
        {"markdown", 0, NULL, "as a Markdown table with the peers' own figures", &markdown, NULL, NULL},
        {"rows", 'r', "GLOB,...", "with --markdown: only these rows", &rows, NULL, NULL},
        {"csv", 0, NULL, "as bench.csv", &csv, NULL, NULL},
        {"json", 0, NULL, "as bench.json", &json, NULL, NULL},
        {0},
    };

    if (options_parse(argc, argv, defs, "show [options] RESULT",
                      "Prints a result as a table. RESULT is a result's directory, a bench.json or a CSV.") != 1)
        die(EXIT_USAGE, "show takes one result");
    r = result_load(argv[0]);
    check_rows(r, rows);
    peers = xcalloc(peers_n, sizeof(*peers));
    for (size_t i = 0; i < peers_n; i++) {
        peers[i] = result_load(peer_paths[i]);
        require_same_ticks(r, peers[i]);
    }
    if (rows && (unmatched = rows_unmatched(rows, &r, 1)))
        die(EXIT_USAGE, "no row is called %s", unmatched);
    for (size_t i = 0; about && i < r->info_n; i++)
        printf("%s: %s\n", r->info[i].key, r->info[i].value);
    if (csv)
        fputs(result_csv(r), stdout);
    else if (json)
        fputs(result_json(r), stdout);
    else if (markdown)
        table_markdown(r, peers, peers_n, rows);
    else if (!about)
        table_print(r, peers, peers_n, brief != NULL);
    return EXIT_OK;
}
