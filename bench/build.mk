# SPDX-License-Identifier: MIT
# The host side: build/int82-bench and the engine probe it boots.

B             ?= build
HOST_CC       ?= $(CC)
HOST_CFLAGS   := -Ibench -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-missing-field-initializers
BENCH_SRC     := $(sort $(wildcard bench/*.c bench/lib/*.c bench/result/*.c bench/measure/*.c bench/view/*.c bench/profile/*.c bench/cmd/*.c))
BENCH_OBJ     := $(BENCH_SRC:bench/%.c=$(B)/bench/%.o)
# What the unit tests link: everything but main().
BENCH_LIB_OBJ := $(filter-out $(B)/bench/main.o,$(BENCH_OBJ))

$(B)/bench/%.o: bench/%.c bench/build.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/int82-bench: $(BENCH_OBJ)
	$(HOST_CC) -o $@ $^ -ljansson -lm

$(B)/bench/revision: FORCE
	@mkdir -p $(@D)
	@tools/revision.sh 2>/dev/null > $@.tmp
	@cmp -s $@.tmp $@ && rm $@.tmp || mv $@.tmp $@

$(B)/bench/main.o: $(B)/bench/revision xen/include/xen/version.h
$(B)/bench/main.o: private HOST_CFLAGS += -DINT82_REVISION='"$(shell tools/revision.sh 2>/dev/null)"'

# Time limits of tests.
$(B)/worklimit: tools/worklimit.c bench/lib/work.c bench/lib/work.h
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -o $@ tools/worklimit.c bench/lib/work.c

# Where the tree is, for a build directory elsewhere.
$(B)/tree: FORCE
	@mkdir -p $(@D)
	@echo "$(CURDIR)" | cmp -s - $@ || echo "$(CURDIR)" > $@

$(B)/probe.elf: bench/probe.S
	@mkdir -p $(@D)
	$(HOST_CC) -m32 -ffreestanding -fno-pic -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	    -Wl,-Ttext=0x100000 -Wl,-z,max-page-size=4096 -o $@ $<

# Assembled into it as they are.
$(B)/bench/view/report.o: bench/view/report.css bench/view/report.js

.PHONY: FORCE bench-tools
FORCE:
bench-tools: $(B)/int82-bench $(B)/probe.elf $(B)/worklimit $(B)/tree

-include $(BENCH_OBJ:.o=.d)
