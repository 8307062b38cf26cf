# SPDX-License-Identifier: MIT
# Interrupt controllers: ACPI's table of them, and models of the 8259s, I/O APICs and the local APIC.
IRQ_TESTS := $(B)/unit/test_madt $(B)/unit/test_irq $(B)/unit/test_apic
UNIT_TESTS += $(IRQ_TESTS)

$(IRQ_TESTS): $(B)/unit/%: tests/unit/%.c tests/unit/irq_machine.h $(UNIT_HARNESS) $(wildcard xen/arch/x86/dev/*.c) tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fsanitize=undefined -fsanitize-undefined-trap-on-error \
	    -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Itests/unit/ports -Ixen/include -o $@ tests/unit/$*.c tests/unit/unit.c
