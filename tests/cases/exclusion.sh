#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# One operation on a domain's memory at a time (docs/concurrency.md): domain 0 with two vCPUs, and a second domain, in both
# builds. Only the one with counters can force switches, which one of the tests needs.
. tests/lib.sh
need qemu-system-i386

for build in "$OUR_HYPERVISOR" "$B/int82-counters.elf"; do
    name=$(basename "$build" .elf)
    CONSOLE=$CASE_TMP/$name
    check_status "$name: powered off" 0 run_qemu -t 50 -m 128 -k "$build" -a "dom0_mem=48M dom0_max_vcpus=2" \
        "$B/guest/tests.elf" 'only=exclusion_*'
    grep '^@test [pfs]' "$CONSOLE" | sed "s/exclusion_/$name: exclusion_/"
    check_text "$name: none fails" "failed=0" "$CONSOLE"
    odd=$(grep '^@test skip' "$CONSOLE" | grep -v 'injects no faults')
    [ -z "$odd" ] && pass "$name: nothing else is skipped" || fail "$name: nothing else is skipped" "$odd"
done
