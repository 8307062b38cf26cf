/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "result/row_limits.h"

#include <stdlib.h>
#include <string.h>

static bool limit_value(struct limit *l, const char *text)
{
    size_t n = strlen(text);
    char *number;
    bool good;

    if (!strcmp(text, "ignore")) {
        l->kind = LIMIT_IGNORE;
        return true;
    }
    if (!strncmp(text, "max=", 4)) {
        l->kind = LIMIT_TICKS;
        return parse_double(text + 4, &l->value);
    }
    if (!strncmp(text, "entry=", 6)) {
        l->kind = LIMIT_ENTRY;
        return parse_double(text + 6, &l->value);
    }
    if (n < 2 || text[n - 1] != '%')
        return false;
    l->kind = LIMIT_PERCENT;
    number = xstrndup(text, n - 1);
    good = parse_double(number, &l->value) && l->value >= 0;
    free(number);
    return good;
}

struct limits limits_load(const char *file)
{
    struct limits all = {.file = file};
    struct buf text = {0};
    unsigned number = 0;
    char *rest;

    if (!file_read(file, &text))
        die(EXIT_MISSING, "cannot read the limits %s", file);
    rest = text.p;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char *save = NULL, *glob, *value;

        number++;
        line[strcspn(line, "#\r")] = 0;
        glob = strtok_r(line, " \t", &save);
        if (!glob)
            continue;
        value = strtok_r(NULL, " \t", &save);
        if (!value)
            die(EXIT_USAGE, "%s: line %u: a limit is GLOB and one of PERCENT%%, max=TICKS, entry=TICKS, ignore", file,
                number);
        for (; value; value = strtok_r(NULL, " \t", &save)) {
            struct limit *l = ARRAY_ADD(all.v, all.n);

            l->glob = xstrdup(glob);
            l->line = number;
            if (!limit_value(l, value))
                die(EXIT_USAGE, "%s: line %u: %s is none of PERCENT%%, max=TICKS, entry=TICKS, ignore", file, number,
                    value);
        }
    }
    buf_free(&text);
    return all;
}

const struct limit *limits_relative(struct limits *l, const struct row *row)
{
    const struct limit *found = NULL;

    for (size_t i = 0; i < l->n; i++) {
        if ((l->v[i].kind != LIMIT_PERCENT && l->v[i].kind != LIMIT_IGNORE) ||
            !row_matches(l->v[i].glob, row->name, row->batch))
            continue;
        l->v[i].used = true;
        found = &l->v[i];
    }
    return found;
}

char *limits_exceeded(struct limits *l, const struct row *row, double figure)
{
    char *text = NULL;

    for (size_t i = 0; i < l->n; i++) {
        struct limit *m = &l->v[i];
        double is = m->kind == LIMIT_TICKS ? figure : figure / row->batch;

        if ((m->kind != LIMIT_TICKS && m->kind != LIMIT_ENTRY) || !row_matches(m->glob, row->name, row->batch))
            continue;
        m->used = true;
        if (is > m->value && !text)
            text = fmt("%.2f ticks %s, the limit is %.2f (%s, line %u)", is,
                       m->kind == LIMIT_TICKS ? "a call" : "an entry", m->value, l->file, m->line);
    }
    return text;
}
