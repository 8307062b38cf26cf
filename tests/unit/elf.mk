# SPDX-License-Identifier: MIT
# The parser of guest kernels: a table of good and bad ones, every truncation, and random changes.
UNIT_TESTS += $(B)/unit/test_elf

$(B)/unit/test_elf: tests/unit/test_elf.c tests/unit/elf_image.c tests/unit/elf_image.h $(UNIT_HARNESS) xen/common/boot/elf.c xen/include/xen/elf.h xen/include/public/elfnote.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    -fno-sanitize=alignment -Ixen/include -o $@ $(filter %.c,$^)
