/* SPDX-License-Identifier: MIT */
/*
 * The harness of the unit tests: checks that print what they saw, a table of tests, and the @test lines that tests/run
 * counts. It needs a C library; test_mm.c, which has none, has its own harness.
 */
#ifndef UNIT_H
#define UNIT_H

/* The message says what was seen, in printf's format. The test continues. */
#define CHECK(cond, ...)                                              \
    do {                                                              \
        if (!(cond))                                                  \
            unit_failure(__FILE__, __LINE__, #cond, " " __VA_ARGS__); \
    } while (0)

/* f: a blank and the message. The first few failures of a test are printed, and all are counted. */
void unit_failure(const char *file, int line, const char *what, const char *f, ...)
    __attribute__((format(printf, 4, 5)));

struct unit_test {
    const char *name;
    void (*run)(void);
};

/* Runs the tests in order: all, or those that the command line names. before: called before each test, or NULL. Returns
 * the program's exit status. */
int unit_run(int argc, char **argv, const struct unit_test *tests, unsigned int n, void (*before)(void));
#define UNIT_RUN(argc, argv, tests, before) unit_run(argc, argv, tests, sizeof(tests) / sizeof((tests)[0]), before)

/* To be used instead, where this system cannot run them. */
int unit_skip(const char *name, const char *why);

#endif
