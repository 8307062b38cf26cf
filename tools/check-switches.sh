#!/bin/sh
# No function of the image lets other vCPUs run unless it says so (__may_switch, xen/lib.h): for whoever calls one that does
# not may rely on it that nothing changes meanwhile. Over the disassembly: so what the compiler has inlined counts, too.
#   - A function that calls or jumps to one that may switch must say so itself. The entry stubs, assembly, are the roots:
#     nothing of C's is under them.
#   - The address of one that may switch stands in tables alone, and whoever refers to such a table must say so.
# usage: tools/check-switches.sh IMAGE ASSEMBLY-OBJECT...
set -eu

image=${1:?usage: tools/check-switches.sh IMAGE ASSEMBLY-OBJECT...}
shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

nm -n "$image" >"$dir/symbols"
nm "$@" | awk 'NF == 3 && tolower($2) == "t" { print $3 }' >"$dir/stubs"
objdump -d --no-show-raw-insn "$image" >"$dir/code"
# Words of the tables, as "address word".
objdump -s -j .rodata -j .data "$image" | awk '
    /^ [0-9a-f]+ / {
        for (i = 2; i <= 5 && length($i) == 8; i++) {
            w = substr($i, 7, 2) substr($i, 5, 2) substr($i, 3, 2) substr($i, 1, 2)
            print $1, i - 2, w
        }
    }' >"$dir/words"

awk -v image="$image" '
    function wrong(text) { print "check-switches: " image ": " text; bad = 1 }
    function plain(name) { sub(/\.(cold|part|isra|constprop).*/, "", name); return name }
    FILENAME ~ /symbols$/ {
        if ($3 == "__start_may_switch") inside = 1
        else if ($3 == "__stop_may_switch") inside = 0
        else if (inside && tolower($2) == "t") { marked[$3]; address[$1] = $3; n++ }
        else if ($2 ~ /^[dDrRbB]$/) { data[++m] = $1; name_of[m] = $3 }
        next
    }
    FILENAME ~ /stubs$/ { stub[$1]; next }
    FILENAME ~ /words$/ {
        if (!($3 in address)) next
        at = $1
        # The table: the last symbol at or below; addresses have the same length, so text compares.
        lo = 1; hi = m
        while (lo < hi) { mid = int((lo + hi + 1) / 2); if (data[mid] <= at) lo = mid; else hi = mid - 1 }
        table[data[lo]] = name_of[lo]
        next
    }
    /^Disassembly of section/ { boot = /init\.text/; next } # before anybody else is there
    /^[0-9a-f]+ <.*>:$/ {
        f = substr($2, 2, length($2) - 3)
        base = plain(f)
        quiet = boot || base in marked || f in marked || f in stub || f == ".fixup" # which goes back to whoever faulted
        next
    }
    {
        line = $0
        if (!quiet && match(line, /(call|j[a-z]+) +[0-9a-f]+ <[^>]+>/)) {
            to = line
            sub(/.*</, "", to); sub(/[+>].*/, "", to)
            if ((to in marked || plain(to) in marked) && plain(to) != base) wrong(f " may switch, by " to ", and does not say so")
        }
        while (match(line, /0x[0-9a-f]+/)) {
            if (RLENGTH != 10) { line = substr(line, RSTART + RLENGTH); continue }
            a = substr(line, RSTART + 2, 8)
            before = substr(line, RSTART - 1, 1)
            line = substr(line, RSTART + RLENGTH)
            if (a in address && before == "$" && !(f in stub)) wrong(f " takes the address of " address[a])
            if (a in table && !quiet) wrong(f " may switch, by table " table[a] ", and does not say so")
        }
    }
    END {
        if (n < 10) wrong("only " n " functions may switch? The marks are not seen")
        exit bad
    }' "$dir/symbols" "$dir/stubs" "$dir/words" "$dir/code"
