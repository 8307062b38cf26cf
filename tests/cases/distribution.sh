#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls timed one by one (--distribution). Under TCG the histogram must agree with the loop's figure to the digit; the
# loop's figure must be the same as without; the picture is drawn.
. tests/lib.sh
need qemu-system-i386 gnuplot

rows='xen_version,mmu_map_rw/1,mmu_map_rw/512,batching_mmu_single/8,page_fault_iret'
check_status "measured" 0 "$BENCH" run --engine=tcg --out="$CASE_TMP" --label=single --rows="$rows" --distribution=2000
check_status "measured without" 0 "$BENCH" run --engine=tcg --out="$CASE_TMP" --label=plain --rows="$rows" --no-plot
check "the loops' figures are the same" "$BENCH" gate "$CASE_TMP/plain" "$CASE_TMP/single"
grep '^@int82 single' "$CASE_TMP/single/console.log" | tr -d '\r' >"$CASE_TMP/lines"
[ "$(wc -l <"$CASE_TMP/lines")" = 5 ] && pass "a histogram for each row" || fail "a histogram for each row" "$(cat "$CASE_TMP/lines")"
# name, batch, n, least
sed 's/@int82 single name=\([^ ]*\) batch=\([0-9]*\) n=\([0-9]*\) overhead=[0-9]* min=\([0-9]*\).*/\1 \2 \3 \4/' "$CASE_TMP/lines" |
    while read -r name batch n least; do
        row=$(grep "^$name,$batch," "$CASE_TMP/single/bench.csv" | cut -d, -f3)
        [ "$row" = "$least.00" ] && pass "$name/$batch: a call alone" || fail "$name/$batch: a call alone" "$least, not $row"
        [ "$n" -ge 1000 ] && pass "$name/$batch: enough calls" || fail "$name/$batch: enough calls" "$n"
    done
check_text "in the JSON" '"single_calls"' "$CASE_TMP/single/bench.json"
check_status "none without" 1 grep -q single_calls "$CASE_TMP/plain/bench.json"
for n in 0 10000001 many; do
    check_status "--distribution=$n" 2 "$BENCH" run --engine=tcg --distribution=$n
done
