#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# The fuzzer that knows the rules finds what is wrong: in hypervisors with a rule broken on purpose (tests/mutations) it
# fails, tells a sequence of few operations, and this sequence alone fails again.
. tests/lib.sh
need qemu-system-i386 patch

MUTATION_DIR=${CASE_TMP#"$PWD"/}/mutations
export MUTATION_DIR
check "the intact tree" tests/mutate.sh --base tuned

for mutation in writable_table whitelist_replace foreign_frame_fast pinned_twice descriptor_dpl_0; do
    hv=$(tests/mutate.sh --build $mutation 2>"$CASE_TMP/make") || { fail "$mutation" "$(tail -n 3 "$CASE_TMP/make")"; continue; }
    HYPERVISOR=$hv SEED=1 OPS=400000 JOBS=1 tools/fuzz.sh >"$CASE_TMP/$mutation" 2>&1 && { fail "$mutation" "not found"; continue; }
    again=$(sed -n 's/^fuzz: again: make fuzz SEED=1 SEQUENCE=\([0-9]*\) KEEP=\([0-9.]*\)$/\1 \2/p' "$CASE_TMP/$mutation" | tail -n 1)
    sequence=${again% *} keep=${again#* }
    length=$(echo "$keep" | tr . '\n' | grep -c .)
    if HYPERVISOR=$hv SEED=1 SEQUENCE=$sequence KEEP=$keep tools/fuzz.sh >"$CASE_TMP/$mutation.again" 2>&1; then
        tail -n 5 "$CASE_TMP/$mutation" "$CASE_TMP/$mutation.again"
        fail "$mutation" "sequence $sequence with $keep does not fail again"
    elif [ "$length" -gt 12 ] || [ "$length" = 0 ]; then
        fail "$mutation" "shrunk to $length operations only"
    else
        pass "$mutation: found in sequence $sequence, shrunk to $length operations"
    fi
done
