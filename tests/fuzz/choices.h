/* SPDX-License-Identifier: MIT */
/* What mm_world.h asks of its user, for the fuzzers: choices are the input's, and a failed check is a finding. */
#ifndef CHOICES_H
#define CHOICES_H

#include "input.h"

extern struct input input; /* to be set before anything is chosen */

#endif
