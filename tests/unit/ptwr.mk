# SPDX-License-Identifier: MIT
# Emulated stores against the processor's own. A 32-bit program, with memory where the hypervisor has its tables.
UNIT_TESTS += $(B)/unit/test_ptwr

PTWR_SRCS := $(addprefix tests/unit/,test_ptwr.c ptwr_trial.c unit.c) $(addprefix xen/arch/x86/,emulate/ptwr.c emulate/decode.c emulate/insn.c emulate/seg.c)
$(B)/unit/test_ptwr: $(PTWR_SRCS) tests/unit/ptwr_trial.h tests/unit/unit.h xen/arch/x86/emulate/opcodes.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ $(PTWR_SRCS)
