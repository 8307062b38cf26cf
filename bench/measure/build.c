/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/build.h"
#include "measure/host.h"
#include "lib/proc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUILD_SECONDS 600

static bool is_elf(const char *path)
{
    char magic[4] = {0};
    FILE *f = dir_exists(path) ? NULL : fopen(path, "r");

    if (!f)
        return false;
    if (fread(magic, 1, 4, f) != 4)
        magic[0] = 0;
    fclose(f);
    return !memcmp(magic, "\177ELF", 4);
}

/* A place in the tree's results stands for itself and for its label. */
static char *find_result(const char *name)
{
    char *label = fmt("%s/results/%s", tree_root(), name), *file;
    bool there;

    for (int i = 0; i < 2; i++) {
        const char *path = i ? label : name;

        if (file_exists(path) && !dir_exists(path) && !is_elf(path))
            return xstrdup(path);
        file = fmt("%s/bench.json", path);
        there = file_exists(file);
        free(file);
        if (there)
            return xstrdup(path);
    }
    free(label);
    return NULL;
}

struct side side_of(const char *name, const char *make)
{
    struct side s = {.name = name, .make = make && *make ? make : NULL};
    char *commit = fmt("%s^{commit}", name);

    if (!strcmp(name, "tree") || !strcmp(name, "working tree") || !strcmp(name, ".")) {
        s.kind = SIDE_TREE;
        s.revision = host_revision(tree_root());
    } else if (is_elf(name)) {
        s.kind = SIDE_IMAGE;
        s.path = xstrdup(name);
        s.revision = host_hypervisor(name);
    } else if ((s.path = find_result(name))) {
        s.kind = SIDE_RESULT;
    } else if (*name != '-' &&
               (s.revision = first_line((const char *[]){"git", "rev-parse", "--verify", "--quiet", commit, NULL},
                                        tree_root()))) {
        s.kind = SIDE_REVISION;
    } else {
        die(EXIT_MISSING,
            "%s is neither a result, nor a hypervisor's image, nor a revision, nor `tree` (the working tree)", name);
    }
    if (s.make && s.kind != SIDE_TREE && s.kind != SIDE_REVISION)
        die(EXIT_USAGE, "%s is built already: make variables cannot change it", name);
    free(commit);
    return s;
}

/* Runs make there; its output is shown only when it fails. */
static void make_image(const char *dir, const char *out, const char *variables, const char *what)
{
    char *image = fmt("%s/int82.elf", out), *b = fmt("B=%s", out);
    char *copy = xstrdup(variables ? variables : ""), *save = NULL;
    struct args a = {0};
    struct buf log = {0};

    args_add(&a, "make", "--no-print-directory", "-s", "-j2", "-C", dir, image, b, NULL);
    for (char *v = strtok_r(copy, " ", &save); v; v = strtok_r(NULL, " ", &save)) {
        if (!strchr(v, '='))
            die(EXIT_USAGE, "make variables are VAR=VALUE, separated by blanks: %s is not", v);
        args_add(&a, v, NULL);
    }
    fprintf(stderr, "building %s%s%s\n", what, variables ? " with " : "", variables ? variables : "");
    /* What the outer make decided for itself is not this one's business. */
    unsetenv("MAKEFLAGS");
    unsetenv("MAKELEVEL");
    unsetenv("MFLAGS");
    if (capture(a.v, NULL, &log, BUILD_SECONDS)) {
        size_t from = log.n > 3000 ? log.n - 3000 : 0;

        fprintf(stderr, "%s", log.p + from);
        die(EXIT_RUN, "%s does not build", what);
    }
    if (!file_exists(image))
        die(EXIT_RUN, "%s built, but left no %s", what, image);
    buf_free(&log);
    free(image);
    free(copy);
    free(b);
    free(a.v);
}

/* One directory for each revision and set of make variables, so that what was built once is not built again. */
static char *build_place(const struct side *s)
{
    uint32_t hash = 2166136261u; /* FNV-1a, for a name only */

    for (const char *p = s->make ? s->make : ""; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return fmt("%s/revisions/%.12s%s", build_dir(), s->kind == SIDE_TREE ? "tree" : s->revision,
               s->make ? fmt("-%08x", hash) : "");
}

static void build_revision(const struct side *s, const char *place)
{
    char *parent = fmt("%s/revisions", build_dir()), *temp = temp_dir(parent, "worktree");
    char *tree = fmt("%s/tree", temp), *out = fmt("%s/out", temp), *what = fmt("%.12s (%s)", s->revision, s->name);
    struct buf log = {0};

    capture((const char *[]){"git", "worktree", "prune", NULL}, tree_root(), &log, 30);
    if (capture((const char *[]){"git", "worktree", "add", "--force", "--detach", tree, s->revision, NULL}, tree_root(),
                &log, 120))
        die(EXIT_RUN, "cannot make a work tree of %s: %s", s->name, log.p);
    make_image(tree, out, s->make, what);
    if (!dir_exists(place) && rename(out, place))
        die(EXIT_RUN, "cannot keep the build of %s in %s", s->name, place);
    remove_tree(temp);
    temp_keep(temp);
    capture((const char *[]){"git", "worktree", "prune", NULL}, tree_root(), &log, 30);
    buf_free(&log);
    free(parent);
    free(what);
    free(out);
    free(tree);
}

void side_build(struct side *s)
{
    char *place;

    if (s->path)
        return;
    if (s->kind == SIDE_TREE && !s->make) {
        make_image(tree_root(), strcmp(build_dir(), fmt("%s/build", tree_root())) ? build_dir() : "build", NULL,
                   "the working tree");
        s->path = fmt("%s/int82.elf", build_dir());
        return;
    }
    place = build_place(s);
    s->path = fmt("%s/int82.elf", place);
    if (s->kind == SIDE_TREE)
        make_image(tree_root(), place, s->make, "the working tree");
    else if (!file_exists(s->path))
        build_revision(s, place);
    free(place);
}

char **revisions_of(const char *range, size_t *n)
{
    struct buf b = {0};
    char **list = NULL, *save = NULL;

    *n = 0;
    if (*range == '-' || capture((const char *[]){"git", "rev-list", "--reverse", "--first-parent", range, "--", NULL},
                                 tree_root(), &b, 30))
        die(EXIT_MISSING, "git knows no revisions %s", range);
    for (char *line = strtok_r(b.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        *ARRAY_ADD(list, *n) = xstrdup(line);
    buf_free(&b);
    if (!*n)
        die(EXIT_MISSING, "there is no revision in %s", range);
    return list;
}
