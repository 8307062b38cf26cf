#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# A domain 0 of two vCPUs on the one CPU: under TCG with both builds, and in Bochs, where the hypervisor runs on the data
# segments of whichever vCPU was last.
. tests/lib.sh
need qemu-system-i386

for build in int82 int82-counters; do
    CONSOLE=$CASE_TMP/$build
    check_status "$build: powered off" 0 run_qemu -t 60 -k "$B/$build.elf" -a "dom0_max_vcpus=2" "$B/guest/tests.elf" 'only=second_vcpu*'
    grep '^@test [pfs]' "$CONSOLE" | sed "s/second_vcpu/$build: second_vcpu/"
    check_text "$build: none is skipped" "failed=0 skipped=0" "$CONSOLE"
done
CONSOLE=$CASE_TMP/bad
check_status "bad numbers boot" 0 run_qemu -t 60 -a "dom0_max_vcpus=0 dom0_max_vcpus=9 dom0_max_vcpus=" "$B/guest/tests.elf" 'only=vcpu_is_up'
[ "$(grep -c 'Option dom0_max_vcpus: cannot make sense of' "$CONSOLE")" = 3 ] && pass "bad numbers are told" ||
    fail "bad numbers are told" "see above"

command -v bochs >/dev/null && command -v grub-mkrescue >/dev/null || exit 0
CONSOLE=$CASE_TMP/bochs
check "make the ISO" make_iso "$CASE_TMP/two.iso" "dom0_mem=32M dom0_max_vcpus=2" "$B/guest/tests.elf" 'only=second_vcpu*'
check_status "Bochs: powered off" 0 run_bochs -t 250 "$CASE_TMP/two.iso"
check_text "Bochs: none is skipped" "failed=0 skipped=0" "$CONSOLE"
