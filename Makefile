# SPDX-License-Identifier: MIT
# Int82: `make bench` measures, `make test` tests, `make help` tells the rest.

B  ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
export LC_ALL := C.UTF-8

ifneq ($(words $(B)),1)
$(error B='$(B)': make cannot build in a path with blanks)
endif

# The front end, and a recursive make that runs once what it needs is installed.
BENCH    = $(B)/int82-bench
MAKESELF = $(MAKE) --no-print-directory

# $(call opt,--name,VALUE): the option when the value is not empty, quoted for the shell.
quote = '$(subst ','\'',$(1))'
opt   = $(if $(2),$(1)=$(call quote,$(2)))

# The front end's exit codes, which are documented, reach who called make: see tools/make-status.c. $(CODE) follows a
# command and notes its code; a build that fails is code 3.
STATUS_SO = $(B)/make-status.so
CODE      = || { code=$$?; mkdir -p '$(B)'; echo $$code >'$(B)/.status.'$$PPID; exit $$code; }
BUILT     = || { mkdir -p '$(B)'; echo 3 >'$(B)/.status.'$$PPID; exit 3; }
CODED     = bench baseline compare gate history profile batching growth trace native fuzz host-fuzz host-fuzz-coverage run debug iso test lint

ifneq ($(and $(filter $(CODED),$(MAKECMDGOALS)),$(filter load,$(.FEATURES))),)
-load $(STATUS_SO)(make_status_setup)
endif
$(STATUS_SO): tools/make-status.c
	@mkdir -p $(@D)
	@for cc in $(call quote,$(CC)) cc; do $$cc -O2 -shared -fPIC -o $@.tmp $< 2>/dev/null && mv $@.tmp $@ && break; done; :

.DEFAULT_GOAL := all
.PHONY: fuzz host-fuzz host-fuzz-coverage lint all build help deps bench report test run iso debug compare gate history baseline tables clean
.DELETE_ON_ERROR:

all:
	@tools/deps.sh build
	@$(MAKESELF) build

-include xen/build.mk guest/build.mk bench/build.mk bench/profile.mk bench/native.mk tests/build.mk

build: xen guests bench-tools

help:
	@echo "make                 build everything: $(B)/int82.elf, $(B)/int82-counters.elf, $(B)/guest/*.elf, $(B)/int82-bench"
	@echo "make bench           measure all hypercalls, print a table, write results/<label>/ with CSV, JSON and plots"
	@echo "                       LABEL=name  ROWS='mmu_*,xen_version/1'  REPS=n  ENGINE=auto|tcg|kvm  PIN=cpu  PEER=result.csv  OUT=dir"
	@echo "                       DISTRIBUTION=100000: so many calls of each row timed one by one, too: histogram and CDF"
	@echo "                       HYPERVISOR=/path/to/xen  HVARGS='its command line': the same guest on another hypervisor"
	@echo "make test            run all tests; TESTS='names' for some of them"
	@echo "make compare         BASE=<revision|result|tree> HEAD=<the same>  MAX_REGRESSION=percent  LIMITS=file  ROWS=..."
	@echo "                       BASE_MAKE='ENTRY=plain' HEAD_MAKE='CC=gcc-13': build options of each side"
	@echo "make gate            the working tree against results/baseline, exactly; fails when a row is worse"
	@echo "make report          one HTML file of RESULT= (results/baseline, with all peers): PEER='files'  BASE=result  OUT=file"
	@echo "make history         follow all rows, or ROWS=, over the results, or over REVISIONS=v1..v2"
	@echo "make profile         BENCH=mmu_map_rw/128: what this row executes, exactly: functions, lines, events, flame graph"
	@echo "                       GUEST=file [INITRD=] [CMDLINE=] [SECTION=n] [COSTS=result]: a whole run of any guest; BASE= HEAD=: two"
	@echo "make fuzz            random sequences of hypercalls against a model of the rules (docs/fuzzing.md): MINUTES=1 or OPS=,"
	@echo "                       SEED=1  JOBS=n; SEQUENCE= KEEP=: one sequence again, or some operations of it; ENGINE=tcg|kvm|auto"
	@echo "                       GUEST=melee: all vCPUs of a domain at once instead, on both builds, or on HYPERVISOR="
	@echo "make trace           GUEST=file: its hypercalls, one in a line (docs/debugging-a-guest.md): CALLS='mmu*,sched_op'  LINES=n"
	@echo "make native          ticks of hypercalls' bodies on this machine's processor, warm and cold, without the gate: LABEL= ROWS="
	@echo "                       REPS= PIN=cpu PEER=result; CHECK=1: only whether each call does what it must, also emulated"
	@echo "make batching        GUEST=file: histogram of its mmu_update batches (CONSOLE=file: of an earlier run)"
	@echo "make growth          what calls cost as memory, domains, event channels ... grow: SERIES='ports,domains'  LABEL=growth"
	@echo "make baseline        measure, replace results/baseline*, and the tables (commit them afterwards)"
	@echo "make tables          README.md's and PERFORMANCE.md's tables anew, from results/baseline* and results/peers;"
	@echo "                       and docs/hypercalls.md, from hypercalls.def"
	@echo "make host-fuzz       coverage-guided fuzzers on the host: TIME=seconds for each (60)  TARGET='mm elf ...'"
	@echo "make host-fuzz-coverage   what their corpora reach, file by file"
	@echo "make run             boot a guest: GUEST=file [INITRD=file] [CMDLINE=text] [HVARGS=text] [MEM=MiB] [ENGINE=tcg|kvm|auto]"
	@echo "make debug           the same under gdb, stopped before the first instruction"
	@echo "make iso             $(B)/int82-bench.iso: boots a PC or Bochs into the benchmark (GUEST=, CMDLINE=, HVARGS= as above)"
	@echo "make deps            install what all of this needs (Debian)"
	@echo "make lint            formatting, static analysis (clang-format, cppcheck, shellcheck), and who may use whom (tools/layers.txt)"
	@echo "make clean           remove $(B)/"
	@echo "$(BENCH) --help    the front end behind all this"

deps:
	@tools/deps.sh all

# ---- measuring ----------------------------------------------------------------------------------------------------

bench:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(BENCH) run $(call opt,--label,$(LABEL)) $(call opt,--rows,$(ROWS)) $(call opt,--reps,$(REPS)) \
	    $(call opt,--distribution,$(DISTRIBUTION)) \
	    $(call opt,--engine,$(ENGINE)) $(call opt,--pin,$(PIN)) $(call opt,--hypervisor,$(HYPERVISOR)) \
	    $(call opt,--hv-args,$(HVARGS)) $(foreach p,$(PEER),$(call opt,--peer,$(p))) \
	    $(call opt,--out,$(OUT)) $(BENCHFLAGS) $(CODE)

# The Xens with our interface, 3.0.0 and later, beside which results/baseline stands in pictures and in the report.
BASELINE_PEERS = results/peers/xen-3*.csv results/peers/xen-4.0.4*.csv results/peers/xen-4.2.5-x86_32.csv

baseline:
	+@$(MAKESELF) bench ENGINE=tcg LABEL=baseline.new PEER='$(wildcard $(BASELINE_PEERS))' BENCHFLAGS='--brief' $(CODE)
	+@$(MAKESELF) -s -f xen/build.mk CC='$(CC)' B='$(B)/plain' ENTRY=plain '$(B)/plain/int82.elf' $(BUILT)
	@$(BENCH) run --engine=tcg --hypervisor='$(B)/plain/int82.elf' --label=baseline-plain.new --brief --no-plot $(CODE)
	@rm -rf results/baseline && mv results/baseline.new results/baseline && rm -f results/baseline/console.log
	@rm -rf results/baseline-plain && mkdir results/baseline-plain && \
	    mv results/baseline-plain.new/bench.csv results/baseline-plain && rm -rf results/baseline-plain.new
	@$(MAKESELF) tables
	@echo "results/baseline, results/baseline-plain and the documents' tables are new: look at them, then commit them"

tables:
	@tools/performance-tables.sh
	@tools/hypercalls-doc.sh

compare:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(BENCH) compare $(call opt,--rows,$(ROWS)) $(call opt,--engine,$(ENGINE)) $(call opt,--rounds,$(ROUNDS)) \
	    $(call opt,--max-regression,$(MAX_REGRESSION)) $(call opt,--limits,$(LIMITS)) $(call opt,--pin,$(PIN)) \
	    $(call opt,--base-make,$(BASE_MAKE)) $(call opt,--head-make,$(HEAD_MAKE)) $(BENCHFLAGS) \
	    $(call quote,$(or $(BASE),HEAD)) $(call quote,$(or $(HEAD),tree)) $(CODE)

gate:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(BENCH) gate $(call opt,--rows,$(ROWS)) $(call opt,--max-regression,$(MAX_REGRESSION)) \
	    $(call opt,--limits,$(or $(LIMITS),$(wildcard bench/limits.txt))) $(BENCHFLAGS) \
	    $(call quote,$(or $(BASE),results/baseline)) $(call quote,$(or $(HEAD),tree)) $(CODE)

report:
	@tools/deps.sh build $(CODE)
	+@$(MAKESELF) -s bench-tools $(BUILT)
	@$(BENCH) report $(foreach p,$(or $(PEER),$(if $(RESULT),,$(wildcard $(BASELINE_PEERS)))),$(call opt,--peer,$(p))) \
	    $(call opt,--base,$(BASE)) $(call opt,--out,$(or $(OUT),$(if $(RESULT),,$(B)/report.html))) $(BENCHFLAGS) \
	    $(call quote,$(or $(RESULT),results/baseline)) $(CODE)

history:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(BENCH) history $(call opt,--rows,$(ROWS)) $(call opt,--revisions,$(REVISIONS)) $(BENCHFLAGS) $(CODE)

# ---- tests --------------------------------------------------------------------------------------------------------

# Tests build the tree and variants of it, again and again in copies: what has been compiled once is kept by ccache.
CACHED = PATH="/usr/lib/ccache:$$PATH" CCACHE_DIR='$(abspath $(B))/ccache' CCACHE_NOHASHDIR=1

test:
	@tools/deps.sh test $(CODE)
	+@$(CACHED) $(MAKESELF) -s $(if $(filter -j%,$(MAKEFLAGS)),,-j"$$(nproc)") build tests $(BUILT)
	@$(CACHED) tests/run $(TESTS) $(CODE)

host-fuzz:
	@tools/deps.sh fuzz $(CODE)
	@$(MAKESELF) -s -j2 fuzzers
	@tests/fuzz/run fuzz '$(or $(TIME),60)' $(or $(TARGET),$(FUZZ_ALL))

host-fuzz-coverage:
	@tools/deps.sh fuzz $(CODE)
	@$(MAKESELF) -s -j2 fuzzers-cov
	@tests/fuzz/run coverage $(or $(TARGET),$(FUZZ_ALL))

fuzz:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@B='$(B)' SEED='$(SEED)' MINUTES='$(MINUTES)' OPS='$(OPS)' JOBS='$(JOBS)' SEQUENCE='$(SEQUENCE)' KEEP='$(KEEP)' \
	    HYPERVISOR=$(call quote,$(HYPERVISOR)) GUESTARGS=$(call quote,$(GUESTARGS)) ENGINE='$(ENGINE)' \
	    tools/$(if $(filter melee,$(GUEST)),melee,fuzz).sh $(CODE)

# ---- one guest, by hand -------------------------------------------------------------------------------------------

RUN_ENV = B='$(B)' GUEST=$(call quote,$(GUEST)) INITRD=$(call quote,$(INITRD)) CMDLINE=$(call quote,$(CMDLINE)) \
          HVARGS=$(call quote,$(HVARGS)) MEM='$(MEM)' HYPERVISOR=$(call quote,$(HYPERVISOR)) ENGINE='$(ENGINE)'

run debug:
	@tools/deps.sh bench $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(RUN_ENV) tools/guest.sh $@ $(CODE)

iso:
	@tools/deps.sh test $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@$(RUN_ENV) tools/guest.sh iso $(CODE)

lint:
	@tools/deps.sh lint $(CODE)
	+@$(MAKESELF) -s build $(BUILT)
	@tools/lint.sh

clean:
	rm -rf $(B)
