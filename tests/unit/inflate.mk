# SPDX-License-Identifier: MIT
# gzip, against zlib; files of kernels; and every way of being broken. 64 bits, as zlib's library is.
UNIT_TESTS += $(B)/unit/test_inflate $(B)/unit/test_kernel_image

$(B)/unit/test_inflate $(B)/unit/test_kernel_image: $(B)/unit/%: tests/unit/%.c $(UNIT_HARNESS) xen/common/boot/inflate.c xen/common/boot/kernel_image.c $(wildcard xen/include/xen/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fsanitize=address,undefined \
	    -fno-sanitize-recover=undefined -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ $< tests/unit/unit.c \
	    xen/common/boot/inflate.c -lz
