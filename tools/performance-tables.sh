#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the tables and figures of README.md, PERFORMANCE.md and results/tables.md anew from the committed results: what
# stands between <!-- begin NAME --> and <!-- end NAME -->, and, inside a line, between <!--= KEY--> and <!--/-->. The
# functions table_* and value() in performance-tables.awk say which there are. With --check it writes nothing, and fails
# when a document is not what it would be.
# usage: tools/performance-tables.sh [--check]
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

set -- "${1:-}" src=int82 results/baseline/bench.csv src=plain results/baseline-plain/bench.csv \
    src=growth results/baseline-growth/growth.csv
for file in results/peers/xen-*.csv; do
    release=${file#results/peers/xen-}
    set -- "$@" "src=$(echo "${release%.csv}" | sed 's/-x86_32.*//')" "$file"
done
mode=$1
shift

rc=0
mkdir "$work/results"
for doc in README.md PERFORMANCE.md results/tables.md; do
    awk -F, -f tools/performance-tables.awk "$@" src=doc "$doc" >"$work/$doc"
    if [ "$mode" = --check ]; then
        diff -u "$doc" "$work/$doc" || rc=1
    else
        cat "$work/$doc" >"$doc"
    fi
done
exit $rc
