#!/bin/sh
# SPDX-License-Identifier: MIT
# The histogram of a guest's batches: all batches are in it, and the picture is drawn.
# timeout: 120
. tests/lib.sh

out=$CASE_TMP/results
value() {
    sed -n "s/^$1,$2,//p" "$out/b/batching/batching.csv"
}

check "batching of the bench guest" "$BENCH" batching --guest="$B/guest/bench.elf" --guest-args='rows=mmu_same reps=1' \
    --out="$out" --label=b
batches=$(value batches '')
sum=$(sed -n 's/^batch_size,[0-9]*,//p' "$out/b/batching/batching.csv" | awk '{ n += $1 } END { print n }')
[ "${batches:-0}" -gt 0 ] && [ "$batches" = "$sum" ] && pass "every batch is in the histogram" ||
    fail "every batch is in the histogram" "$batches batches, $sum in the histogram"
# Three rounds of 512 entries in calls of one.
[ "$(value batch_size 1)" -ge 1536 ] && pass "single entries" || fail "single entries" "$(value batch_size 1)"
for file in batching.png batching.svg batching.txt; do
    [ -s "$out/b/batching/$file" ] && pass "$file" || fail "$file" "is missing"
done

printf '@int82 counter mmu_batches 3\n@int82 counter mmu_entries 9\n(XEN) int82 hist mmu_batch_size 1 1\r\n%s\n' \
    '(XEN) int82 hist mmu_batch_size 4 2' >"$CASE_TMP/console.txt"
check "of a captured console" "$BENCH" batching --console="$CASE_TMP/console.txt" --out="$out" --label=b
check_text "its mean" "3.00 a batch" "$out/b/batching/batching.txt"
check "as JSON" "$BENCH" batching --json --console="$CASE_TMP/console.txt" --out="$out" --label=b
check_text "as JSON: a counter" '"mmu_entries": 9' "$CASE_TMP/check.out"
check_text "as JSON: a size" '"4": 2' "$CASE_TMP/check.out"
echo "nothing" >"$CASE_TMP/console.txt"
check_status "a console without counters" 3 "$BENCH" batching --console="$CASE_TMP/console.txt" --out="$out"
check_status "no guest" 2 "$BENCH" batching
check_status "missing guest" 5 "$BENCH" batching --guest=/nosuch --out="$out"
check_status "a place that cannot be written" 3 "$BENCH" batching --guest="$B/guest/bench.elf" --out=/proc/nosuch
