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

$(B)/probe.elf: bench/probe.S
	@mkdir -p $(@D)
	$(HOST_CC) -m32 -ffreestanding -fno-pic -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	    -Wl,-Ttext=0x100000 -Wl,-z,max-page-size=4096 -o $@ $<

.PHONY: bench-tools
bench-tools: $(B)/int82-bench $(B)/probe.elf

-include $(BENCH_OBJ:.o=.d)
