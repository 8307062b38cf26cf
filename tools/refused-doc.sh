#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the table of rules in docs/debugging-a-guest.md, from xen/include/xen/refused.def. Fails when a rule is never
# used. With --check it writes nothing and fails when the table is not what it would be.
# usage: tools/refused-doc.sh [--check]
set -eu
cd "$(dirname "$0")/.."
doc=docs/debugging-a-guest.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep -rhoE '(REFUSED_|BECAUSE\()[a-z0-9_]+' --include='*.[ch]' xen/arch xen/common | sed 's/REFUSED_//; s/BECAUSE(//' |
    sort -u >"$work/used"

# A REFUSAL() may go over several lines.
awk '
    FILENAME ~ /used$/ { used[$1] = 1; next }
    /^REFUSAL\(/ { text = "" }
    /^REFUSAL\(/ || text != "" {
        line = $0
        sub(/^ +/, "", line)
        text = text (text == "" ? "" : " ") line
        if (line !~ /"\)$/) next
        if (split(text, part, "\"") != 7) {
            print "refused-doc: cannot make sense of " text > "/dev/stderr"
            exit 1
        }
        name = part[1]
        gsub(/^REFUSAL\(|, *$/, "", name)
        if (!(name in used)) {
            print "refused-doc: nothing is refused by the rule " name > "/dev/stderr"
            exit 1
        }
        printf "| `%s` | %s | %s | %s |\n", name, part[4], part[2], part[6]
        text = ""
        rules++
    }
    END { if (!rules) exit 1 }
' "$work/used" xen/include/xen/refused.def >"$work/table"

{
    sed '/^<!-- begin rules -->$/q' "$doc"
    printf '| rule | what was refused | the number | what to look for |\n|---|---|---|---|\n'
    cat "$work/table"
    sed -n '/^<!-- end rules -->$/,$p' "$doc"
} >"$work/page"

if [ "${1:-}" = --check ]; then
    diff -u "$doc" "$work/page" && exit 0
    echo "$doc is not what refused.def says: run tools/refused-doc.sh" >&2
    exit 1
fi
cp "$work/page" "$doc"
