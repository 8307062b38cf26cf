#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# How long the hypervisor keeps interrupts off, and so the CPU from others: the longest stretch of each operation, in
# instructions, while guests do the worst they can (guest/tests/longest*.c, store.c), everything else that the conformance
# guest knows, end domains, and run at random. It must stay below the bound that docs/security.md states. A plugin of
# QEMU counts (bench/plugin/stretch.c), so the measurement changes nothing. That the plugin sees long stretches is shown by
# the auditor, which is exempt (INT82_OP_audit, docs/memory.md).
. tests/lib.sh
need qemu-system-i386 nm

bound=$(sed -n 's/^- \*\*Response\*\*:.* at most \([0-9 ]*\) instructions.*/\1/p' docs/security.md | tr -d ' ')
[ -n "$bound" ] && pass "docs/security.md states a bound: $bound" || fail "docs/security.md states a bound" "none"

audit='^[0-9]* [a-z0-9]* audit:'

# measured NAME "HYPERVISOR'S ARGUMENTS" GUEST [ARGUMENTS [MODULES [CPU]]]: into $CASE_TMP/NAME.stretches. Ends the case
# if one is too long: the other runs would not make it good, and mutations run this case often.
measured() {
    CONSOLE=$CASE_TMP/$1
    nm "$OUR_HYPERVISOR" >"$CASE_TMP/symbols"
    check_status "$1: powered off" 0 run_qemu -t 120 -m 128 -c "${6:-qemu64}" -a "$2" -i "${5:-}" \
        -x "-plugin $B/int82-stretch.so,out=$CASE_TMP/$1.stretches,symbols=$CASE_TMP/symbols" "$3" "$4"
    m_longest=$(grep -v "$audit" "$CASE_TMP/$1.stretches" | sort -rn | head -n 1)
    [ "${m_longest%% *}" -le "${bound:-0}" ] || { fail "$1: the longest stretch" "$m_longest"; exit 1; }
}

measured multicalls 'dom0_mem=64M dom0_max_vcpus=2' "$B/guest/tests.elf" 'only=longest_m*'
check_text "multicalls: none fails" " failed=0 " "$CASE_TMP/multicalls"
measured tests dom0_mem=64M "$B/guest/tests.elf" ''
check_text "tests: none fails" " failed=0 " "$CASE_TMP/tests"
measured fuzz 'dom0_mem=64M guest_loglvl=all' "$B/guest/fuzz.elf" 'seed=11 ops=20000'
check_text "fuzz: passed" "fuzz: passed" "$CASE_TMP/fuzz"
measured builder dom0_mem=48M "$B/guest/builder.elf" '' "$B/guest/hello.elf"
measured words guest_loglvl=all "$B/guest/refused.elf" flood=yes
# On a processor with L1TF: the absent entries of an ordinary domain's tables are checked, too.
measured domain 'dom0_mem=24M domain=kernel=1,mem=32M' "$B/guest/idle.elf" seconds=20 "$B/guest/tests.elf only=longest_*" Nehalem
if grep -q '@tests end passed=[1-9][0-9]* failed=0' "$CASE_TMP/domain"; then
    pass "domain: it ran the tests, and none fails"
else
    fail "domain: it ran the tests, and none fails" "$(grep -a '@tests end\|@test fail' "$CASE_TMP/domain")"
fi

# The longest of each operation, over all runs: where, and what most of it was spent in.
for run in tests multicalls fuzz builder words domain; do
    sed "s/^\([0-9]*\) [0-9]* /\1 $run /" "$CASE_TMP/$run.stretches"
done | sort -rn | awk '!seen[$3]++' >"$CASE_TMP/longest"
cat "$CASE_TMP/longest"

longest=$(grep -v "$audit" "$CASE_TMP/longest" | head -n 1)
[ "${longest%% *}" -le "${bound:-0}" ] && pass "the longest stretch: $longest" || fail "the longest stretch" "$longest"
[ "$(grep -c . "$CASE_TMP/longest")" -gt 20 ] && pass "most operations were seen" || fail "most operations were seen"
seen=$(grep "$audit" "$CASE_TMP/longest")
[ "${seen%% *}" -gt "${bound:-0}" ] && pass "long ones are seen" || fail "long ones are seen" "the auditor's: $seen"
