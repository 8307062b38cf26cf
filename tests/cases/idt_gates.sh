#!/bin/sh
# SPDX-License-Identifier: MIT
# The interrupt descriptor table as the processor has it while a guest runs, read through QEMU's monitor: every gate into
# the hypervisor is an interrupt gate, so that interrupts are off from its first instruction (XSA-446); a program may
# raise only a few vectors by INT; and the one gate that leads elsewhere leads to a guest's ring.
. tests/lib.sh
need qemu-system-i386

# A guest that stays as it is; it has a handler of its own for int 0x80.
touch "$CASE_TMP/console" "$CASE_TMP/monitor"

# shellcheck disable=SC2094 # the loop of QEMU's monitor and who reads it: that is meant
{
    await 'crash begins' "$CASE_TMP/console"
    echo 'info registers'
    await '^IDT=' "$CASE_TMP/monitor"
    idt=$(sed -n 's/^IDT= *\([0-9a-f]*\) .*/\1/p' "$CASE_TMP/monitor")
    last=$(printf '%x' $((0x$idt + 2032)))
    echo "x /512xw 0x$idt"
    await "^0*$last:" "$CASE_TMP/monitor"
    echo quit
} | limit 30 qemu-system-i386 -m 64 -cpu qemu64 -display none -serial "file:$CASE_TMP/console" -nic none -accel tcg \
    -monitor stdio -kernel "$OUR_HYPERVISOR" -append noreboot -initrd "$B/guest/tests.elf crash=idle" >"$CASE_TMP/monitor" 2>&1
tr -d '\r' <"$CASE_TMP/console"
check_text "the guest runs" "crash begins: idle" "$CASE_TMP/console"

# vector selector type-and-DPL byte of each gate, in the order of vectors
tr -d '\r' <"$CASE_TMP/monitor" | awk '/^[0-9a-f]+: 0x/ { for (i = 2; i <= NF; i += 2) printf "%d %s %s\n", n++,
    substr($i, 3, 4), substr($(i + 1), 7, 2) }' >"$CASE_TMP/gates"
[ "$(wc -l <"$CASE_TMP/gates")" = 256 ] && pass "256 gates" || fail "256 gates" "$(wc -l <"$CASE_TMP/gates") were read"

# gate NAME VECTORS SELECTOR TYPE: all of these are so.
gate() {
    gate_name=$1
    if odd=$(awk -v list="$2" -v want="$3 $4" '
        BEGIN { n = split(list, v, " "); for (i = 1; i <= n; i++) in_list[v[i]] = 1 }
        in_list[$1] && $2 " " $3 != want { print $0; bad = 1 } END { exit bad }' "$CASE_TMP/gates"); then
        pass "$gate_name"
    else
        fail "$gate_name" "vector, selector, type: $(echo "$odd" | head -n 3 | tr '\n' ';') instead of $3 $4"
    fi
}

gate "int3 and overflow: interrupt gates, for all" "3 4" e008 ee
gate "hypercalls: an interrupt gate, for rings 1 and up to it" "130" e008 ae
gate "int 0x80: the guest's own" "128" e019 ef
gate "double fault: a task" "8" e048 85
all=$(seq 0 255 | grep -vxE '3|4|8|128|130' | tr '\n' ' ')
gate "all others: interrupt gates, for nobody's INT" "$all" e008 8e
