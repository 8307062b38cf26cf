#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the table of docs/security.md that names each rule's mutations, from tests/mutations. With --check it writes
# nothing and fails when the table is not what it would be.
# usage: tools/mutations-doc.sh [--check]
set -eu
cd "$(dirname "$0")/.."
doc=docs/security.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

{
    sed '/^<!-- begin mutations -->$/q' "$doc"
    printf '| rule | its mutations |\n|---|---|\n'
    grep -H '^# rule: ' tests/mutations/*.patch | sed 's,^[^:]*/\(.*\)\.patch:# rule: *\(.*\)$,\2 \1,' | LC_ALL=C sort |
        awk '$1 != rule { if (rule != "") print " |"; printf "| `%s` | ", rule = $1; comma = "" }
             { printf "%s`%s`", comma, $2; comma = ", " }
             END { print " |" }'
    sed -n '/^<!-- end mutations -->$/,$p' "$doc"
} >"$work/page"

if [ "${1:-}" = --check ]; then
    diff -u "$doc" "$work/page" && exit 0
    echo "$doc is not what tests/mutations has: run tools/mutations-doc.sh" >&2
    exit 1
fi
cp "$work/page" "$doc"
