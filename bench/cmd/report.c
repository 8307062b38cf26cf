/* SPDX-License-Identifier: MIT */
/* One HTML file of a result, of a result beside peers, or of a comparison. */
#define _GNU_SOURCE
#include "cmd/commands.h"
#include "result/comparable.h"
#include "view/report.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

/* On the command line a result may be named by its label. */
static struct result *load(const char *name)
{
    char *label = fmt("%s/results/%s", tree_root(), name);
    bool use = !file_exists(name) && dir_exists(label);
    struct result *r = result_load(use ? label : name);

    free(label);
    return r;
}

static void compare_with(struct report *rep, struct result *head, struct result *base, bool force)
{
    struct rounds b = {&base, 1}, h = {&head, 1};
    char *why = refusal(base, head, force);
    size_t n;

    if (why)
        die(EXIT_REFUSED, "%s and %s cannot be compared: %s", base->source, head->source, why);
    rep->base = base;
    rep->all = compare_all(b, h, (struct compare_how){.alpha = ALPHA_DEFAULT, .force = force}, &n);
    rep->all_n = n;
}

/* The directory of the result, where `profile` and `batching` with its label write, too. */
static char *directory_of(const struct result *r)
{
    char *copy = xstrdup(r->source), *dir = xstrdup(dir_exists(copy) ? copy : dirname(copy));

    free(copy);
    return dir;
}

int cmd_report(int argc, char **argv)
{
    const char *out = NULL, *base = NULL, *force = NULL, **peer_paths = NULL;
    struct report rep = {0};
    struct result **peers, *r;
    size_t peers_n = 0;
    const struct option_def defs[] = {
        {"peer", 'p', "RESULT", "a CSV or result to show beside it; may be given again", NULL, &peer_paths, &peers_n},
        {"base", 'b', "RESULT", "compare with this one", &base, NULL, NULL},
        {"force", 0, NULL, "with --base: though the suites differ or are unknown", &force, NULL, NULL},
        {"out", 'o', "FILE", "default: report.html in the result's directory", &out, NULL, NULL},
        {0},
    };
    char *html, *path;

    if (options_parse(argc, argv, defs, "report [options] RESULT",
                      "Writes one HTML file with everything in it: a table to sort and to filter, peers, pictures,\n"
                      "distributions, what `profile` and `batching` left in the result's directory, and what it was\n"
                      "measured on. Any browser shows it, without a network. RESULT is a result's directory or label,\n"
                      "a bench.json or a CSV.") != 1)
        die(EXIT_USAGE, "report takes one result");
    rep.r = r = load(argv[0]);
    peers = xcalloc(peers_n ? peers_n : 1, sizeof(*peers));
    for (size_t i = 0; i < peers_n; i++) {
        peers[i] = load(peer_paths[i]);
        require_same_ticks(r, peers[i]);
    }
    rep.peers = peers;
    rep.peers_n = peers_n;
    if (base && *base)
        compare_with(&rep, r, load(base), force != NULL);
    rep.dir = directory_of(r);
    html = report_html(&rep);
    path = out && *out ? xstrdup(out) : fmt("%s/report.html", rep.dir);
    file_write(path, html, strlen(html));
    printf("written to %s\n", path);
    free(path);
    free(html);
    return EXIT_OK;
}
