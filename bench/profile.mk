# SPDX-License-Identifier: MIT
# The profiler: a QEMU plugin, and `make profile`, `make batching`, `make growth`, `make trace`.

PROFILE_SO := $(B)/int82-profile.so

$(PROFILE_SO): bench/plugin/profile.c bench/profile/insn.c bench/plugin/qemu.h bench/profile/insn.h bench/profile/opcodes.h bench/profile/events.def bench/profile.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -fPIC -shared -fvisibility=hidden -o $@ bench/plugin/profile.c bench/profile/insn.c

# A whole run of any guest.
GUEST_SO  := $(B)/int82-guest.so
GUEST_SRC := bench/plugin/guest.c bench/plugin/guest_tree.c bench/plugin/guest_entries.c bench/profile/insn.c

$(GUEST_SO): $(GUEST_SRC) bench/plugin/guest.h bench/plugin/qemu.h bench/profile/insn.h bench/profile/opcodes.h bench/profile/events.def bench/profile.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -fPIC -shared -fvisibility=hidden -o $@ $(GUEST_SRC)

# How long interrupts are off: for a test.
STRETCH_SO := $(B)/int82-stretch.so

$(STRETCH_SO): bench/plugin/stretch.c bench/plugin/qemu.h bench/profile.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -fPIC -shared -fvisibility=hidden -o $@ bench/plugin/stretch.c

bench-tools: $(PROFILE_SO) $(GUEST_SO) $(STRETCH_SO)

.PHONY: profile batching growth trace

# BENCH=row/batch, as `make bench` prints them. Everywhere else BENCH is the front end's path, so here it is written out.
# GUEST= instead, and what goes with it as in `make run`: the whole run of any guest. BASE= and HEAD=: two such profiles.
PROFILED = $(if $(GUEST),,$(if $(BASE)$(HEAD),--compare $(call quote,$(BASE)) $(call quote,$(HEAD)),$(if \
           $(filter command environment,$(firstword $(origin BENCH))),$(call quote,$(BENCH)))))
profile:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench profile $(call opt,--label,$(LABEL)) $(call opt,--engine,$(ENGINE)) $(call opt,--reps,$(REPS)) \
	    $(call opt,--hypervisor,$(HYPERVISOR)) $(call opt,--hv-args,$(HVARGS)) $(call opt,--symbols,$(SYMBOLS)) \
	    $(call opt,--guest,$(GUEST)) $(call opt,--guest-args,$(CMDLINE)) $(call opt,--initrd,$(INITRD)) \
	    $(call opt,--guest-symbols,$(GUESTSYMBOLS)) $(call opt,--memory,$(MEM)) $(call opt,--section,$(SECTION)) \
	    $(call opt,--costs,$(COSTS)) $(call opt,--timeout,$(TIMEOUT)) $(BENCHFLAGS) $(PROFILED) $(CODE)

# GUEST= and what goes with it as in `make run`; or CONSOLE=file, what an earlier run printed.
batching:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench batching $(call opt,--label,$(LABEL)) $(call opt,--console,$(CONSOLE)) $(call opt,--guest,$(GUEST)) \
	    $(call opt,--guest-args,$(CMDLINE)) $(call opt,--initrd,$(INITRD)) $(call opt,--hv-args,$(HVARGS)) \
	    $(call opt,--memory,$(MEM)) $(call opt,--hypervisor,$(HYPERVISOR)) $(BENCHFLAGS) $(CODE)

# The same, on the build with counters unless HYPERVISOR= says otherwise.
trace:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench trace $(call opt,--label,$(LABEL)) $(call opt,--guest,$(GUEST)) $(call opt,--guest-args,$(CMDLINE)) \
	    $(call opt,--initrd,$(INITRD)) $(call opt,--hv-args,$(HVARGS)) $(call opt,--memory,$(MEM)) \
	    $(call opt,--hypervisor,$(HYPERVISOR)) $(call opt,--calls,$(CALLS)) $(call opt,--lines,$(LINES)) \
	    $(call opt,--timeout,$(TIMEOUT)) $(BENCHFLAGS) $(CODE)

# What calls cost as something grows: docs/measuring.md.
growth:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(B)/int82-bench growth $(call opt,--label,$(LABEL)) $(call opt,--series,$(SERIES)) \
	    $(call opt,--hypervisor,$(HYPERVISOR)) $(call opt,--out,$(OUT)) $(BENCHFLAGS) $(CODE)
