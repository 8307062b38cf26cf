#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes docs/hypercalls.md: hypercalls.def as a page, with each call's prototype (hypercall.h) and where it is made.
# With --check it writes nothing and fails when the page is not what it would be.
# usage: tools/hypercalls-doc.sh [--check]
set -eu
cd "$(dirname "$0")/.."
doc=docs/hypercalls.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where a call is made: "name file" for each do_<name>() of C and each hypercall_<name> of the tuned entry's assembly.
{
    grep -n '^long do_[a-z0-9_]*(' xen/common/*/*.c xen/arch/x86/*/*.c |
        sed 's/^\([^:]*\):[0-9]*:long do_\([a-z0-9_]*\)(.*/\2 \1/'
    grep -n '^ENTRY(hypercall_[a-z0-9_]*)' xen/arch/x86/entry/tuned/*.S |
        sed 's/^\([^:]*\):[0-9]*:ENTRY(hypercall_\([a-z0-9_]*\)).*/\2 \1/'
} | sort -u >"$work/places"

awk '
    FILENAME ~ /places$/ { place[$1] = place[$1] (place[$1] == "" ? "" : ", ") "`" $2 "`"; next }

    # A prototype may go over several lines.
    FILENAME ~ /hypercall\.h$/ {
        if (/^(__may_switch )?long do_/) text = ""
        else if (text == "") next
        text = text (text == "" ? "" : " ") $0
        if (!/;/) next
        gsub(/ +/, " ", text)
        name = text
        sub(/^(__may_switch )?long do_/, "", name)
        sub(/\(.*/, "", name)
        sub(/^[^(]*\(/, "", text)
        sub(/\);.*/, "", text)
        parameters[name] = text == "void" ? "" : text
        text = ""
        next
    }

    /^HYPERCALL\(/ {
        line = $0
        sub(/^HYPERCALL\(/, "", line)
        split(line, word, ", *")
        what = line
        sub(/^[^"]*"/, "", what)
        sub(/"\)$/, "", what)
        name = word[2]
        if (!(name in parameters) || !(name in place)) {
            print "hypercalls-doc: " name " has no prototype in hypercall.h, or no function" > "/dev/stderr"
            exit 1
        }
        if (word[3] == 0)
            parameters[name] = "" # iret: what its function gets does not come from the guest
        if (split(parameters[name], parts, ",") != word[3]) {
            print "hypercalls-doc: " name " has " word[3] " arguments, do_" name "() not" > "/dev/stderr"
            exit 1
        }
        printf "| %d | `%s(%s)` | %s | %s | %s |\n", word[1], name, parameters[name], word[4], what, place[name]
        calls++
    }
    END { if (!calls) exit 1 }
' "$work/places" xen/include/xen/hypercall.h xen/include/xen/hypercalls.def >"$work/table"

{
    cat <<'END'
# Hypercalls

Made by `tools/hypercalls-doc.sh` from `xen/include/xen/hypercalls.def`; do not edit it here.

To make a hypercall, a guest's kernel (ring 1) puts the number into EAX and up to five arguments into EBX, ECX, EDX, ESI and
EDI. Then it executes `int $0x82`, or calls its hypercall page at 32 times the number. The result is in EAX, negative for an
error (`xen/include/public/errno.h`); all other registers are kept. A number that is not in the table answers -ENOSYS. A
64-bit argument is two words, the low one first. A pointer is a virtual address of the caller's.

The parameters are those of the C function, `do_<name>()`. The guest's side is `HYPERVISOR_<name>()`
(`guest/include/guest/hypercall.h`). The headers of `xen/include/public/` say what the parameters mean. The tier says what is
saved on the way in: [entry-path.md](entry-path.md). How to add a hypercall: [adding-a-hypercall.md](adding-a-hypercall.md).

| number | call | tier | what it does | where |
|---:|---|---|---|---|
END
    cat "$work/table"
} >"$work/page"

if [ "${1:-}" = --check ]; then
    diff -u "$doc" "$work/page" && exit 0
    echo "$doc is not what hypercalls.def says: run tools/hypercalls-doc.sh" >&2
    exit 1
fi
cp "$work/page" "$doc"
