#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# Two domains at each other (guest/duel): each checks what it maps, is refused and keeps to itself, and the auditor looks
# at everything when both have ended. Once more in the build with counters, where an operation is suspended, and the other
# domain runs, at each point where that can be. FUZZ_OPS= and FUZZ_SEEDS= for more than CI does.
. tests/lib.sh
need qemu-system-i386

duel=$B/guest/duel.elf
total=0

# duel SEED HYPERVISOR "DOMAIN 0's MORE ARGUMENTS"
duel() {
    d_name="seed $1, $(basename "$2" .elf)" CONSOLE=$CASE_TMP/console.$1
    check_status "$d_name: ends well" 0 run_qemu -t 100 -m 128 -k "$2" -a "dom0_mem=24M domain=kernel=1,mem=24M domain=kernel=2,mem=24M" \
        -i "$duel peer=2 seed=$1 ops=${FUZZ_OPS:-60000},$duel peer=1 seed=$1 ops=${FUZZ_OPS:-60000}" \
        "$B/guest/idle.elf" "seconds=$((${FUZZ_OPS:-60000} / 15000)) audit $3"
    for d in 1 2; do
        check_text "$d_name: domain $d" "(d$d) duel: passed: ${FUZZ_OPS:-60000} operations, 0 errors" "$CONSOLE"
    done
    check_text "$d_name: the books are right" "audit: clean" "$CONSOLE"
    total=$((total + 2 * ${FUZZ_OPS:-60000}))
}

for seed in $(seq 1 "${FUZZ_SEEDS:-2}"); do
    duel "$seed" "$OUR_HYPERVISOR" ''
    duel "1$seed" "$B/int82-counters.elf" preempt
done
echo "$total operations"
# The run must have tested something: most kinds of operation succeeded, and were refused, at least once.
if grep -q 'done/refused:.* [a-z ]*0/\|done/refused:.*/0[,;]' "$CASE_TMP"/console.*; then
    fail "both outcomes of each kind" "$(grep done/refused "$CASE_TMP"/console.* | head -n 2)"
else
    pass "both outcomes of each kind"
fi
