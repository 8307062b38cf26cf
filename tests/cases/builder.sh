#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# Domain 0 builds a second domain by domctl, runs it, and ends it, many times over (guest/examples/builder). The example
# compares the machine's free pages before and after each, so a page that destruction does not give back ends it; and the
# other domain's own words show that it really ran.
. tests/lib.sh
need qemu-system-i386

# runs NAME TIMES [HYPERVISOR]
runs() {
    rc=0
    run_qemu -t 50 -k "${3:-$OUR_HYPERVISOR}" -a "dom0_mem=64M" "$B/guest/builder.elf" "times=$2" || rc=$?
    [ $rc = 0 ] && pass "$1: powered off" || fail "$1: powered off" "status $rc"
    check_text "$1: every page came back" "Built and ended $2 domains of 1024 pages" "$CONSOLE"
    n=$(grep -c '^Hello from the other domain: 1024 pages' "$CONSOLE")
    [ "$n" = "$2" ] && pass "$1: each said hello" || fail "$1: each said hello" "$n of $2 did"
    n=$(grep -c '^The other domain has got its answer' "$CONSOLE")
    [ "$n" = "$2" ] && pass "$1: each got its answer" || fail "$1: each got its answer" "$n of $2 did"
}

runs "measured build" 40
runs "counters build" 5 "$B/int82-counters.elf"

# Too much memory is asked for: the example says so, and nothing of the half-made domain stays.
run_qemu -t 30 -a "dom0_mem=64M noreboot=no" "$B/guest/builder.elf" "pages=200000" >/dev/null
check_text "more memory than there is: an error" "build: error" "$CONSOLE"
