# SPDX-License-Identifier: MIT
# The hypervisor. Two builds of one source: build/int82.elf is what is measured; build/int82-counters.elf counts.
# Options: ENTRY=tuned|plain (docs/entry-path.md), XEN_CFLAGS= for experiments.

B            ?= build
ENTRY        ?= tuned
XEN_CC       ?= $(CC)
XEN_REV      := $(shell tools/revision.sh)
XEN_CC_IS    := $(shell $(XEN_CC) --version 2>/dev/null | head -n 1)
FONT         ?= /usr/share/consolefonts/spleen-8x16.psfu.gz
XEN_BUILDS   := int82 int82-counters

XEN_CPPFLAGS := -Ixen/include -D__XEN__
XEN_BASE     := -std=gnu11 -m32 -march=i686 -mtune=generic -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wdeclaration-after-statement \
                -ffreestanding -fno-pic -fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables \
                -fcf-protection=none -fno-common -mregparm=3 -mgeneral-regs-only -mpreferred-stack-boundary=2 \
                -fomit-frame-pointer -mstringop-strategy=libcall -fno-jump-tables -fno-tree-loop-distribute-patterns
# Jump tables and string instructions would read through DS and ES: tools/ss-data.awk.

XEN_C   := $(sort $(wildcard xen/arch/x86/*/*.c xen/arch/x86/entry/$(ENTRY)/*.c xen/common/*/*.c))
XEN_S   := $(sort $(filter-out %.lds.S,$(wildcard xen/arch/x86/*/*.S xen/arch/x86/entry/$(ENTRY)/*.S)))
# What guests enter by; of the assembly, l1_refs.S and l2_refs.S alone are called from C.
XEN_STUBS := $(filter-out %/l1_refs.S %/l2_refs.S,$(XEN_S))
ifeq ($(wildcard xen/arch/x86/entry/$(ENTRY)/entry.S),)
$(error ENTRY=$(ENTRY): no such entry path. There are: $(filter-out offsets,$(patsubst xen/arch/x86/entry/%/,%,$(wildcard xen/arch/x86/entry/*/))))
endif

int82-FLAGS          := -DCOUNTERS=0
int82-counters-FLAGS := -DCOUNTERS=1

$(FONT):
	@echo 'the font $@ is missing: run make deps, or give FONT=, a gzipped PSF 1 font, 8 pixels wide' >&2; exit 1

# $(1): build
define xen_build
$(1)-OBJS := $$(XEN_C:xen/%.c=$(B)/$(1)/%.o) $$(XEN_S:xen/%.S=$(B)/$(1)/%.o)
$(1)-ALL  := $$(XEN_CPPFLAGS) -I$(B)/$(1)/include $$($(1)-FLAGS) $$(XEN_BASE) $$(XEN_CFLAGS)

# Rebuild everything when the compiler or its flags change. Clang writes another assembly than tools/ss-data.awk reads.
$(B)/$(1)/flags: FORCE
	@case '$$(XEN_CC_IS)' in \
	    '') echo 'CC=$$(XEN_CC) does not run' >&2; exit 1 ;; \
	    *clang*) echo 'CC=$$(XEN_CC) is clang: the hypervisor needs GCC' >&2; exit 1 ;; \
	esac
	@mkdir -p $$(@D)
	@echo '$$(XEN_CC) $$($(1)-ALL) ENTRY=$$(ENTRY) ($$(XEN_CC_IS))' > $$@.tmp
	@cmp -s $$@.tmp $$@ && rm $$@.tmp || mv $$@.tmp $$@

$(B)/$(1)/revision: FORCE
	@mkdir -p $$(@D)
	@echo '$$(XEN_REV)' | cmp -s - $$@ || echo '$$(XEN_REV)' > $$@

# It stands in one object only, so that a commit does not rebuild the rest.
$(B)/$(1)/common/control/version.o: $(B)/$(1)/revision
$(B)/$(1)/common/control/version.o: private $(1)-ALL += -DXEN_REV='"$(XEN_REV)"'

$(B)/$(1)/include/asm/offsets.h: xen/arch/x86/entry/offsets/asm-offsets.c $(B)/$(1)/flags $$(wildcard xen/include/*/*.h xen/include/*/*.def)
	@mkdir -p $$(@D)
	@$$(XEN_CC) $$($(1)-ALL) -S -o $$@.s $$<
	@sed -n 's/^[^"]*"->\([A-Za-z0-9_]*\) \$$$$*\(-*[0-9]*\).*/#define \1 \2/p' $$@.s > $$@

# The screen's font: 8 by 16, Spleen (BSD 2-clause).
$(B)/$(1)/include/asm/glyphs.h: tools/psf2c.c $(FONT)
	@mkdir -p $$(@D)
	@$$(CC) -O1 -Wall -Wextra -o $(B)/$(1)/psf2c tools/psf2c.c
	@zcat $(FONT) | $(B)/$(1)/psf2c > $$@.tmp && mv $$@.tmp $$@
$(B)/$(1)/arch/x86/dev/screen.o: $(B)/$(1)/include/asm/glyphs.h

$(B)/$(1)/%.o: xen/%.c tools/ss-data.awk $(B)/$(1)/flags $(B)/$(1)/include/asm/offsets.h
	@mkdir -p $$(@D)
	@echo "  CC      $$@"
	@$$(XEN_CC) $$($(1)-ALL) -MMD -MP -MT $$@ -MF $$(@:.o=.d) -S -o $$(@:.o=.raw.s) $$<
	@awk -f tools/ss-data.awk $$(@:.o=.raw.s) > $$(@:.o=.s)
	@$$(XEN_CC) -m32 -c -o $$@ $$(@:.o=.s)

$(B)/$(1)/%.o: xen/%.S $(B)/$(1)/flags $(B)/$(1)/include/asm/offsets.h
	@mkdir -p $$(@D)
	@echo "  AS      $$@"
	@$$(XEN_CC) $$($(1)-ALL) -D__ASSEMBLY__ -MMD -MP -MT $$@ -MF $$(@:.o=.d) -c -o $$@ $$<

$(B)/$(1).elf: xen/arch/x86/boot/xen.lds.S xen/include/public/int82_counters.def $$($(1)-OBJS) tools/check-segments.sh tools/check-switches.sh
	@echo "  LD      $$@"
	@$$(XEN_CC) $$(XEN_CPPFLAGS) $$($(1)-FLAGS) -D__ASSEMBLY__ -E -P -o $(B)/$(1)/xen.lds $$<
	@$$(XEN_CC) -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments \
	    -Wl,-T,$(B)/$(1)/xen.lds -o $$@.tmp $$($(1)-OBJS)
	@tools/check-segments.sh $$@.tmp
	@tools/check-switches.sh $$@.tmp $$(XEN_STUBS:xen/%.S=$(B)/$(1)/%.o)
	@mv $$@.tmp $$@

-include $$($(1)-OBJS:.o=.d)
endef
$(foreach b,$(XEN_BUILDS),$(eval $(call xen_build,$(b))))

.PHONY: FORCE xen
FORCE:
xen: $(XEN_BUILDS:%=$(B)/%.elf)
