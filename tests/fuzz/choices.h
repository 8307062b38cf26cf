/* SPDX-License-Identifier: MIT */
/* What mm_world.h needs from a fuzzer: choices come from the input, and a failed check is a finding. */
#ifndef CHOICES_H
#define CHOICES_H

#include "input.h"

extern struct input input; /* must be set before anything is chosen */

#endif
