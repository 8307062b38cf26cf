# SPDX-License-Identifier: MIT
# The page allocator against a plain model of it.
UNIT_TESTS += $(B)/unit/test_page_alloc

$(B)/unit/test_page_alloc: tests/unit/test_page_alloc.c $(UNIT_HARNESS) xen/common/memory/page_alloc.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fsanitize=undefined \
	    -fsanitize-undefined-trap-on-error -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ tests/unit/test_page_alloc.c \
	    tests/unit/unit.c
