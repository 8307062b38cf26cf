#!/bin/sh
# SPDX-License-Identifier: MIT
# README.md, PERFORMANCE.md and results/tables.md quote the committed results to the digit (make tables writes them, this
# never does); and the check that says so notices one changed digit, in a table, in the text and in a result.
. tests/lib.sh

check "the documents agree with the results" tools/performance-tables.sh --check

copy=$CASE_TMP/copy
mkdir -p "$copy/results/peers" "$copy/results/baseline" "$copy/results/baseline-plain" "$copy/results/baseline-growth"
cp -r tools "$copy"
cp results/peers/*.csv "$copy/results/peers"
for file in README.md PERFORMANCE.md results/tables.md results/baseline/bench.csv results/baseline-plain/bench.csv \
    results/baseline-growth/growth.csv; do
    cp "$file" "$copy/$file" || fail "$file" "is missing"
done
check "tables written anew in a copy" "$copy/tools/performance-tables.sh"
check_status "they agree there" 0 "$copy/tools/performance-tables.sh" --check

# disagrees NAME FILE SED-SCRIPT: with FILE changed in that way the check fails; then FILE is put back.
disagrees() {
    cp "$copy/$2" "$CASE_TMP/kept"
    sed -i "$3" "$copy/$2"
    if cmp -s "$copy/$2" "$CASE_TMP/kept"; then
        fail "$1" "the case changed nothing"
    else
        check_status "$1" 1 "$copy/tools/performance-tables.sh" --check
    fi
    cp "$CASE_TMP/kept" "$copy/$2"
}
disagrees "a digit in README's table" README.md '/^| `xen_version` | 1 |/s/| 94 |/| 95 |/'
disagrees "a digit in PERFORMANCE's table" PERFORMANCE.md '/^| `mmu_map_rw` | 512 |/s/512 | [0-9]*/&1/'
disagrees "a digit in the table of all rows" results/tables.md '/begin rows/,/end rows/{/^| `mmu_map_rw` | 512 |/s/229638/229639/}'
disagrees "a digit in the table of both entries" results/tables.md '/begin entry/,/end entry/{/^| `mmu_map_rw` | 512 |/s/512 | [0-9]*/&1/}'
disagrees "a figure in the text" PERFORMANCE.md 's|<!--= xen_version/1-->|&1|'
disagrees "a result" results/baseline/bench.csv 's/^page_fault_iret,1,/&1/'
disagrees "a peer" results/peers/xen-3.0.0-x86_32p.csv 's/^stack_switch,1,/&1/'
disagrees "a row that is gone" results/baseline/bench.csv '/^mmu_map_rw,512,/d'
disagrees "a figure that grows" results/baseline-growth/growth.csv 's/^\(timers,set_last,93,.*\)\.00$/\1.50/'
disagrees "the plain build" results/baseline-plain/bench.csv 's/^xen_version,1,/&1/'
