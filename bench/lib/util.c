/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "lib/util.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- messages ------------------------------------------------------------------------------------------------- */

static void message(const char *kind, const char *f, va_list ap)
{
    bool tty = err_is_tty();

    fflush(stdout);
    fprintf(stderr, "%sint82-bench: %s%s", tty ? "\r\033[K" : "", kind, "");
    vfprintf(stderr, f, ap);
    fputc('\n', stderr);
}

void die(int code, const char *f, ...)
{
    va_list ap;

    va_start(ap, f);
    message("error: ", f, ap);
    va_end(ap);
    exit(code);
}

void warn(const char *f, ...)
{
    va_list ap;

    va_start(ap, f);
    message("warning: ", f, ap);
    va_end(ap);
}

/* ---- memory and strings --------------------------------------------------------------------------------------- */

void *xrealloc(void *p, size_t bytes)
{
    p = realloc(p, bytes ? bytes : 1);
    if (!p)
        die(EXIT_RUN, "out of memory");
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        die(EXIT_RUN, "out of memory");
    return p;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    char *p = xrealloc(NULL, n + 1);

    memcpy(p, s, n);
    p[n] = 0;
    return p;
}

char *fmt(const char *f, ...)
{
    char *p;
    va_list ap;

    va_start(ap, f);
    if (vasprintf(&p, f, ap) < 0)
        die(EXIT_RUN, "out of memory");
    va_end(ap);
    return p;
}

void buf_add(struct buf *b, const char *data, size_t n)
{
    if (b->n + n + 1 > b->room) {
        b->room = (b->n + n + 1) * 2;
        b->p = xrealloc(b->p, b->room);
    }
    if (n)
        memcpy(b->p + b->n, data, n);
    b->n += n;
    b->p[b->n] = 0;
}

void buf_printf(struct buf *b, const char *f, ...)
{
    char *s;
    va_list ap;

    va_start(ap, f);
    if (vasprintf(&s, f, ap) < 0)
        die(EXIT_RUN, "out of memory");
    va_end(ap);
    buf_add(b, s, strlen(s));
    free(s);
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

const char *or_else(const char *s, const char *fallback)
{
    return s && *s ? s : fallback;
}

bool parse_u64(const char *s, uint64_t *out)
{
    char *end;

    /* strtoull takes blanks and signs, which no number of ours has. */
    if (!isdigit((unsigned char)*s))
        return false;
    errno = 0;
    *out = strtoull(s, &end, 10);
    return !errno && !*end;
}

bool parse_double(const char *s, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(s, &end);
    return end != s && !errno && !*end && isfinite(*out);
}

/* ---- files ---------------------------------------------------------------------------------------------------- */

bool file_exists(const char *path)
{
    struct stat st;

    return !stat(path, &st);
}

bool dir_exists(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool file_read(const char *path, struct buf *out)
{
    char chunk[65536];
    size_t n;
    FILE *f = fopen(path, "r");

    if (!f)
        return false;
    buf_add(out, "", 0);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        buf_add(out, chunk, n);
    n = ferror(f);
    fclose(f);
    return !n;
}

void file_write(const char *path, const char *data, size_t n)
{
    FILE *f = fopen(path, "w");

    if (!f || fwrite(data, 1, n, f) != n || fclose(f))
        die(EXIT_RUN, "cannot write %s: %s", path, strerror(errno));
}

void file_save(const char *dir, const char *name, const char *text)
{
    char *path = fmt("%s/%s", dir, name);

    file_write(path, text, strlen(text));
    free(path);
}

void make_dirs(const char *path)
{
    char *p = xstrdup(path);

    for (char *s = p + 1; *s; s++) {
        if (*s != '/')
            continue;
        *s = 0;
        mkdir(p, 0777);
        *s = '/';
    }
    if (mkdir(p, 0777) && errno != EEXIST)
        die(EXIT_RUN, "cannot make the directory %s: %s", path, strerror(errno));
    free(p);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void copy_file(const char *from, const char *to)
{
    struct buf b = {0};

    if (!file_read(from, &b))
        die(EXIT_MISSING, "cannot read %s: %s", from, strerror(errno));
    file_write(to, b.p, b.n);
    buf_free(&b);
}

static char **temps;
static size_t temps_n;
static void (*clean_up_first)(void);

void before_clean_up(void (*f)(void))
{
    clean_up_first = f;
}

static void clean_up(void)
{
    if (clean_up_first)
        clean_up_first();
    for (size_t i = 0; i < temps_n; i++)
        if (temps[i])
            remove_tree(temps[i]);
}

char *temp_dir(const char *parent, const char *stem)
{
    static bool registered;
    mode_t mask = umask(0);
    char *p;

    umask(mask);
    make_dirs(parent);
    p = fmt("%s/.%s.XXXXXX", parent, stem);
    if (!mkdtemp(p))
        die(EXIT_RUN, "cannot make a temporary directory in %s: %s", parent, strerror(errno));
    chmod(p, 0777 & ~mask);
    *ARRAY_ADD(temps, temps_n) = xstrdup(p);
    if (!registered)
        atexit(clean_up);
    registered = true;
    return p;
}

void temp_keep(const char *path)
{
    for (size_t i = 0; i < temps_n; i++) {
        if (temps[i] && !strcmp(temps[i], path)) {
            free(temps[i]);
            temps[i] = NULL;
        }
    }
}

char *temp_publish(const char *temp, const char *parent, const char *name)
{
    char *path = fmt("%s/%s", parent, name);

    make_dirs(parent);
    remove_tree(path);
    if (rename(temp, path))
        die(EXIT_RUN, "cannot rename %s to %s: %s", temp, path, strerror(errno));
    temp_keep(temp);
    return path;
}

const char *build_dir(void)
{
    static char path[PATH_MAX];
    ssize_t n;

    if (*path)
        return path;
    n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n <= 0)
        die(EXIT_RUN, "cannot find this program's own place: %s", strerror(errno));
    path[n] = 0;
    *strrchr(path, '/') = 0;
    return path;
}

/* The build directory lies in the tree, or says where that is (B= elsewhere): make leaves a file there. */
const char *tree_root(void)
{
    static char *root;
    struct buf elsewhere = {0};
    char *own;

    if (root)
        return root;
    root = xstrdup(build_dir());
    *strrchr(root, '/') = 0;
    own = fmt("%s/bench/main.c", root);
    if (!file_exists(own) && file_read(fmt("%s/tree", build_dir()), &elsewhere)) {
        free(root);
        root = xstrndup(elsewhere.p, strcspn(elsewhere.p, "\n"));
    }
    buf_free(&elsewhere);
    free(own);
    return root;
}

/* ---- the terminal --------------------------------------------------------------------------------------------- */

bool out_is_tty(void)
{
    return isatty(STDOUT_FILENO);
}

bool err_is_tty(void)
{
    return isatty(STDERR_FILENO);
}

const char *colour(enum colour c)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m"};
    static int wanted = -1;

    if (wanted < 0) {
        const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

        wanted = out_is_tty() && !(no && *no) && term && strcmp(term, "dumb");
    }
    return wanted ? codes[c] : "";
}

double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* ---- rows and options ----------------------------------------------------------------------------------------- */

bool row_matches(const char *globs, const char *name, unsigned batch)
{
    char *copy = xstrdup(globs), *save = NULL, *full = fmt("%s/%u", name, batch);
    bool hit = false;

    for (char *g = strtok_r(copy, ", ", &save); g && !hit; g = strtok_r(NULL, ", ", &save))
        hit = !fnmatch(g, strchr(g, '/') ? full : name, 0);
    free(copy);
    free(full);
    return hit;
}

char *row_glob_next(const char **globs)
{
    const char *from = *globs ? *globs + strspn(*globs, ", ") : "";
    size_t n = strcspn(from, ", ");

    *globs = from + n;
    return n ? xstrndup(from, n) : NULL;
}

static void options_help(const struct option_def *defs, const char *usage, const char *about)
{
    printf("usage: int82-bench %s\n\n%s\n\noptions:\n", usage, about);
    for (const struct option_def *d = defs; d->name; d++) {
        char *left = fmt("%c%c%s--%s%s%s", d->letter ? '-' : ' ', d->letter ? d->letter : ' ', d->letter ? ", " : "  ",
                         d->name, d->metavar ? "=" : "", d->metavar ? d->metavar : "");
        const char *line = d->help;

        printf("  %-30s", left);
        for (int first = strlen(left) > 29; *line || first; first = 0) {
            size_t n = first ? 0 : strcspn(line, "\n");

            printf(" %.*s\n", (int)n, line);
            line += n + (!first && line[n] == '\n');
            if (*line)
                printf("  %-30s", "");
        }
        free(left);
    }
    printf("  %-30s %s\n", "-h, --help", "this text");
}

static void option_store(const struct option_def *d, const char *value)
{
    if (d->values)
        *ARRAY_ADD(*d->values, *d->values_n) = value;
    else
        *d->value = value;
}

static const struct option_def *option_find(const struct option_def *defs, const char *arg, const char **value)
{
    const char *eq = strchr(arg, '=');
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);

    *value = eq ? eq + 1 : NULL;
    for (const struct option_def *d = defs; d->name; d++) {
        if (arg[0] == '-' && arg[1] == '-' && n == strlen(d->name) + 2 && !strncmp(arg + 2, d->name, n - 2))
            return d;
        if (arg[0] == '-' && d->letter && arg[1] == d->letter && !arg[2])
            return d;
    }
    return NULL;
}

int options_parse(int argc, char **argv, const struct option_def *defs, const char *usage, const char *about)
{
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        const struct option_def *d;
        const char *value;

        if (argv[i][0] != '-' || !argv[i][1]) {
            argv[kept++] = argv[i];
            continue;
        }
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            options_help(defs, usage, about);
            exit(EXIT_OK);
        }
        d = option_find(defs, argv[i], &value);
        if (!d)
            die(EXIT_USAGE, "unknown option %s; `int82-bench %.*s --help` lists them", argv[i],
                (int)strcspn(usage, " "), usage);
        if (!d->metavar && value)
            die(EXIT_USAGE, "--%s takes no value", d->name);
        if (d->metavar && !value && ++i == argc)
            die(EXIT_USAGE, "--%s needs a value: --%s=%s", d->name, d->name, d->metavar);
        option_store(d, !d->metavar ? "1" : value ? value : argv[i]);
    }
    return kept;
}

uint64_t option_u64(const char *name, const char *value, uint64_t fallback)
{
    uint64_t v = fallback;

    if (value && *value && !parse_u64(value, &v))
        die(EXIT_USAGE, "--%s: %s is not a whole number", name, value);
    return v;
}

double option_double(const char *name, const char *value, double fallback)
{
    double v = fallback;

    if (value && *value && (!parse_double(value, &v) || v < 0))
        die(EXIT_USAGE, "--%s: %s is not a number", name, value);
    return v;
}
