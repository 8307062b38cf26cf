#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# The fuzzer that knows the rules finds what is wrong: in hypervisors with a rule broken on purpose (tests/mutations) it
# fails, tells a sequence of few operations, and this sequence alone fails again.
. tests/lib.sh
need qemu-system-i386 patch

MUTATION_DIR=${CASE_TMP#"$PWD"/}/mutations
export MUTATION_DIR
check "the intact tree" tests/mutate.sh --base tuned

# MUTATION:SEED. A seed may find something that outlasts its sequence, which takes minutes to be made short from outside.
for finds in writable_table:1 whitelist_replace:1 foreign_frame_fast:1 pinned_twice:1 descriptor_dpl_0:2; do
    mutation=${finds%:*} seed=${finds#*:}
    hv=$(tests/mutate.sh --build "$mutation" 2>"$CASE_TMP/make") || { fail "$mutation" "$(tail -n 3 "$CASE_TMP/make")"; continue; }
    HYPERVISOR=$hv SEED="$seed" OPS=400000 JOBS=1 tools/fuzz.sh >"$CASE_TMP/$mutation" 2>&1 && { fail "$mutation" "not found"; continue; }
    again=$(sed -n 's/^fuzz: again: make fuzz SEED=[0-9]* SEQUENCE=\([0-9]*\) KEEP=\([0-9.]*\)$/\1 \2/p' "$CASE_TMP/$mutation" | tail -n 1)
    sequence=${again% *} keep=${again#* }
    length=$(echo "$keep" | tr . '\n' | grep -c .)
    if HYPERVISOR=$hv SEED="$seed" SEQUENCE=$sequence KEEP=$keep tools/fuzz.sh >"$CASE_TMP/$mutation.again" 2>&1; then
        tail -n 5 "$CASE_TMP/$mutation" "$CASE_TMP/$mutation.again"
        fail "$mutation" "sequence $sequence with $keep does not fail again"
    elif [ "$length" -gt 12 ] || [ "$length" = 0 ]; then
        fail "$mutation" "shrunk to $length operations only"
    else
        pass "$mutation: found in sequence $sequence, shrunk to $length operations"
    fi
done
