#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# Follows docs/measuring.md, "A benchmark of your own", to the letter, in a copy of the tree: the code blocks are taken
# out of the page as they stand, put where it says, and its command is run.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy_tree "$CASE_TMP/copy"
follow_page docs/measuring.md "$CASE_TMP/copy"
check_text "the new row is measured" "version_text,1," "$CASE_TMP/copy/results/mine/bench.csv"
