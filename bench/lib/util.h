/* SPDX-License-Identifier: MIT */
/* Small things that every part of the front end uses: messages, strings, files, clean-up. */
#ifndef INT82_BENCH_UTIL_H
#define INT82_BENCH_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes, the same for every subcommand. docs/measuring.md lists them for users. */
enum {
    EXIT_OK = 0,
    EXIT_WORSE = 1,       /* a gate or limit was exceeded */
    EXIT_USAGE = 2,       /* wrong arguments */
    EXIT_RUN = 3,         /* the guest crashed, hung or failed a check; or a build failed */
    EXIT_REFUSED = 4,     /* the results may not be compared */
    EXIT_MISSING = 5,     /* a file or a program is not there */
    EXIT_UNSUPPORTED = 6, /* this machine cannot do it */
    EXIT_SIGNAL = 130,    /* interrupted */
};

#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Ends the program after the clean-up (temporary directories, children). The text also says what to do. */
__attribute__((noreturn)) void die(int code, const char *fmt, ...) PRINTF(2, 3);
void warn(const char *fmt, ...) PRINTF(1, 2);

void *xrealloc(void *p, size_t bytes);
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *fmt(const char *f, ...) PRINTF(1, 2);

/* Grows ARRAY (with its count N) by one zeroed element and returns that element's address. */
#define ARRAY_ADD(array, n)                                                      \
    ({                                                                           \
        if (((n) & ((n)-1)) == 0)                                                \
            (array) = xrealloc((array), ((n) ? 2 * (n) : 1) * sizeof(*(array))); \
        __builtin_memset(&(array)[n], 0, sizeof(*(array)));                      \
        &(array)[(n)++];                                                         \
    })

/* A growing, always 0-terminated string. */
struct buf {
    char *p;
    size_t n, room;
};
void buf_add(struct buf *b, const char *data, size_t n);
void buf_printf(struct buf *b, const char *f, ...) PRINTF(2, 3);
void buf_free(struct buf *b);

/* An option's value: s, if it says anything. */
const char *or_else(const char *s, const char *fallback);

/* Strict numbers: the whole string, or false. */
bool parse_u64(const char *s, uint64_t *out);
bool parse_double(const char *s, double *out);

bool file_exists(const char *path);
bool dir_exists(const char *path);
bool file_read(const char *path, struct buf *out);
void file_write(const char *path, const char *data, size_t n);
void file_save(const char *dir, const char *name, const char *text);
void make_dirs(const char *path);
void remove_tree(const char *path);
void copy_file(const char *from, const char *to);

/* A directory that vanishes when the program ends, unless temp_keep() says that it was renamed to its place. */
char *temp_dir(const char *parent, const char *stem);
void temp_keep(const char *path);
/* Renames such a directory to parent/name, in the place of an earlier one. Returns that path. */
char *temp_publish(const char *temp, const char *parent, const char *name);
/* F is called before they vanish, to end whoever still writes there. */
void before_clean_up(void (*f)(void));

/* Where we are: the source tree, and the build directory that holds this program. */
const char *tree_root(void);
const char *build_dir(void);

/* Escape sequences, empty unless standard output is a terminal that wants colour. */
enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW };
const char *colour(enum colour c);
bool out_is_tty(void);
bool err_is_tty(void);

double now_seconds(void);

/* `GLOB[,GLOB...]` against a row, by its name alone or as name/batch. */
bool row_matches(const char *globs, const char *name, unsigned batch);
/* Takes the next GLOB off the list, for the caller to free; NULL at its end. A glob that fits no row is an error. */
char *row_glob_next(const char **globs);

/* --help and --option=value, for all subcommands alike. A flag takes no value. */
struct option_def {
    const char *name;
    char letter;         /* 0 if there is no short form */
    const char *metavar; /* NULL: a flag */
    const char *help;
    const char **value;   /* last one wins; a flag stores "1" */
    const char ***values; /* or: all of them are collected */
    size_t *values_n;
};
/* Parses until the end; positional arguments move to the front of argv and their number is returned. */
int options_parse(int argc, char **argv, const struct option_def *defs, const char *usage, const char *about);
uint64_t option_u64(const char *name, const char *value, uint64_t fallback);
double option_double(const char *name, const char *value, double fallback);

#endif
