#!/bin/sh
# timeout: 240
# Faults on purpose, in the build with counters, and the auditor looks at what is left. Every allocation of an operation
# fails once; every long operation is suspended at each point where it can be, while a second vCPU does things to what it
# is about. That the hypervisor really did so is counted: an operation with no allocation or point fails the test.
. tests/lib.sh
need qemu-system-i386

for part in faults suspended; do
    CONSOLE=$CASE_TMP/$part
    check_status "$part: powered off" 0 run_qemu -t 100 -m 64 -k "$B/int82-counters.elf" -a "dom0_mem=32M dom0_max_vcpus=2" \
        "$B/guest/tests.elf" "only=${part}_*"
    grep '^@test [pfs]' "$CONSOLE"
    check_text "$part: none is skipped" "failed=0 skipped=0" "$CONSOLE"
done
