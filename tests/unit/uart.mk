# SPDX-License-Identifier: MIT
# The console down to a simulated UART. A 32-bit program: guest addresses must fit.
UNIT_TESTS += $(B)/unit/test_uart

UART_SRCS := tests/unit/test_uart.c tests/unit/unit.c xen/arch/x86/dev/uart.c $(addprefix xen/common/,console/console.c console/console_io.c)
$(B)/unit/test_uart: $(UART_SRCS) tests/unit/unit.h tests/unit/ports/asm/io.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Itests/unit/ports -Ixen/include -o $@ $(UART_SRCS)
