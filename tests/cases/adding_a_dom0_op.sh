#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# Follows docs/adding-a-dom0-op.md to the letter in a copy of the tree: the page's own blocks are put where it says, built,
# tested and measured by its own commands, and their output has to be what it shows. Then the same guest on a hypervisor
# without the command: -ENOSYS, and no figure.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
copy_tree "$copy"
gate_before
follow_page docs/adding-a-dom0-op.md "$copy" || exit 0
gate_after "$copy"

sed -n 's/^domain_frames,1,\([0-9.]*\).*/domain_frames: \1 instructions/p' "$copy/results/domain_frames/bench.csv"
run_qemu "$copy/build/guest/bench.elf" 'rows=domain_frames' >/dev/null || true
check_text "without it: -ENOSYS, and no figure" "call 0 answered -38 instead of 0" "$CONSOLE"
