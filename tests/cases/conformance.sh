#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# The conformance guest on the measured build, under TCG, with an initial ramdisk and a device that has MSI-X: every
# hypercall's good and bad uses.
. tests/lib.sh
need qemu-system-i386

printf 'INT82 RAMDISK' >"$CASE_TMP/ramdisk"
head -c 70000 /dev/zero >>"$CASE_TMP/ramdisk"
rc=0
run_qemu -t 350 -a "dom0_mem=64M" -i "$CASE_TMP/ramdisk" -x "-device virtio-rng-pci" "$B/guest/tests.elf" || rc=$?
echo
[ $rc = 0 ] && pass "powered off" || fail "powered off" "status $rc"
check_text "ran to its end" "@tests end passed=" "$CONSOLE"
# Only what this build really lacks may be skipped.
odd=$(grep '^@test skip' "$CONSOLE" | grep -v -e 'has no counters' -e ': this domain has them' -e ': this domain has it' -e 'injects no faults' -e 'creates no domains' -e 'does not check segment limits' -e 'may still grow' \
    -e 'there is no vCPU 1' -e 'no console ring' -e 'response_to_domain_0: takes long')
[ -z "$odd" ] && pass "nothing else is skipped" || fail "nothing else is skipped" "$odd"
