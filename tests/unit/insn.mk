# SPDX-License-Identifier: MIT
# The profiler's decoder of instructions.
UNIT_TESTS += $(B)/unit/test_insn

$(B)/unit/test_insn: tests/unit/test_insn.c tests/unit/bench_test.h $(UNIT_HARNESS) bench/profile/insn.c bench/profile/insn.h bench/profile/opcodes.h bench/profile/events.def
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -Ibench -o $@ $(filter %.c,$^)
