#!/bin/sh
# SPDX-License-Identifier: MIT
# The tree against what was promised (bench/limits.txt: the best PAE release of Xen, row by row) and, exactly, against
# results/baseline. A baseline of another suite or compiler says nothing; then that half is skipped.
. tests/lib.sh
need qemu-system-i386

check_status "measured" 0 "$BENCH" run --engine=tcg --out="$CASE_TMP" --label=now --no-plot
check_status "limits" 0 "$BENCH" gate --limits=bench/limits.txt "$CASE_TMP/now"
cat "$CASE_TMP/check.out"
if [ ! -f results/baseline/bench.json ]; then
    echo "@test skip baseline: there is no results/baseline"
    exit 0
fi
about() {
    "$BENCH" show --about "$1" | sed -n "s/^$2: //p"
}
for key in suite hypervisor_cc; do
    if [ "$(about results/baseline $key)" != "$(about "$CASE_TMP/now" $key)" ]; then
        echo "@test skip baseline: its $key is another one: run make baseline"
        exit 0
    fi
done
check_status "baseline" 0 "$BENCH" gate results/baseline "$CASE_TMP/now"
cat "$CASE_TMP/check.out"
