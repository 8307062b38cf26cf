/* Shared by the unit tests of the bench side: named tests, checks that say what they saw. */
#ifndef INT82_BENCH_TEST_H
#define INT82_BENCH_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int failures_here, failed;

#define CHECK(cond)                                                     \
    do {                                                                \
        if (!(cond)) {                                                  \
            failures_here++;                                            \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
        }                                                               \
    } while (0)
#define CHECK_NEAR(is, wanted, eps)                                                           \
    do {                                                                                      \
        double is_ = (is), wanted_ = (wanted);                                                \
        if (!(fabs(is_ - wanted_) <= (eps))) {                                                \
            failures_here++;                                                                  \
            printf("%s:%d: %s is %.17g, not %.17g\n", __FILE__, __LINE__, #is, is_, wanted_); \
        }                                                                                     \
    } while (0)
#define RUN(test)                                                                 \
    do {                                                                          \
        failures_here = 0;                                                        \
        printf("@test begin " #test "\n");                                        \
        test();                                                                   \
        if (failures_here)                                                        \
            printf("@test fail " #test ": %u checks\n", failures_here), failed++; \
        else                                                                      \
            printf("@test pass " #test "\n");                                     \
    } while (0)

#endif
