# SPDX-License-Identifier: MIT
# Coverage-guided fuzzers on the host: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer. docs/fuzzing.md.
# Not part of `make tests`: they need clang and its 32-bit runtime (tools/deps.sh fuzz).

FUZZ_CC      ?= clang-14
FUZZ_TARGETS := mm elf image cmdline emulate rings
FUZZ_ALL     := $(FUZZ_TARGETS) decode

FUZZ_BASE := -std=gnu11 -m32 -march=i686 -O2 -g -fno-omit-frame-pointer -fasynchronous-unwind-tables -fno-pic \
             -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=all
# Compiled in the same way as the hypervisor, and so is what calls it.
FUZZ_XEN  := $(FUZZ_BASE) -ffreestanding -fno-builtin -mregparm=3 -fno-strict-aliasing -Wno-unused-parameter -Wno-unused-but-set-variable \
             -include tests/fuzz/names.h -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -I$(B)/int82/include
FUZZ_ASM  := -m32 -D__ASSEMBLY__ -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -I$(B)/int82/include
# Coverage counts only in the files under test: the hypervisor's, not the models beside them.
FUZZ_GUIDE := -fsanitize=fuzzer-no-link
FUZZ_LINK  := -m32 -no-pie -fsanitize=address,undefined,fuzzer -Wl,-T,tests/unit/mm.lds -Wl,-z,noexecstack

# These make choices and are not data: a comparison in them says nothing about the input.
FUZZ_WORLD    := $(addprefix tests/fuzz/,choices.c windows.c) $(addprefix tests/unit/,mm_world.c mm_calls.c mm_ops.c) xen/common/lib/string.c xen/common/lib/rangeset.c \
                 $(addprefix xen/arch/x86/,dev/device_access.c mm/frames.c mm/page_tables.c mm/linear_pt.c mm/refused.c mm/mmu_update.c mm/mmuext.c mm/descriptors.c) \
                 tests/unit/mm_gate.S xen/arch/x86/mm/l1_refs.S xen/arch/x86/mm/l2_refs.S $(addprefix xen/arch/x86/entry/tuned/,mmu_fast.S mmuext_fast.S)
fuzz_mm-SRCS  := tests/fuzz/fuzz_mm.c $(FUZZ_WORLD)
fuzz_mm-GUIDE := -fno-sanitize-coverage=trace-cmp
fuzz_mm-FLAGS := -Dpreempt_point=world_preempt_point -Dpause_point=world_pause_point # mm_calls.c's, below fuzz_mm.c's

fuzz_emulate-SRCS  := $(addprefix tests/fuzz/,fuzz_emulate.c emulate_machine.c emulate_guest.c) $(FUZZ_WORLD) \
    $(addprefix xen/arch/x86/,emulate/privop.c emulate/ports.c emulate/cpuid.c emulate/msr.c entry/hypercall_page.c emulate/decode.c emulate/insn.c emulate/seg.c emulate/ptwr.c)
# The fuzzer has its own versions of these two.
fuzz_emulate-FLAGS := $(fuzz_mm-FLAGS) -D__copy_from_guest=copy_from -D__copy_to_guest=copy_to

fuzz_elf-SRCS     := tests/fuzz/fuzz_elf.c xen/common/boot/elf.c xen/common/lib/string.c
fuzz_image-SRCS   := tests/fuzz/fuzz_image.c xen/common/boot/kernel_image.c xen/common/boot/inflate.c xen/common/lib/string.c
fuzz_rings-SRCS   := tests/fuzz/fuzz_rings.c $(addprefix xen/common/,events/served.c store/xenstore.c store/store_requests.c store/store_watches.c store/store_tree.c console/console_ring.c console/console.c lib/string.c console/printk.c console/log_ring.c)
fuzz_cmdline-SRCS := tests/fuzz/fuzz_cmdline.c xen/arch/x86/dev/uart_options.c $(addprefix xen/common/,boot/cmdline.c lib/string.c console/printk.c console/log_ring.c)
fuzz_cmdline-GUIDED := tests/fuzz/fuzz_cmdline.c # includes boot_domains.c

FUZZ_HEADERS := $(wildcard xen/include/*/*.h xen/arch/x86/*/*.h xen/common/*/*.h tests/unit/*.h tests/fuzz/*.h) $(B)/int82/include/asm/offsets.h \
                tests/fuzz/fuzz.mk

# $(1): source  $(2): target  $(3): flags of the build
fuzz_guided = $(if $(filter xen/% $(fuzz_$(2)-GUIDED),$(filter-out xen/common/lib/string.c,$(1))),$(FUZZ_GUIDE) $(fuzz_$(2)-GUIDE) $(3))
# $(1): source  $(2): target  $(3): directory  $(4): flags of the build
define fuzz_object
$(3)/$(2)/$(notdir $(1)).o: $(1) $$(FUZZ_HEADERS)
	@mkdir -p $$(@D)
	@$$(FUZZ_CC) $(if $(filter %.S,$(1)),$$(FUZZ_ASM),$$(FUZZ_XEN) $(call fuzz_guided,$(1),$(2),$(4)) $(if $(filter tests/unit/% xen/common/lib/string.c,$(1)),$(fuzz_$(2)-FLAGS))) -c -o $$@ $$<
endef

# $(1): target  $(2): directory  $(3): flags of the build
define fuzz_program
$(foreach s,$(fuzz_$(1)-SRCS),$(call fuzz_object,$(s),$(1),$(2),$(3))
)
$(2)/fuzz_$(1): $(foreach s,$(fuzz_$(1)-SRCS),$(2)/$(1)/$(notdir $(s)).o) $(2)/host.o tests/unit/mm.lds
	@echo "  FUZZ    $$@"
	@$$(FUZZ_CC) $$(FUZZ_LINK) $(3) -o $$@ $$(filter %.o,$$^)
endef

# $(1): directory  $(2): flags of the build
define fuzz_build
$(1)/host.o: tests/fuzz/host.c tests/fuzz/host.h tests/fuzz/fuzz.mk
	@mkdir -p $$(@D)
	@$$(FUZZ_CC) $$(FUZZ_BASE) -c -o $$@ $$<
$(foreach t,$(FUZZ_TARGETS),$(call fuzz_program,$(t),$(1),$(2))
)
# Built with the host's own word size, as Capstone's library is.
$(1)/fuzz_decode: tests/fuzz/fuzz_decode.c xen/arch/x86/emulate/decode.c xen/arch/x86/emulate/opcodes.h xen/include/asm/decode.h tests/fuzz/fuzz.mk
	@mkdir -p $$(@D)
	@echo "  FUZZ    $$@"
	@$$(FUZZ_CC) $$(filter-out -m32 -march=i686 -fno-pic,$$(FUZZ_BASE)) -fsanitize=fuzzer $(2) -Ixen/include -o $$@ tests/fuzz/fuzz_decode.c xen/arch/x86/emulate/decode.c -lcapstone
endef

$(eval $(call fuzz_build,$(B)/fuzz,))
$(eval $(call fuzz_build,$(B)/fuzz-cov,-fprofile-instr-generate -fcoverage-mapping))

.PHONY: fuzzers fuzzers-cov
fuzzers: $(FUZZ_ALL:%=$(B)/fuzz/fuzz_%)
fuzzers-cov: $(FUZZ_ALL:%=$(B)/fuzz-cov/fuzz_%)
