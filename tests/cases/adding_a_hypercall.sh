#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# Follows docs/adding-a-hypercall.md to the letter in a copy of the tree: the page's own blocks are put where it says,
# built, tested and measured by its own commands, and their output has to be what it shows. Then what the page claims
# besides: the plain entry has the call too, a hypervisor without it answers -ENOSYS, and assembly made it faster.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
copy_tree "$copy"
gate_before
follow_page docs/adding-a-hypercall.md "$copy" || exit 0
gate_after "$copy"

ticks() {
    sed -n "s/^$1,1,\([0-9]*\).*/\1/p" "$copy/results/$2/bench.csv"
}
for row in frame_state frame_state_type; do
    fast=$(ticks $row frame_state) hot=$(ticks $row frame_state_hot)
    echo "$row: $fast instructions as FAST, $hot as HOT"
    [ "${fast:-0}" -gt 0 ] || fail "$row" "no figure"
done
[ $((hot * 2)) -lt "$fast" ] && pass "assembly at least halves the type alone" || fail "assembly" "from $fast to $hot only"

check "the plain entry builds" sh -c "cd '$copy' && make -s -j2 B=build/plain ENTRY=plain build/plain/int82.elf"
run_qemu -k "$copy/build/plain/int82.elf" "$copy/build/guest/tests.elf" 'only=frame_state*' >/dev/null || true
check_text "the plain entry has it" "@tests end passed=4 failed=0 skipped=0" "$CONSOLE"
run_qemu "$copy/build/guest/bench.elf" 'rows=frame_state_type' >/dev/null || true
check_text "without it: -ENOSYS, and no figure" "call 0 answered -38 instead of 3" "$CONSOLE"
