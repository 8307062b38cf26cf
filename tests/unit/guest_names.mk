# SPDX-License-Identifier: MIT
# The names in the profile of a guest.
UNIT_TESTS      += $(B)/unit/test_guest_names
GUEST_NAMES_SRC := bench/profile/guest_names.c bench/profile/trace.c bench/profile/insn.c bench/lib/elf_file.c bench/lib/util.c \
                   bench/lib/proc.c bench/lib/work.c

$(B)/unit/test_guest_names: tests/unit/test_guest_names.c tests/unit/bench_test.h $(UNIT_HARNESS) $(GUEST_NAMES_SRC) \
    $(wildcard bench/*/*.[h])
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-missing-field-initializers -fsanitize=address,undefined \
	    -fno-sanitize-recover=undefined -Ibench -o $@ $(filter %.c,$^)
