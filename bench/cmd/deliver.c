/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/deliver.h"
#include "measure/host.h"
#include "view/plot.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>

void deliver_infos(struct result *r, const struct delivery *o)
{
    for (size_t i = 0; i < o->infos_n; i++) {
        const char *eq = strchr(o->infos[i], '=');
        char *key;

        if (!eq || eq == o->infos[i])
            die(EXIT_USAGE, "--info=%s: it is KEY=VALUE", o->infos[i]);
        key = xstrndup(o->infos[i], eq - o->infos[i]);
        result_set(r, key, eq + 1);
        free(key);
    }
}

static char *default_label(const struct result *r)
{
    char *when = host_date_compact(), *label;
    char *revision = xstrdup(result_info(r, "hypervisor_revision"));

    for (char *s = revision; *s; s++)
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz.-", *s))
            *s = '-';
    label = fmt("%s-%s-%s", when, revision, result_info(r, "engine"));
    free(when);
    free(revision);
    return label;
}

void deliver(struct result *r, const struct delivery *o, const struct buf *console)
{
    struct result **peers = xcalloc(o->peers_n, sizeof(*peers));
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    char *label = o->label && *o->label ? xstrdup(o->label) : default_label(r);
    char *temp = temp_dir(out, "unfinished"), *text, *path;

    for (size_t i = 0; i < o->peers_n; i++)
        peers[i] = result_load(o->peers[i]);
    text = result_csv(r);
    path = fmt("%s/bench.csv", temp);
    file_write(path, text, strlen(text));
    free(path);
    path = fmt("%s/bench.json", temp);
    text = result_json(r);
    file_write(path, text, strlen(text));
    free(path);
    path = fmt("%s/console.log", temp);
    file_write(path, console->p, console->n);
    free(path);
    if (!o->no_plot)
        plot_result(r, peers, o->peers_n, temp);
    table_print(r, peers, o->peers_n, o->brief != NULL);
    path = result_publish(temp, out, label);
    printf("\n%zu rows; written to %s\n", r->rows_n, path);
}
