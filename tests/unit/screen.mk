# SPDX-License-Identifier: MIT
# Which framebuffers are used. The font is the hypervisor's, so that is built first.
UNIT_TESTS += $(B)/unit/test_screen

$(B)/unit/test_screen: tests/unit/test_screen.c $(UNIT_HARNESS) xen/arch/x86/dev/screen.c $(B)/int82/include/asm/glyphs.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ \
	    -DCOUNTERS=0 -Ixen/include -I$(B)/int82/include -o $@ tests/unit/test_screen.c tests/unit/unit.c
