#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# Follows docs/adding-a-plot.md to the letter in a copy of the tree. Then that both formats are pictures, and that the
# script draws them again alone.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
copy_tree "$copy"
follow_page docs/adding-a-plot.md "$copy" || exit 0

gain=$copy/results/gain
for dir in "$gain" "$copy/build/again"; do
    check "a PNG" sh -c "head -c 4 '$dir/gain.png' | grep -q PNG"
    check "an SVG" grep -q '<svg' "$dir/gain.svg"
done
check_text "a row's name is in the SVG" "mmu_map_rw, 512" "$gain/gain.svg"
rm "$gain/gain.png"
check "drawn again by gnuplot alone" sh -c "cd '$gain' && gnuplot gain.gp && [ -s gain.png ]"
