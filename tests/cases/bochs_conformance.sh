#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 1200
# The whole conformance guest in Bochs: all hypercalls where segment limits are enforced, and the hypervisor runs on the
# guest's data segments.
. tests/lib.sh
need bochs grub-mkrescue

printf 'INT82 RAMDISK' >"$CASE_TMP/ramdisk"
check "make the ISO" make_iso "$CASE_TMP/tests.iso" "dom0_mem=32M" "$B/guest/tests.elf" '' "$CASE_TMP/ramdisk"
rc=0
run_bochs -t 1100 "$CASE_TMP/tests.iso" || rc=$?
echo
[ $rc = 0 ] && pass "powered off" || fail "powered off" "status $rc"
check_text "ran to its end" "@tests end passed=" "$CONSOLE"
