/* SPDX-License-Identifier: MIT */
/* Results on disk: read in whatever format they have, and put in their place under a label. */
#include "result/result.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool holds(const char *dir, const char *name)
{
    char *file = fmt("%s/%s", dir, name);
    bool there = file_exists(file);

    free(file);
    return there;
}

bool result_is_in(const char *path)
{
    return holds(path, "bench.json") || holds(path, "bench.csv");
}

static char *file_of(const char *path)
{
    if (!dir_exists(path))
        return xstrdup(path);
    return fmt("%s/bench.%s", path, !holds(path, "bench.json") && holds(path, "bench.csv") ? "csv" : "json");
}

struct result *result_try_load(const char *path, char **why)
{
    char *file = file_of(path);
    struct buf text = {0};
    struct result *r = NULL;

    if (!file_read(file, &text))
        *why = fmt("cannot read %s: %s", file, strerror(errno));
    else if (text.p[strspn(text.p, " \t\r\n")] == '{')
        r = json_load(file, text.p, why);
    else
        r = csv_load(file, text.p, why);
    if (r) {
        free(r->source);
        r->source = xstrdup(path);
    }
    buf_free(&text);
    free(file);
    return r;
}

struct result *result_load(const char *path)
{
    char *why = NULL;
    struct result *r = result_try_load(path, &why);

    if (!r)
        die(EXIT_MISSING, "%s", why);
    return r;
}

bool label_is_good(const char *label)
{
    if (!*label || *label == '.' || *label == '-' || strlen(label) > 120)
        return false;
    for (; *label; label++)
        if (!isalnum((unsigned char)*label) && !strchr("._+-", *label))
            return false;
    return true;
}

char *result_publish(const char *temp, const char *parent, const char *label)
{
    char *path = fmt("%s/%s", parent, label);

    for (unsigned i = 1; file_exists(path) && i < 10000; i++) {
        char *kept = fmt("%s/%s.%u", parent, label, i);

        if (!file_exists(kept)) {
            if (rename(path, kept))
                die(EXIT_RUN, "cannot keep the earlier result %s as %s: %s", path, kept, strerror(errno));
            printf("the earlier result of this label is now %s\n", kept);
        }
        free(kept);
    }
    if (rename(temp, path))
        die(EXIT_RUN, "cannot rename %s to %s: %s", temp, path, strerror(errno));
    temp_keep(temp);
    return path;
}
