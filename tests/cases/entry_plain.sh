#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 900
# The other entry path (make ENTRY=plain): the whole conformance guest under TCG and, where segment limits are enforced,
# in Bochs; and the benchmark's own checks of every effect. Both paths are one hypervisor.
. tests/lib.sh
need qemu-system-i386 bochs grub-mkrescue

plain=$B/plain
check "build" make -s --no-print-directory -f xen/build.mk CC="${CC:-gcc}" B="$plain" ENTRY=plain "$plain/int82.elf"

rc=0
run_qemu -t 300 -k "$plain/int82.elf" -a "dom0_mem=64M" "$B/guest/tests.elf" || rc=$?
echo
[ $rc = 0 ] && pass "conformance: powered off" || fail "conformance: powered off" "status $rc"
check_text "conformance: ran to its end" "@tests end passed=" "$CONSOLE"

run_qemu -t 100 -k "$plain/int82.elf" "$B/guest/bench.elf" >/dev/null
check_text "benchmark: no effect is missing" "errors=0" "$CONSOLE"
check "benchmark: it is the slow one" awk -F'[= ,]' '
    /name=xen_version batch=1 / { for (i = 1; i < NF; i++) { if ($i == "calls") c = $(i + 1)
        if ($i == "empty") e = $(i + 1); if ($i == "samples") s = $(i + 1) } }
    END { exit !((s - e) / c > 50) }' "$CONSOLE"

check "make the ISO" make_iso "$CASE_TMP/plain.iso" "dom0_mem=32M" "$B/guest/tests.elf" '' '' "$plain/int82.elf"
rc=0
run_bochs -t 500 "$CASE_TMP/plain.iso" || rc=$?
echo
[ $rc = 0 ] && pass "Bochs: powered off" || fail "Bochs: powered off" "status $rc"
check_text "Bochs: ran to its end" "@tests end passed=" "$CONSOLE"
