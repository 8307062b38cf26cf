/* SPDX-License-Identifier: MIT */
/*
 * The harness of the unit tests: checks that say what they saw, a table of tests, and the @test lines that tests/run
 * counts. Needs a C library; test_mm.c, which has none, has its own way.
 */
#ifndef UNIT_H
#define UNIT_H

/* With a message in printf's manner: what was seen. The test goes on. */
#define CHECK(cond, ...)                                              \
    do {                                                              \
        if (!(cond))                                                  \
            unit_failure(__FILE__, __LINE__, #cond, " " __VA_ARGS__); \
    } while (0)

/* f: a blank and the message. The first few of a test are printed, and all are counted. */
void unit_failure(const char *file, int line, const char *what, const char *f, ...)
    __attribute__((format(printf, 4, 5)));

struct unit_test {
    const char *name;
    void (*run)(void);
};

/* Runs them in their order: all, or those that the command line names. before: what comes in front of each, or NULL.
 * Returns the program's exit status. */
int unit_run(int argc, char **argv, const struct unit_test *tests, unsigned int n, void (*before)(void));
#define UNIT_RUN(argc, argv, tests, before) unit_run(argc, argv, tests, sizeof(tests) / sizeof((tests)[0]), before)

/* Instead of that, where this system cannot run them. */
int unit_skip(const char *name, const char *why);

#endif
