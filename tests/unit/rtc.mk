# SPDX-License-Identifier: MIT
# The real-time clock with a simulated chip. A 32-bit program, as the uart's.
UNIT_TESTS += $(B)/unit/test_rtc

$(B)/unit/test_rtc: tests/unit/test_rtc.c $(UNIT_HARNESS) xen/arch/x86/dev/rtc.c tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 \
	    -Itests/unit/ports -Ixen/include -o $@ tests/unit/test_rtc.c tests/unit/unit.c
