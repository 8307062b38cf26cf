/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/deliver.h"
#include "lib/proc.h"
#include "measure/host.h"
#include "result/comparable.h"
#include "view/plot.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define DISK_MIB 8 /* a result with plots has 1 */

static void check_info(const char *info)
{
    size_t n = strcspn(info, "=");
    char *key = xstrndup(info, n), *why = info_refused(info[n] ? key : "", info + n);

    if (why)
        die(EXIT_USAGE, "--info=%s: %s", info, why);
    free(key);
}

static void check_place(const char *dir)
{
    struct statvfs fs;

    if (!statvfs(dir, &fs) && fs.f_blocks && (double)fs.f_bavail * fs.f_frsize < DISK_MIB * 1048576.0)
        die(EXIT_RUN, "the disk with %s is full: less than %d MiB are free", dir, DISK_MIB);
}

void deliver_check(struct delivery *o)
{
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());

    if (o->label && *o->label && !label_is_good(o->label))
        die(EXIT_USAGE, "--label=%s: letters, digits and . _ + - only, and no . or - first", o->label);
    for (size_t i = 0; i < o->infos_n; i++)
        check_info(o->infos[i]);
    for (size_t i = 0; i < o->peers_n; i++)
        result_free(result_load(o->peers[i]));
    if (!o->no_plot && !have_program("gnuplot"))
        die(EXIT_MISSING, "gnuplot is not installed: run `make deps`, or give --no-plot");
    o->temp = temp_dir(out, "unfinished");
    check_place(o->temp);
}

void deliver_check_peers(const struct delivery *o, const char *engine)
{
    struct result like = {.source = (char *)"this result"};

    result_set(&like, "engine", engine);
    for (size_t i = 0; i < o->peers_n; i++) {
        struct result *peer = result_load(o->peers[i]);

        require_same_ticks(&like, peer);
        result_free(peer);
    }
}

void deliver_infos(struct result *r, const struct delivery *o)
{
    for (size_t i = 0; i < o->infos_n; i++) {
        const char *eq = strchr(o->infos[i], '=');
        char *key = xstrndup(o->infos[i], eq - o->infos[i]);

        /* A guest may say more of itself than this program knows of. */
        if (result_info(r, key))
            warn("--info=%s is left out: the measurement says %s itself", o->infos[i], key);
        else
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

void deliver(struct result *r, struct delivery *o, const struct buf *console)
{
    struct result **peers = xcalloc(o->peers_n, sizeof(*peers));
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    char *label = o->label && *o->label ? xstrdup(o->label) : default_label(r);
    char *temp, *text, *path;

    if (!o->temp)
        deliver_check(o);
    temp = o->temp;
    for (size_t i = 0; i < o->peers_n; i++) {
        peers[i] = result_load(o->peers[i]);
        require_same_ticks(r, peers[i]);
    }
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
