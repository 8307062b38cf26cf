# SPDX-License-Identifier: MIT
# Emulated stores against the processor's own. A 32-bit program, with memory where the hypervisor has its tables.
UNIT_TESTS += $(B)/unit/test_ptwr

PTWR_SRCS  := $(addprefix tests/unit/,test_ptwr.c test_ptwr_fast.c ptwr_trial.c ptwr_world.c unit.c) $(addprefix xen/arch/x86/,emulate/ptwr.c emulate/decode.c emulate/insn.c emulate/seg.c)
PTWR_ASM   := tests/unit/ptwr_gate.S xen/arch/x86/entry/ptwr_fast.S
PTWR_OBJS  := $(patsubst %.S,$(B)/unit/ptwr/%.o,$(notdir $(PTWR_ASM)))
PTWR_FLAGS := -m32 -D__XEN__ -DCOUNTERS=0 -Ixen/include -I$(B)/int82/include
# What ptwr_fast.S calls in C: ptwr_gate.S
PTWR_CALLS := ptwr_fault bounce_page_fault find_l1_entry_of map_l1_window put_old_l1_words store_words
$(B)/unit/test_ptwr: $(PTWR_SRCS) $(PTWR_ASM) $(wildcard tests/unit/ptwr_*.h) tests/unit/unit.h xen/arch/x86/emulate/opcodes.h \
                     $(wildcard xen/include/*/*.h) $(B)/int82/include/asm/offsets.h
	@mkdir -p $(B)/unit/ptwr
	$(CC) $(PTWR_FLAGS) -D__ASSEMBLY__ -c -o $(B)/unit/ptwr/ptwr_gate.o tests/unit/ptwr_gate.S
	$(CC) $(PTWR_FLAGS) -D__ASSEMBLY__ $(foreach c,$(PTWR_CALLS),-D$(c)=by_registers_$(c)) -c -o $(B)/unit/ptwr/ptwr_fast.o xen/arch/x86/entry/ptwr_fast.S
	$(CC) -std=gnu11 $(PTWR_FLAGS) -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -Wl,-z,noexecstack -o $@ $(PTWR_SRCS) $(PTWR_OBJS)
