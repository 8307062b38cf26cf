# SPDX-License-Identifier: MIT
# int82-native: the very image in a 32-bit process, and `make native`. It knows the image's structures, so it belongs to
# this image alone, and knows it by its checksum.

B          ?= build
HOST_CC    ?= $(CC)
NATIVE     := $(B)/int82-native
NATIVE_SRC := $(sort $(wildcard bench/native/*.c bench/native/*.S))
NATIVE_HDR := bench/native/native.h $(wildcard xen/include/*/*.h) xen/common/grants/grants.h

$(NATIVE): $(NATIVE_SRC) $(NATIVE_HDR) $(B)/int82.elf bench/native.mk
	$(HOST_CC) -m32 -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers \
	    -fno-strict-aliasing -fcf-protection=none -fno-pic -no-pie -static -D__XEN__ -DCOUNTERS=0 -Ixen/include \
	    -I$(B)/int82/include -DIMAGE_CKSUM="$$(cksum <$(B)/int82.elf | cut -d' ' -f1)u" \
	    -DSUITE='"native-$(shell cat $(NATIVE_SRC) bench/native/native.h | sha256sum | cut -c1-12)"' -o $@ $(NATIVE_SRC)

build: $(NATIVE)

.PHONY: native build

native:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench native $(if $(CHECK),--check) $(call opt,--label,$(LABEL)) $(call opt,--rows,$(ROWS)) \
	    $(call opt,--reps,$(REPS)) $(call opt,--pin,$(PIN)) $(foreach p,$(PEER),$(call opt,--peer,$(p))) \
	    $(call opt,--out,$(OUT)) $(BENCHFLAGS) $(CODE)
