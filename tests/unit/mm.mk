# SPDX-License-Identifier: MIT
# Frames, page types, mmu_update, mmuext_op, descriptors, in C and in assembly. A 32-bit program without a C library, so
# that the hypervisor's calling convention and its string functions serve all of it.
UNIT_TESTS += $(B)/unit/test_mm

MM_SRCS  := $(addprefix tests/unit/,test_mm.c mm_system.c mm_world.c mm_calls.c mm_ops.c mm_linear.c) xen/common/lib/string.c xen/common/lib/rangeset.c \
            $(addprefix xen/arch/x86/,dev/device_access.c mm/frames.c mm/page_tables.c mm/linear_pt.c mm/refused.c mm/mmu_update.c mm/mmuext.c mm/descriptors.c)
MM_ASM   := tests/unit/mm_start.S tests/unit/mm_gate.S xen/arch/x86/mm/l1_refs.S xen/arch/x86/mm/l2_refs.S $(addprefix xen/arch/x86/entry/tuned/,mmu_fast.S mmuext_fast.S)
MM_OBJS  := $(patsubst %.S,$(B)/unit/mm/%.o,$(notdir $(MM_ASM)))
MM_FLAGS := -m32 -march=i686 -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -I$(B)/int82/include
$(B)/unit/test_mm: $(MM_SRCS) $(MM_ASM) $(wildcard tests/unit/mm_*.h) tests/unit/mm.lds $(wildcard xen/include/*/*.h) $(B)/int82/include/asm/offsets.h
	@mkdir -p $(B)/unit/mm
	$(foreach s,$(MM_ASM),$(CC) $(MM_FLAGS) -D__ASSEMBLY__ -c -o $(B)/unit/mm/$(notdir $(s:.S=.o)) $(s) &&) \
	$(CC) -std=gnu11 $(MM_FLAGS) -mregparm=3 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing \
	    -ffreestanding -nostdlib -static -no-pie -fno-pic -fcf-protection=none -fno-stack-protector \
	    -mgeneral-regs-only -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -Wl,-T,tests/unit/mm.lds -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack -o $@ $(MM_SRCS) $(MM_OBJS)
