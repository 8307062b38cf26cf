#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 250
# Sizes of memory, from 64 MiB to 4 GiB and beyond, and what dom0_mem= makes of them. The tests that depend on frame
# numbers run in each: above 4 GiB a frame's address needs more than 32 bits.
. tests/lib.sh
need qemu-system-i386

guest=$B/guest/tests.elf
for size in 64 96 256 1024 2048 3072 4096 6144; do
    CONSOLE=$CASE_TMP/console.$size
    rc=0
    run_qemu -t 100 -m $size "$guest" 'only=memory*,start_of_day*,mmu_update*,mmuext*' >"$CASE_TMP/out" || rc=$?
    [ $rc = 0 ] && pass "$size MiB: powered off" || fail "$size MiB: powered off" "status $rc"
    check_text "$size MiB: ran to its end" " failed=0 " "$CONSOLE"
    grep '^@test fail' "$CONSOLE" | sed "s/^@test fail /@test fail $size MiB: /"
done

# dom0_mem OPTION PAGES
dom0_mem() {
    CONSOLE=$CASE_TMP/console.dom0
    run_qemu -t 60 -m 256 -a "$1" "$guest" 'only=version_number' >"$CASE_TMP/out" || fail "$1" "status $?"
    check_text "$1" "Domain 0: $2 MiB" "$CONSOLE"
}
dom0_mem dom0_mem=64M 64
dom0_mem dom0_mem=100000K 97
dom0_mem dom0_mem=0x8000 32
dom0_mem dom0_mem=33554432B 32
dom0_mem dom0_mem=16M 16
CONSOLE=$CASE_TMP/console.much
check_status "dom0_mem= above what there is" 0 run_qemu -t 60 -m 128 -a "dom0_mem=1G" "$guest" 'only=version_number'
check_text "dom0_mem= above what there is: told" "are available" "$CONSOLE"
