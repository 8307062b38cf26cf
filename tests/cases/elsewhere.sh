#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# The tree as a tarball, inside another repository, in a path with a blank, read-only where that can be arranged; built
# with two jobs into a directory elsewhere, and measured from there.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

tree="$CASE_TMP/a tree"
case $B in
/*) out=$B/tests/elsewhere.tmp/out ;;
*) out=$PWD/$B/tests/elsewhere.tmp/out ;;
esac
case $out in
*' '*) skip_case "make cannot build in a path with blanks, as this one is" ;;
esac
copy_tree "$tree"
mkdir -p "$tree/results" "$out"
chmod -R a-w "$tree"

# A root user writes in spite of that; so the tree is mounted read-only, too.
read_only() {
    unshare -rm sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$tree" "$@"
}
if read_only true 2>/dev/null; then
    read_only touch "$tree/x" 2>/dev/null && fail "read-only" "it can be written"
else
    read_only() {
        "$@"
    }
fi
check "it builds" read_only make -s -j2 -C "$tree" B="$out" MAKEFLAGS= build
for f in int82.elf int82-counters.elf guest/bench.elf int82-bench; do
    [ -s "$out/$f" ] && pass "$f" || fail "$f" "is missing"
done
check "a guest is the same, wherever it is built" cmp "$B/guest/idle.elf" "$out/guest/idle.elf"
check "no revision of the repository around it" sh -c '"$0" --version | grep -q "revision unknown"' "$out/int82-bench"
check_status "make bench" 0 read_only make -s -C "$tree" B="$out" bench ENGINE=tcg ROWS=xen_version LABEL=x OUT="$CASE_TMP/results"
check_text "make bench: a row" "xen_version,1,10.00," "$CASE_TMP/results/x/bench.csv"
check_text "make bench: its revision is none" "# suite: unknown" "$CASE_TMP/results/x/bench.csv"
check_status "what was built is the tree" 0 read_only "$out/int82-bench" compare --engine=tcg --rows=xen_version --rounds=1 \
    --out="$CASE_TMP/cmp" "$CASE_TMP/results/x" tree
[ -z "$(find "$tree" -newer "$out/tree" -type f)" ] && pass "nothing is written into the tree" ||
    fail "nothing is written into the tree" "$(find "$tree" -newer "$out/tree" -type f)"
chmod -R u+w "$tree"
