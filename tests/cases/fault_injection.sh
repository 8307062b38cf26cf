#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 240
# Faults on purpose, in the build with counters, and the auditor looks at what is left. Every allocation of an operation
# fails once. Every long operation is suspended at each point where it can be, while a second vCPU works on the same
# things. A domain is destroyed at each of these points, and all it had must be free again. The test counts that the
# hypervisor really did so: it fails if an operation had no allocation or no such point.
. tests/lib.sh
need qemu-system-i386

for part in faults suspended victim; do
    CONSOLE=$CASE_TMP/$part
    check_status "$part: powered off" 0 run_qemu -t 100 -m 64 -k "$B/int82-counters.elf" -a "dom0_mem=32M dom0_max_vcpus=2" \
        "$B/guest/tests.elf" "only=${part}_*"
    grep '^@test [pfs]' "$CONSOLE"
    check_text "$part: none fails" "failed=0" "$CONSOLE"
    odd=$(grep '^@test skip' "$CONSOLE" | grep -v 'creates no domains')
    [ -z "$odd" ] && pass "$part: nothing else is skipped" || fail "$part: nothing else is skipped" "$odd"
done
check_text "victim: a decrease_reservation was stopped" "extents done when it made way" "$CASE_TMP/victim"
