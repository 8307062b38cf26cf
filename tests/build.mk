# SPDX-License-Identifier: MIT
# Unit tests on the host. A tests/unit/NAME.mk adds its program to UNIT_TESTS and says how to build it.

B            ?= build
UNIT_TESTS   :=
UNIT_HARNESS := tests/unit/unit.c tests/unit/unit.h $(addprefix tests/unit/,said.h divided.h fake_msr.h)
include $(sort $(wildcard tests/unit/*.mk))
include tests/fuzz/fuzz.mk

.PHONY: tests
tests: $(UNIT_TESTS) $(B)/unit/list

# What tests/run runs: no program of an earlier revision.
$(B)/unit/list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(UNIT_TESTS) > $@
