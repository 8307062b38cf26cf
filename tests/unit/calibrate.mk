# SPDX-License-Identifier: MIT
# The TSC's calibration, deadlines and what interrupts at them, with simulated clocks.
CLOCK_TESTS := $(addprefix $(B)/unit/test_,calibrate deadline apic_timer pit hpet)
UNIT_TESTS += $(CLOCK_TESTS)

$(CLOCK_TESTS): $(B)/unit/test_%: tests/unit/test_%.c $(UNIT_HARNESS) xen/arch/x86/dev/%.c xen/arch/x86/dev/deadline.c tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 \
	    -Itests/unit/ports -Ixen/include -o $@ $< tests/unit/unit.c
