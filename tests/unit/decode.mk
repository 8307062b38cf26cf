# SPDX-License-Identifier: MIT
# The instruction decoder's unit test, with the compiler's sanitizers.
UNIT_TESTS += $(B)/unit/test_decode

$(B)/unit/test_decode: tests/unit/test_decode.c $(UNIT_HARNESS) xen/arch/x86/emulate/decode.c xen/arch/x86/emulate/opcodes.h xen/include/asm/decode.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -mno-red-zone -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    -Ixen/include -o $@ $(filter %.c,$^)
