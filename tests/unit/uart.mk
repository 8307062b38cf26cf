# SPDX-License-Identifier: MIT
# The console down to a simulated UART, with an interrupt and without; and which UART that is. 32-bit programs: guest
# addresses must fit.
UNIT_TESTS += $(B)/unit/test_uart $(B)/unit/test_uart_polled $(B)/unit/test_uart_find

UART_DEV  := $(addprefix xen/arch/x86/dev/,uart.c uart_find.c uart_options.c)
UART_SRCS := tests/unit/test_uart.c tests/unit/uart_world.c tests/unit/unit.c $(UART_DEV) $(addprefix xen/common/,console/console.c console/console_io.c lib/rangeset.c)
UART_CC   := $(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
    -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Itests/unit/ports -Ixen/include

$(B)/unit/test_uart: UART_FLAGS :=
$(B)/unit/test_uart_polled: UART_FLAGS := -DPOLLED=1
$(B)/unit/test_uart $(B)/unit/test_uart_polled: $(UART_SRCS) tests/unit/unit.h tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(UART_CC) $(UART_FLAGS) -o $@ $(UART_SRCS)

$(B)/unit/test_uart_find: tests/unit/test_uart_find.c $(UNIT_HARNESS) $(UART_DEV) tests/unit/unit.h tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(UART_CC) -o $@ tests/unit/test_uart_find.c tests/unit/unit.c xen/common/lib/rangeset.c
