# SPDX-License-Identifier: MIT
# The tree of the store, against a model, with the compiler's sanitizers.
UNIT_TESTS += $(B)/unit/test_store

STORE_SRCS := tests/unit/test_store.c xen/common/store/store_tree.c
$(B)/unit/test_store: $(STORE_SRCS) xen/include/xen/store.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-strict-aliasing -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -Ixen/include -o $@ $(STORE_SRCS)
