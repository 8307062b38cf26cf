# SPDX-License-Identifier: MIT
# Privileged instructions, in a 32-bit program.
UNIT_TESTS += $(B)/unit/test_privop

PRIVOP_SRCS := $(addprefix tests/unit/,test_privop.c test_privop_io.c privop_world.c unit.c) \
               $(addprefix xen/arch/x86/,emulate/privop.c emulate/ports.c emulate/cpuid.c emulate/msr.c entry/hypercall_page.c emulate/decode.c emulate/insn.c emulate/seg.c) xen/common/lib/rangeset.c
$(B)/unit/test_privop: $(PRIVOP_SRCS) tests/unit/privop_world.h tests/unit/unit.h xen/arch/x86/emulate/opcodes.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ $(PRIVOP_SRCS)
