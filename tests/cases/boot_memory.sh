#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 250
# Sizes of memory, from 64 MiB to beyond the bound of 16 GiB, and what dom0_mem= makes of them. The tests that depend on frame
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

# Odd and large sizes. The host gives QEMU only the memory that is touched, which is less than 300 MiB.
# large MIB
large() {
    CONSOLE=$CASE_TMP/console.$1
    check_status "$1 MiB: powered off" 0 run_qemu -t 120 -m "$1" \
        -x "-machine memory-backend=ram -object memory-backend-ram,id=ram,size=${1}M,reserve=off" "$guest" 'only=start_of_day*'
    check_text "$1 MiB: ran to its end" " failed=0 " "$CONSOLE"
    grep '^@test fail' "$CONSOLE" | sed "s/^@test fail /@test fail $1 MiB: /"
}
large 5120
check_text "5120 MiB: all of it is used" "Memory: 5119 MiB, frames up to 180000" "$CONSOLE"
large 17408
check_text "17408 MiB: what is above 16 GiB is told" "RAM above 16384 MiB is not used: there is some up to 18432 MiB" "$CONSOLE"
check_text "17408 MiB: the rest is used" "Memory: 15359 MiB, frames up to 400000" "$CONSOLE"

# QEMU gives qemu32 more memory than its 32 address bits reach.
CONSOLE=$CASE_TMP/console.reach
check_status "RAM out of the processor's reach: powered off" 0 run_qemu -t 60 -m 4096 -c qemu32 \
    -x "-machine memory-backend=ram -object memory-backend-ram,id=ram,size=4096M,reserve=off" "$guest" 'only=start_of_day*'
check_text "RAM out of the processor's reach: ran to its end" " failed=0 " "$CONSOLE"
check_text "RAM out of the processor's reach: told" "RAM above 4096 MiB is not used" "$CONSOLE"

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
