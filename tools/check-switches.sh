#!/bin/sh
# SPDX-License-Identifier: MIT
# No function of the image lets other vCPUs run unless it is marked (__may_switch, xen/lib.h): a caller of a function
# without the mark may rely on it that nothing changes in the meantime. This reads the disassembly, so what the compiler
# has inlined counts as well.
#   - A function that calls or jumps to a marked one must be marked itself. The entry stubs, which are assembly, need no
#     mark: no C function calls them.
#   - A function that calls through a pointer must be marked, too, unless it is known which functions it may call that
#     way: `harmless` below.
#   - The address of a marked function stands only in `tables`, and none of the harmless functions call through those.
# usage: tools/check-switches.sh IMAGE ASSEMBLY-OBJECT...
set -eu

image=${1:?usage: tools/check-switches.sh IMAGE ASSEMBLY-OBJECT...}
shift
# Loaders of guests, which boot alone uses; requests to a store; a service's stop(); the auditor's look at timers; timers; stores to page tables; interrupts; the hardware's timer, and counters to calibrate it.
harmless="elf_load answer key_request answer_request end_services audit_timers run_timers any_store mask_irq unmask_irq handle_irq start_hardware stop_hardware at_edge measure_span"
# dom0_op, domctl, sysctl, privileged instructions; debug keys; services; hypercalls.
tables="operations keys console_service store_service hypervisor_call_table multicall_table"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

nm -n "$image" >"$dir/symbols"
nm --quiet "$@" | awk 'NF == 3 && tolower($2) == "t" { print $3 }' >"$dir/stubs"
objdump -d --no-show-raw-insn "$image" >"$dir/code"
# Words of the tables, as "address word".
objdump -s -j .rodata -j .data "$image" | awk '
    /^ [0-9a-f]+ / {
        for (i = 2; i <= 5 && length($i) == 8; i++) {
            w = substr($i, 7, 2) substr($i, 5, 2) substr($i, 3, 2) substr($i, 1, 2)
            print $1, i - 2, w
        }
    }' >"$dir/words"

awk -v image="$image" -v harmless="$harmless" -v tables="$tables" '
    BEGIN {
        split(harmless, list); for (i in list) may_call[list[i]]
        split(tables, list); for (i in list) may_hold[list[i]]
    }
    function wrong(text) { print "check-switches: " image ": " text; bad = 1 }
    function plain(name) { sub(/\.(cold|part|isra|constprop).*/, "", name); return name }
    # Addresses have the same length, so they can be compared as text.
    function marked(at) { return at >= start && at < stop }
    FILENAME ~ /symbols$/ {
        if ($3 == "__start_may_switch") start = $1
        else if ($3 == "__stop_may_switch") stop = $1
        else if (start != "" && stop == "" && tolower($2) == "t") { address[$1] = $3; says[$3]; n++ }
        else if ($2 ~ /^[dDrRbB]$/) { data[++m] = $1; name_of[m] = $3 }
        if (tolower($2) == "t") many[$3]++
        next
    }
    FILENAME ~ /stubs$/ { if (many[$1] == 1) stub[$1]; next }
    FILENAME ~ /words$/ {
        if (!($3 in address)) next
        lo = 1; hi = m # the table: the last symbol at or below
        while (lo < hi) { mid = int((lo + hi + 1) / 2); if (data[mid] <= $1) lo = mid; else hi = mid - 1 }
        if (!(name_of[lo] in may_hold)) wrong(name_of[lo] " holds the address of " address[$3] ": is it called from where nobody may switch?")
        next
    }
    /^Disassembly of section/ { boot = /init\.text|\.boot/; next } # before other vCPUs exist
    /^[0-9a-f]+ <.*>:$/ {
        f = substr($2, 2, length($2) - 3)
        # A cold part belongs to its function; a fix-up goes back to the code that faulted.
        quiet = boot || marked($1) || f in stub || f == ".fixup" || (f ~ /\.cold/ && plain(f) in says)
        next
    }
    {
        line = $0
        if (!quiet && match(line, /(call|j[a-z]+) +[0-9a-f]+ </)) {
            to = substr(line, RSTART, RLENGTH)
            sub(/^[a-z]+ +/, "", to); sub(/ <$/, "", to)
            name = line
            sub(/.*</, "", name); sub(/[+>].*/, "", name)
            if (marked(to)) wrong(f " may switch, by " name ", and does not say so")
        }
        if (!quiet && line ~ /(call|jmp) +\*/ && !(f in may_call)) wrong(f " calls by a pointer, and does not say that it may switch")
        while (match(line, /0x[0-9a-f]+/)) {
            a = substr(line, RSTART + 2, 8)
            before = substr(line, RSTART - 1, 1)
            size = RLENGTH
            line = substr(line, RSTART + RLENGTH)
            if (size != 10) continue
            if (a in address && before == "$" && !(f in stub)) wrong(f " takes the address of " address[a])
        }
    }
    END {
        if (n < 10) wrong("only " n " functions may switch? The marks are not seen")
        exit bad
    }' "$dir/symbols" "$dir/stubs" "$dir/words" "$dir/code"
