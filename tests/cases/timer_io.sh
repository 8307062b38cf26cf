#!/bin/sh
# SPDX-License-Identifier: MIT
# What a timer costs in accesses to devices, which are the dear part of it on a real machine: QEMU's log of them is counted
# while the bench's row timer_interrupt sets timers and takes their interrupts. Two runs differ only in the number of
# timers, so boot and all else are in both. The local APIC must need at most half of what the PIT and the 8259s need, the
# only ones that Int82 once knew. That something is counted at all is seen by the PIT's figure: three writes each time it
# is set.
. tests/lib.sh
need qemu-system-i386

TIMERS=16 # of one sample
MORE=20   # samples in the second run

# accesses "HYPERVISOR'S ARGUMENTS" SAMPLES FILE: to devices, but for the console's
accesses() {
    run_qemu -a "$1" -x "-trace memory_region_ops_read -trace memory_region_ops_write -D $CASE_TMP/log" \
        -i '' "$B/guest/bench.elf" "rows=timer_interrupt reps=$2" >"$CASE_TMP/out" || fail "$1" "status $?"
    grep -q '^@int82 end rows=1 errors=0' "$CASE_TMP/out" || fail "$1" "$(tail -n 3 "$CASE_TMP/out")"
    # Those of the processor: a device's own message to the APIC is none.
    sed -n "s/^memory_region_ops_[a-z]* cpu 0 .* name '\([^']*\)'.*/\1/p" "$CASE_TMP/log" | grep -v -e vga -e serial >"$3"
}

# measure "HYPERVISOR'S ARGUMENTS"; then, each NAME: accesses to it of one timer, in thousandths (all: '').
measure() {
    accesses "$1" 1 "$CASE_TMP/few"
    accesses "$1" $((1 + MORE)) "$CASE_TMP/many"
}
each() {
    few=$(grep -c -- "$1" "$CASE_TMP/few") many=$(grep -c -- "$1" "$CASE_TMP/many")
    echo $(((many - few) * 1000 / (MORE * TIMERS)))
}

measure "timer=pit noapic"
pit=$(each '')
[ "$(each '^pit$')" -ge 3000 ] && pass "the PIT is set by three writes" ||
    fail "the PIT is set by three writes" "$(each '^pit$') thousandths"
measure ""
apic=$(each '')
printf 'accesses of a timer, set and come, in thousandths: PIT and 8259s %s, local APIC %s\n' "$pit" "$apic"
[ "$apic" -ge 2000 ] && pass "the APIC's are counted: it is set and ended" || fail "the APIC's are counted" "$apic"
[ $((apic * 2)) -le "$pit" ] && pass "half as many" || fail "half as many" "$apic instead of $pit thousandths"
