# SPDX-License-Identifier: MIT
# Physical interrupts of domains, with simulated lines. A 32-bit program, as the others of this kind.
UNIT_TESTS += $(B)/unit/test_guest_irq

GUEST_IRQ_SRCS := tests/unit/test_guest_irq.c tests/unit/unit.c $(addprefix xen/arch/x86/domain/,guest_irq.c pirq.c)
$(B)/unit/test_guest_irq: $(GUEST_IRQ_SRCS) tests/unit/unit.h $(wildcard tests/unit/guest_irq_*.h) $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -o $@ $(GUEST_IRQ_SRCS)
