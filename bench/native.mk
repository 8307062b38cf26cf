# SPDX-License-Identifier: MIT
# int82-native: the very image in a 32-bit process, and `make native`. It knows the image's structures, so it belongs to
# this image alone, and knows it by its checksum.

B          ?= build
HOST_CC    ?= $(CC)
NATIVE     := $(B)/int82-native
NATIVE_SRC := $(sort $(wildcard bench/native/*.c bench/native/*.S))
NATIVE_OBJ := $(NATIVE_SRC:bench/%=$(B)/%.o)
NATIVE_HDR := bench/native/native.h $(wildcard xen/include/*/*.h) xen/common/grants/grants.h
NATIVE_CFLAGS = -m32 -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers \
                -fno-strict-aliasing -fcf-protection=none -fno-pic -D__XEN__ -DCOUNTERS=0 -Ixen/include

# Behind the image, whose build says what is wrong with a compiler.
$(B)/native/%.o: bench/native/% $(NATIVE_HDR) bench/native.mk | $(B)/int82.elf
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(HOST_CC) $(NATIVE_CFLAGS) -c -o $@ $<

# The image that it belongs to; and what results are compared by.
$(B)/native/image.c.o $(B)/native/main.c.o: $(B)/int82.elf
$(B)/native/image.c.o $(B)/native/main.c.o: private NATIVE_CFLAGS += -DIMAGE_CKSUM="$$(cksum <$(B)/int82.elf | cut -d' ' -f1)u"
$(B)/native/measure.c.o: $(NATIVE_SRC)
$(B)/native/measure.c.o: private NATIVE_CFLAGS += -DSUITE='"native-$(shell cat $(NATIVE_SRC) bench/native/native.h | sha256sum | cut -c1-12)"'

$(NATIVE): $(NATIVE_OBJ)
	@echo "  LD      $@"
	@$(HOST_CC) -m32 -static -no-pie -o $@ $^

build: $(NATIVE)

.PHONY: native build

native:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench native $(if $(CHECK),--check) $(call opt,--label,$(LABEL)) $(call opt,--rows,$(ROWS)) \
	    $(call opt,--reps,$(REPS)) $(call opt,--pin,$(PIN)) $(foreach p,$(PEER),$(call opt,--peer,$(p))) \
	    $(call opt,--out,$(OUT)) $(BENCHFLAGS) $(CODE)
