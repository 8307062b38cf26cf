#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# All vCPUs of a domain at once on a few frames, while domain 0 inspects, ends and rebuilds it (guest/melee,
# docs/fuzzing.md), on both builds; in the one with counters operations are suspended at their k-th point, and at each.
# FUZZ_OPS= and FUZZ_SEEDS= for more than CI does.
. tests/lib.sh
need qemu-system-i386

ops=${FUZZ_OPS:-100000}
total=0

# melee SEED HYPERVISOR
melee() {
    m_name="seed $1, $(basename "$2" .elf)" CONSOLE=$CASE_TMP/console.$1.$(basename "$2" .elf)
    check_status "$m_name: ends well" 0 run_qemu -t $((60 + ops / 500)) -m 64 -k "$2" -a dom0_mem=24M \
        "$B/guest/melee.elf" "seed=$1 ops=$ops"
    check_text "$m_name: nothing is wrong" "melee: passed" "$CONSOLE"
    check_text "$m_name: the books are right" "audit: clean" "$CONSOLE"
    total=$((total + $(sed -n 's/^melee: passed: \([0-9]*\) operations.*/\1/p' "$CONSOLE") + 0))
}

for seed in $(seq 1 "${FUZZ_SEEDS:-4}"); do
    melee "$seed" "$OUR_HYPERVISOR"
    melee "$seed" "$B/int82-counters.elf"
done
echo "$total operations"
check "some were suspended" grep -q ' PREEMPT [1-9]' "$CASE_TMP"/console.*.int82-counters

# The run must have tested something: each kind of operation succeeded and was refused. Some are never refused: a domain's
# own timers, what domain 0 may always do, and mere stores.
cat "$CASE_TMP"/console.* | tr -d '\r' | sed -n 's/.*done\/refused: //p' | tr ',' '\n' | tr '/' ' ' |
    awk '{done[$1] += $2; refused[$1] += $3}
         END {for (k in done) {
                  if (!done[k]) print k, "never succeeded"
                  if (!refused[k] && k !~ /^(PAUSE|WEIGHT|PREEMPT|AUDIT|REBUILD|NOTIFY|IRET|WATCH|FPU|MULTICALL)$/)
                      print k, "was never refused"}}' >"$CASE_TMP/one-sided"
check "both outcomes of each kind" test ! -s "$CASE_TMP/one-sided"
cat "$CASE_TMP/one-sided"
