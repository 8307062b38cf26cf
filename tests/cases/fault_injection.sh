#!/bin/sh
# timeout: 200
# Faults on purpose, in the build with counters: every allocation of an operation fails once, and the auditor looks at what
# is left. A domain 0 of two vCPUs.
. tests/lib.sh
need qemu-system-i386

check_status "powered off" 0 run_qemu -t 150 -k "$B/int82-counters.elf" -a "dom0_mem=64M dom0_max_vcpus=2" \
    "$B/guest/tests.elf" 'only=faults*'
grep '^@test [pfs]' "$CONSOLE"
check_text "none is skipped" "failed=0 skipped=0" "$CONSOLE"
