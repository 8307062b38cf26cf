# SPDX-License-Identifier: MIT
# The bench side: statistics, formats, what may be compared, verdicts. With the sanitizers, from the sources.
BENCH_UNIT := test_stats test_parse test_results test_comparable test_verdict test_noise
UNIT_TESTS += $(BENCH_UNIT:%=$(B)/unit/%)

$(BENCH_UNIT:%=$(B)/unit/%): $(B)/unit/%: tests/unit/%.c tests/unit/bench_test.h $(UNIT_HARNESS) $(filter-out bench/main.c,$(BENCH_SRC)) \
    $(wildcard bench/*/*.[h])
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers -fsanitize=address,undefined \
	    -fno-sanitize-recover=undefined -Ibench -o $@ $(filter %.c,$^) -ljansson -lm
