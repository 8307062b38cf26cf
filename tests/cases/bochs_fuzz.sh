#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# Random hypercalls where segment limits are enforced and the data segments are the guest's.
. tests/lib.sh
need bochs grub-mkrescue

for seed in 1 2 3; do
    CONSOLE=$CASE_TMP/console.$seed
    check "seed $seed: make the ISO" make_iso "$CASE_TMP/fuzz.iso" "dom0_mem=32M" "$B/guest/tests.elf" "fuzz=$seed"
    rc=0
    run_bochs -t 60 "$CASE_TMP/fuzz.iso" >"$CASE_TMP/out" || rc=$?
    if [ $rc != 0 ] || grep -qiE 'BUG at|in the hypervisor|double fault' "$CONSOLE"; then
        tail -n 12 "$CONSOLE"
        fail "seed $seed" "status $rc"
    else
        check_text "seed $seed" "fuzz: " "$CONSOLE"
    fi
done
