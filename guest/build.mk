# SPDX-License-Identifier: MIT
# The guests: build/guest/<name>.elf. A guest is the library and the C and assembly files of one directory:
#   bench  guest/bench      tests  guest/tests      fuzz  guest/fuzz      duel  guest/duel
#   melee  guest/melee    growth guest/growth    <name>  guest/examples/<name>
# B, CC as in the top Makefile.

B            ?= build
GUEST_CC     ?= $(CC)
GUEST_CFLAGS ?= -O2 -g
GUEST_BASE   := -std=gnu11 -m32 -march=i686 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-strict-aliasing \
                -fno-asynchronous-unwind-tables -fcf-protection=none -fno-tree-loop-distribute-patterns \
                -mgeneral-regs-only -ffunction-sections -fdata-sections -Wall -Wextra -Werror
GUEST_INC    := -Ixen/include -Iguest/include
# The same file from any directory: paths in the debug information are relative.
GUEST_ALL    := $(GUEST_INC) $(GUEST_BASE) $(GUEST_CFLAGS) "-ffile-prefix-map=$(CURDIR)=."
GUEST_LD     := -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

GUEST_DIRS   := $(wildcard guest/bench guest/tests guest/fuzz guest/duel guest/melee guest/growth guest/examples/*)
GUESTS       := $(foreach d,$(GUEST_DIRS),$(if $(wildcard $(d)/*.c),$(d)))
GUEST_ELFS   := $(foreach d,$(GUESTS),$(B)/guest/$(notdir $(d)).elf)

guest_objs    = $(patsubst guest/%,$(B)/guest/obj/%.o,$(sort $(wildcard $(1)/*.c $(1)/*.S)))
GUEST_LIB    := $(call guest_objs,guest/lib)
GUEST_LIB    := $(filter-out %.lds.S.o,$(GUEST_LIB))

# What the benchmark says of itself. The revision is that of what makes up the suite, so that a change of the hypervisor
# does not look like one of the benchmark.
SUITE_PATHS    := guest/bench guest/lib guest/include guest/build.mk xen/include/public xen/include/xen/hypercalls.def
SUITE_REVISION ?= $(shell tools/revision.sh $(SUITE_PATHS))
SUITE_CC       := $(shell $(GUEST_CC) --version 2>/dev/null | head -n 1)

# Rewritten only when it changes, so that objects follow the compiler and its flags.
$(B)/guest/obj/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(GUEST_CC) $(SUITE_CC) $(GUEST_ALL)' > $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@

$(B)/guest/obj/suite.h: FORCE
	@mkdir -p $(@D)
	@{ echo '#define SUITE_REVISION "$(SUITE_REVISION)"'; echo '#define SUITE_CC "$(SUITE_CC)"'; \
	   echo '#define SUITE_CFLAGS "$(GUEST_BASE) $(GUEST_CFLAGS)"'; } > $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@

$(B)/guest/obj/%.c.o: guest/%.c $(B)/guest/obj/flags
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_ALL) -I$(B)/guest/obj -MMD -MP -c -o $@ $<

$(B)/guest/obj/%.S.o: guest/%.S $(B)/guest/obj/flags
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_ALL) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(B)/guest/obj/guest.lds: guest/lib/guest.lds.S
	@mkdir -p $(@D)
	$(GUEST_CC) -m32 -E -P -undef -x c -o $@ $<

define guest_elf
$(B)/guest/$(notdir $(1)).elf: $(call guest_objs,$(1)) $(GUEST_LIB) $(B)/guest/obj/guest.lds
	$(GUEST_CC) $$(GUEST_LD) -Wl,-T,$(B)/guest/obj/guest.lds -o $$@ $(GUEST_LIB) $(call guest_objs,$(1))
-include $(patsubst %.o,%.d,$(call guest_objs,$(1)))
endef
$(foreach d,$(GUESTS),$(eval $(call guest_elf,$(d))))
-include $(GUEST_LIB:.o=.d)

$(B)/guest/obj/bench/report.c.o: $(B)/guest/obj/suite.h

# The front end recognises a row by its code (bench/result/row_code.c): relocations tell it what is only an address.
$(B)/guest/bench.elf: GUEST_LD += -Wl,--emit-relocs

.PHONY: FORCE guests
FORCE:
guests: $(GUEST_ELFS)
