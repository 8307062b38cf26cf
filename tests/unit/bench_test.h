/* SPDX-License-Identifier: MIT */
/* Shared by the unit tests of the bench side. */
#ifndef INT82_BENCH_TEST_H
#define INT82_BENCH_TEST_H

#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_NEAR(is, wanted, eps)                                                         \
    do {                                                                                    \
        double is_ = (is), wanted_ = (wanted);                                              \
        if (!(fabs(is_ - wanted_) <= (eps)))                                                \
            unit_failure(__FILE__, __LINE__, #is, " it is %.17g, not %.17g", is_, wanted_); \
    } while (0)

#endif
