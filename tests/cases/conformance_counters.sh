#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# The conformance guest on the build with counters, which prove among other things the one flush of a batch.
. tests/lib.sh
need qemu-system-i386

rc=0
run_qemu -t 350 -k "$B/int82-counters.elf" -a "dom0_mem=64M" "$B/guest/tests.elf" || rc=$?
echo
[ $rc = 0 ] && pass "powered off" || fail "powered off" "status $rc"
check_text "ran to its end" "@tests end passed=" "$CONSOLE"
check_text "one flush for 512 updates" "@test pass counters_one_flush_a_batch" "$CONSOLE"
