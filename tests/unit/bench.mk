# SPDX-License-Identifier: MIT
# The bench side: statistics, formats, what may be compared, verdicts. Built with the sanitizers, and compiled once for
# all.
BENCH_UNIT        := test_stats test_parse test_results test_comparable test_verdict test_noise test_estimate
BENCH_UNIT_OBJ    := $(patsubst bench/%.c,$(B)/unit/bench/%.o,$(filter-out bench/main.c,$(BENCH_SRC)))
BENCH_UNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers -fsanitize=address,undefined \
                     -fno-sanitize-recover=undefined -Ibench
UNIT_TESTS        += $(BENCH_UNIT:%=$(B)/unit/%)

$(B)/unit/bench/%.o: bench/%.c tests/unit/bench.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_UNIT_CFLAGS) -MMD -MP -c -o $@ $<

$(BENCH_UNIT:%=$(B)/unit/%): $(B)/unit/%: tests/unit/%.c tests/unit/bench_test.h $(UNIT_HARNESS) $(BENCH_UNIT_OBJ)
	$(CC) $(BENCH_UNIT_CFLAGS) -o $@ $(filter %.c %.o,$^) -ljansson -lm

-include $(BENCH_UNIT_OBJ:.o=.d)
