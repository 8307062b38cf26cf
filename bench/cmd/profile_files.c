/* SPDX-License-Identifier: MIT */
/* Where profiles are written, and where symbols are read. */
#include "cmd/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *profile_symbols_file(const struct profile_options *o)
{
    char *syms = fmt("%s-syms", o->run.hypervisor);

    return o->symbols && *o->symbols ? o->symbols : file_exists(syms) ? syms : o->run.hypervisor;
}

/* Profiles of one label stand side by side; a row's new one replaces its old one, which it equals or outdates. */
char *profile_publish(const char *temp, const struct profile_options *o, const char *name)
{
    const char *out = o->out && *o->out ? o->out : fmt("%s/results", tree_root());
    char *parent = fmt("%s/%s", out, o->label && *o->label ? o->label : "profile");
    char *path = temp_publish(temp, parent, name);

    free(parent);
    return path;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

const struct row *profile_only_row(const struct result *r, const char *wanted)
{
    if (r->rows_n == 1)
        return &r->rows[0];
    warn("BENCH=%s stands for %zu rows; a profile is of one:", wanted, r->rows_n);
    for (size_t i = 0; i < r->rows_n && i < 40; i++)
        fprintf(stderr, "  %s/%u\n", r->rows[i].name, r->rows[i].batch);
    exit(EXIT_USAGE);
}
