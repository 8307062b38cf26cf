#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 900
# Isolation by segment limits, in Bochs, which checks them. None of these tests may be skipped here: on a
# machine that checks no limits they would show nothing.
. tests/lib.sh
need bochs grub-mkrescue

check "make the ISO" make_iso "$CASE_TMP/isolation.iso" "dom0_mem=32M" "$B/guest/tests.elf" 'only=isolation*'
rc=0
run_bochs -t 800 "$CASE_TMP/isolation.iso" || rc=$?
echo
[ $rc = 0 ] && pass "powered off" || fail "powered off" "status $rc"
check_text "ran to its end" "@tests end passed=" "$CONSOLE"
[ "$(grep -c '^@test skip' "$CONSOLE")" = 0 ] && pass "nothing is skipped" || fail "nothing is skipped" "$(grep '^@test skip' "$CONSOLE")"
check_text "attempts were made" "attempts on the hypervisor's memory" "$CONSOLE"
