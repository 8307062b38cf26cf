/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the rule of exclusion (exclusion.c, exclusion_other.c, exclusion_pause.c). */
#ifndef TESTS_EXCLUSION_H
#define TESTS_EXCLUSION_H

#include "injected_faults.h"

#include <guest/audit.h>

void nap_until(uint64_t time); /* system time */
/* Is one of these frames, up to 16, in the middle of being validated as a table, or of being given up as one? */
bool half_done(const uint32_t *frames, uint32_t count);
void audit_is_clean(void);

#endif
