/* SPDX-License-Identifier: MIT */
/* What tests of the rule of exclusion share (exclusion.c; exclusion_other.h). */
#ifndef TESTS_EXCLUSION_H
#define TESTS_EXCLUSION_H

#include "injected_faults.h"

#include <guest/audit.h>

void nap_until(uint64_t time); /* system time */
/* Whether one of these frames is just being validated as a table, or that undone. Up to 16. */
bool half_done(const uint32_t *frames, uint32_t count);
void audit_is_clean(void);

#endif
