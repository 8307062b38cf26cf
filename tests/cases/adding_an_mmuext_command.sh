#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 600
# Follows docs/adding-an-mmuext-command.md to the letter in a copy of the tree. Then that its test would notice a command
# that flushes nothing, and that a hypervisor without it answers -ENOSYS.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
copy_tree "$copy"
gate_before
follow_page docs/adding-an-mmuext-command.md "$copy" || exit 0
gate_after "$copy"

# ticks BATCH: of a call.
ticks() {
    sed -n "s/^mmuext_invlpg_range,$1,\([0-9]*\).*/\1/p" "$copy/results/invlpg_range/bench.csv"
}
echo "1 page: $(ticks 1) instructions, 32 pages: $(ticks 32)"
[ "$(ticks 32)" -lt $((32 * $(ticks 1))) ] && pass "one call is less than 32" || fail "one call is less than 32" "it is not"

run_qemu "$copy/build/guest/tests.elf" 'only=invlpg_range*' >/dev/null || true
check_text "without it: -ENOSYS" "expected 0, saw -38" "$CONSOLE"
sed -i 's/^        flush_page_now(va);/        spend(0);/' "$copy/xen/arch/x86/mm/mmuext.c"
check "one that flushes nothing builds" make -s -C "$copy" CC="${CC:-gcc}" build/int82.elf
run_qemu -k "$copy/build/int82.elf" "$copy/build/guest/tests.elf" 'only=invlpg_range*' >/dev/null || true
check_text "one that flushes nothing is noticed" "@test fail invlpg_range_pages" "$CONSOLE"
