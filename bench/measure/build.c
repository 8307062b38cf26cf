/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "measure/build.h"
#include "measure/host.h"
#include "lib/proc.h"
#include "result/result.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUILD_SECONDS 600
#define GIT_SECONDS   120

static const char *trimmed(struct buf *b)
{
    while (b->n && b->p[b->n - 1] == '\n')
        b->p[--b->n] = 0;
    return b->p;
}

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
    char *label = fmt("%s/results/%s", tree_root(), name);

    for (int i = 0; i < 2; i++) {
        const char *path = i ? label : name;

        if ((file_exists(path) && !dir_exists(path) && !is_elf(path)) || result_is_in(path))
            return xstrdup(path);
    }
    free(label);
    return NULL;
}

/* ---- what a build depends on besides the source --------------------------------------------------------------- */

/* What changes the hypervisor's code. `make ENTRY=plain compare` leaves them in our environment. */
static const char *const code_variables[] = {"ENTRY", "CC", "XEN_CC", "XEN_CFLAGS"};

static const char *variable_of(const struct side *s, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = s->variables_n; i--;)
        if (!strncmp(s->variables[i], name, n) && s->variables[i][n] == '=' && s->variables[i][n + 1])
            return s->variables[i] + n + 1;
    return NULL;
}

/* VAR=VALUE..., separated by blanks; quotes as the shell's keep blanks together. */
static void variables_add(struct side *s, const char *text)
{
    struct buf word = {0};
    char quote = 0;

    for (;; text++) {
        if (*text && (quote ? *text == quote : *text == '\'' || *text == '"')) {
            quote = quote ? 0 : *text;
        } else if (*text && (quote || *text != ' ')) {
            buf_add(&word, text, 1);
        } else if (word.n) {
            if (!strchr(word.p, '=') || *word.p == '=' || *word.p == '-')
                die(EXIT_USAGE, "make variables are VAR=VALUE, separated by blanks: %s is not", word.p);
            *ARRAY_ADD(s->variables, s->variables_n) = word.p;
            word = (struct buf){0};
        }
        if (!*text)
            break;
    }
    if (quote)
        die(EXIT_USAGE, "make variables: a %c is never closed in %s", quote, s->make);
}

static void hash_text(uint64_t *hash, const char *text) /* FNV-1a, for a name only */
{
    for (; *text; text++)
        *hash = (*hash ^ (unsigned char)*text) * 0x100000001b3u;
    *hash = (*hash ^ '\n') * 0x100000001b3u;
}

/* Collects the variables, and makes a name of them and of the tools' versions: with other tools it is built again. */
static char *build_key(struct side *s)
{
    uint64_t hash = 0xcbf29ce484222325u;
    struct buf version = {0};
    const char *cc;
    char *command;

    variables_add(s, s->make ? s->make : "");
    for (size_t i = 0; i < sizeof(code_variables) / sizeof(*code_variables); i++) {
        const char *value = getenv(code_variables[i]);

        if (value && *value && !variable_of(s, code_variables[i]))
            *ARRAY_ADD(s->variables, s->variables_n) = fmt("%s=%s", code_variables[i], value);
    }
    cc = variable_of(s, "XEN_CC");
    cc = cc ? cc : variable_of(s, "CC");
    command = fmt("%s --version && ld --version", cc ? cc : "gcc");
    if (capture((const char *[]){"sh", "-c", command, NULL}, NULL, &version, 20))
        die(EXIT_MISSING, "%s: `%s` fails: %s", s->name, command, trimmed(&version));
    for (size_t i = 0; i < s->variables_n; i++)
        hash_text(&hash, s->variables[i]);
    hash_text(&hash, version.p);
    buf_free(&version);
    free(command);
    return fmt("%016llx", (unsigned long long)hash);
}

/* ---- finding it ----------------------------------------------------------------------------------------------- */

/* The full hash of a revision; else NULL and git's own words, which may be about the whole repository. */
static char *find_revision(const char *name, struct buf *why)
{
    char *commit = fmt("%s^{commit}", name), *hash = NULL;

    if (*name != '-' &&
        !capture((const char *[]){"git", "rev-parse", "--verify", commit, NULL}, tree_root(), why, GIT_SECONDS))
        hash = xstrndup(why->p, strcspn(why->p, "\n"));
    free(commit);
    return hash;
}

struct side side_of(const char *name, const char *make)
{
    struct side s = {.name = name, .make = make && *make ? make : NULL};
    struct buf why = {0};

    if (!strcmp(name, "tree") || !strcmp(name, "working tree") || !strcmp(name, ".")) {
        s.kind = SIDE_TREE;
        s.revision = host_revision(tree_root());
    } else if (is_elf(name)) {
        s.kind = SIDE_IMAGE;
        s.path = xstrdup(name);
        s.revision = host_hypervisor(name);
    } else if ((s.path = find_result(name))) {
        s.kind = SIDE_RESULT;
    } else if ((s.revision = find_revision(name, &why))) {
        s.kind = SIDE_REVISION;
    } else {
        die(EXIT_MISSING,
            "%s is neither a result, nor a hypervisor's image, nor a revision, nor `tree` (the working tree)%s%s", name,
            why.n ? "; git says: " : "", why.n ? trimmed(&why) : "");
    }
    if (s.make && s.kind != SIDE_TREE && s.kind != SIDE_REVISION)
        die(EXIT_USAGE, "%s is built already: make variables cannot change it", name);
    if (s.kind == SIDE_TREE || s.kind == SIDE_REVISION)
        s.key = build_key(&s);
    buf_free(&why);
    return s;
}

/* Relative to DIR: a tree may lie in a path with blanks, which make cannot have in a target. */
static const char *path_from(const char *dir, const char *path)
{
    size_t n = strlen(dir);

    return !strncmp(path, dir, n) && path[n] == '/' ? path + n + 1 : path;
}

/* Runs make there; its output is shown only when it fails. OUT is seen from DIR. */
static void make_image(const char *dir, const char *out, const struct side *s, const char *what)
{
    char *image = fmt("%s/int82.elf", out), *b = fmt("B=%s", out),
         *made = *out == '/' ? image : fmt("%s/%s", dir, image);
    struct args a = {0};
    struct buf log = {0}, with = {0};

    args_add(&a, "make", "--no-print-directory", "-s", "-j2", "-C", dir, image, b, NULL);
    for (size_t i = 0; i < s->variables_n; i++) {
        args_add(&a, s->variables[i], NULL);
        buf_printf(&with, "%s%s", i ? " " : " with ", s->variables[i]);
    }
    fprintf(stderr, "building %s%s\n", what, with.n ? with.p : "");
    if (capture(a.v, NULL, &log, BUILD_SECONDS)) {
        size_t from = log.n > 3000 ? log.n - 3000 : 0;

        fprintf(stderr, "%s", log.p + from);
        die(EXIT_RUN, "%s does not build", what);
    }
    if (!file_exists(made))
        die(EXIT_RUN, "%s built, but left no %s", what, made);
    buf_free(&log);
    buf_free(&with);
    free(made == image ? NULL : made);
    free(image);
    free(b);
    free(a.v);
}

static void build_revision(const struct side *s, const char *place)
{
    char *parent = fmt("%s/revisions", build_dir()), *temp = temp_dir(parent, "worktree");
    char *tree = fmt("%s/tree", temp), *out = fmt("%s/out", temp), *what = fmt("%.12s (%s)", s->revision, s->name);
    struct buf log = {0};

    capture((const char *[]){"git", "worktree", "prune", NULL}, tree_root(), &log, GIT_SECONDS);
    log.n = 0;
    /* Without the user's hooks: this is no checkout of his, and a hook may be what called us. */
    if (capture((const char *[]){"git", "-c", "core.hooksPath=/dev/null", "worktree", "add", "--force", "--detach",
                                 tree, s->revision, NULL},
                tree_root(), &log, GIT_SECONDS))
        die(EXIT_RUN, "cannot make a work tree of %s: %s", s->name, trimmed(&log));
    make_image(tree, "../out", s, what);
    if (!dir_exists(place) && rename(out, place))
        die(EXIT_RUN, "cannot keep the build of %s in %s", s->name, place);
    remove_tree(temp);
    temp_keep(temp);
    capture((const char *[]){"git", "worktree", "prune", NULL}, tree_root(), &log, GIT_SECONDS);
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
        make_image(tree_root(), path_from(tree_root(), build_dir()), s, "the working tree");
        s->path = fmt("%s/int82.elf", build_dir());
        return;
    }
    place = fmt("%s/revisions/%.12s-%s", build_dir(), s->kind == SIDE_TREE ? "tree" : s->revision, s->key);
    s->path = fmt("%s/int82.elf", place);
    if (s->kind == SIDE_TREE)
        make_image(tree_root(), path_from(tree_root(), place), s, "the working tree");
    else if (!file_exists(s->path))
        build_revision(s, place);
    free(place);
}

char **revisions_of(const char *range, size_t *n)
{
    struct buf b = {0};
    char **list = NULL, *save = NULL;

    *n = 0;
    if (*range == '-')
        die(EXIT_MISSING, "%s is no range of revisions", range);
    if (capture((const char *[]){"git", "rev-list", "--reverse", "--first-parent", range, "--", NULL}, tree_root(), &b,
                GIT_SECONDS))
        die(EXIT_MISSING, "git knows no revisions %s: %s", range, trimmed(&b));
    for (char *line = strtok_r(b.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        *ARRAY_ADD(list, *n) = xstrdup(line);
    buf_free(&b);
    if (!*n)
        die(EXIT_MISSING, "there is no revision in %s", range);
    return list;
}
