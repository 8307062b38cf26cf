/* SPDX-License-Identifier: MIT */
/* The harness of the unit tests: unit.h. */
#include "unit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_PRINTED 5

static unsigned int failures;

void unit_failure(const char *file, int line, const char *what, const char *f, ...)
{
    va_list args;

    if (failures++ >= MAX_PRINTED)
        return;
    if (!f[1]) { /* no message */
        printf("%s:%d: not true: %s\n", file, line, what);
        return;
    }
    printf("%s:%d: %s:", file, line, what);
    va_start(args, f);
    vprintf(f, args);
    va_end(args);
    putchar('\n');
}

static int is_named(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return 1;
    return argc < 2;
}

/* A name without a test would look like a test that passes. */
static const char *unknown_name(int argc, char **argv, const struct unit_test *tests, unsigned int n)
{
    for (int i = 1; i < argc; i++) {
        unsigned int t = 0;

        while (t < n && strcmp(argv[i], tests[t].name))
            t++;
        if (t == n)
            return argv[i];
    }
    return NULL;
}

int unit_run(int argc, char **argv, const struct unit_test *tests, unsigned int n, void (*before)(void))
{
    const char *unknown = unknown_name(argc, argv, tests, n);
    unsigned int passed = 0, failed = 0;

    if (unknown) {
        fprintf(stderr, "%s: no test is called %s\n", argv[0], unknown);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that nothing is lost when the program dies */
    for (unsigned int i = 0; i < n; i++) {
        if (!is_named(argc, argv, tests[i].name))
            continue;
        failures = 0;
        printf("@test begin %s\n", tests[i].name);
        if (before)
            before();
        tests[i].run();
        if (failures) {
            failed++;
            printf("@test fail %s: %u checks failed\n", tests[i].name, failures);
        } else {
            passed++;
            printf("@test pass %s\n", tests[i].name);
        }
    }
    printf("@tests end passed=%u failed=%u skipped=0\n", passed, failed);
    return failed != 0;
}

int unit_skip(const char *name, const char *why)
{
    printf("@test begin %s\n@test skip %s: %s\n", name, name, why);
    printf("@tests end passed=0 failed=0 skipped=1\n");
    return 0;
}
