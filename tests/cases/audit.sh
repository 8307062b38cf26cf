#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# The auditor finds what is wrong, and names it: the build with faults falsifies a reference count, a type's uses, a pin,
# an owner, a type and more, one at a time, and the audit must tell just that; mended, it must be content. (That it is
# content after every other test is said by the conformance guest itself.) The measured build has the auditor, too.
. tests/lib.sh
need qemu-system-i386

CONSOLE=$CASE_TMP/faults
check_status "powered off" 0 run_qemu -t 50 -k "$B/int82-counters.elf" "$B/guest/tests.elf" 'only=audit*'
grep '^@test [pfs]' "$CONSOLE"
check_text "none is skipped" "failed=0 skipped=0" "$CONSOLE"
check_text "the log names the frame" "(XEN) audit: frame" "$CONSOLE"
CONSOLE=$CASE_TMP/measured
check_status "measured build: powered off" 0 run_qemu -t 50 "$B/guest/tests.elf" 'only=audit_counts_everything,audit_arguments'
check_text "measured build: it has the auditor" "passed=2 failed=0 skipped=0" "$CONSOLE"
