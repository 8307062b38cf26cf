/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cmd/deliver.h"
#include "lib/proc.h"
#include "measure/host.h"
#include "view/plot.h"
#include "view/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define DISK_MIB 8 /* a result with plots has 1 */

static char *info_key(const char *info)
{
    static const char *const ours[] = {"schema",   "date",   "engine",      "engine_version",   "tick",
                                       "options",  "suite",  "tsc_khz",     "machine_cpu",      "memory_mib",
                                       "cpu",      "reps",   "hypervisor",  "hypervisor_build", "hypervisor_sha256",
                                       "host_cpu", "cflags", "guest_sha256"};
    const char *eq = strchr(info, '=');

    if (!eq || eq == info || strspn(info, "abcdefghijklmnopqrstuvwxyz0123456789_.-") != (size_t)(eq - info))
        die(EXIT_USAGE, "--info=%s: it is KEY=VALUE, the key of a-z, 0-9, _, . and -", info);
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strlen(ours[i]) == (size_t)(eq - info) && !strncmp(ours[i], info, eq - info))
            die(EXIT_USAGE, "--info=%s: %s is what the measurement says of itself", info, ours[i]);
    for (const char *s = eq; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127)
            die(EXIT_USAGE, "--info=%.*s: its value is one line without control characters", (int)(eq - info), info);
    return xstrndup(info, eq - info);
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
        free(info_key(o->infos[i]));
    for (size_t i = 0; i < o->peers_n; i++)
        result_free(result_load(o->peers[i]));
    if (!o->no_plot && !have_program("gnuplot"))
        die(EXIT_MISSING, "gnuplot is not installed: run `make deps`, or give --no-plot");
    o->temp = temp_dir(out, "unfinished");
    check_place(o->temp);
}

void deliver_infos(struct result *r, const struct delivery *o)
{
    size_t measured = r->info_n;

    for (size_t i = 0; i < o->infos_n; i++) {
        char *key = info_key(o->infos[i]);

        for (size_t k = 0; k < measured; k++)
            if (!strcmp(r->info[k].key, key))
                die(EXIT_USAGE, "--info=%s: %s is what the measurement says of itself", o->infos[i], key);
        result_set(r, key, strchr(o->infos[i], '=') + 1);
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
