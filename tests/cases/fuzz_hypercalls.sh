#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 280
# Random hypercalls (guest/tests/fuzz.c): they may end the guest, but not the hypervisor. Every third sequence is mostly
# about devices, of which the machine has two with MSI-X.
. tests/lib.sh
need qemu-system-i386

finished=0
for seed in $(seq 1 "${FUZZ_SEEDS:-12}"); do
    CONSOLE=$CASE_TMP/console.$seed
    hv=$OUR_HYPERVISOR
    [ $((seed % 4)) != 0 ] || hv=$B/int82-counters.elf
    devices='' machine=''
    [ $((seed % 3)) != 0 ] || devices=' fuzz_devices' machine='-machine q35 -device virtio-rng-pci -device e1000e'
    rc=0
    run_qemu -t 60 -k "$hv" -x "$machine" "$B/guest/tests.elf fuzz=$seed$devices" >"$CASE_TMP/out" || rc=$?
    if [ $rc != 0 ]; then
        tail -n 12 "$CONSOLE"
        fail "seed $seed" "status $rc"
    elif grep -qiE 'BUG at|in the hypervisor|double fault' "$CONSOLE"; then
        tail -n 12 "$CONSOLE"
        fail "seed $seed" "the hypervisor failed"
    elif ! grep -qE 'fuzz: done|crashed|Domain 0 (halted|shut)' "$CONSOLE"; then
        tail -n 12 "$CONSOLE"
        fail "seed $seed" "it ended without a reason"
    else
        pass "seed $seed"
    fi
    if grep -q 'fuzz: done' "$CONSOLE"; then finished=$((finished + 1)); fi
done
# Most sequences come to their end: otherwise few calls would be made.
[ $finished -ge $((${FUZZ_SEEDS:-12} / 2)) ] && pass "some run to their end ($finished)" || fail "some run to their end" "none"
