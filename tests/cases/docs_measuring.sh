#!/bin/sh
# timeout: 400
# Follows docs/measuring.md, "A benchmark of your own", to the letter, in a copy of the tree: the code blocks are taken
# out of the page as they stand, put where it says, and its command is run.
. tests/lib.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
mkdir -p "$copy"
cp -r Makefile xen guest bench tests tools docs "$copy"

# Each marked block to a file of its own, with what to do with it beside it.
awk -v dir="$CASE_TMP" '
    /^<!-- follow: .* -->$/ { n++; wait = 1; sub(/^<!-- follow: /, ""); sub(/ -->$/, ""); print > (dir "/order" n); next }
    wait && /^```/ { wait = 0; inside = 1; next }
    inside && /^```/ { inside = 0; next }
    inside { print > (dir "/block" n) }' docs/measuring.md

n=1
while [ -f "$CASE_TMP/order$n" ]; do
    read -r order file <"$CASE_TMP/order$n"
    block=$CASE_TMP/block$n
    case $order in
    append) cat "$block" >>"$copy/$file" ;;
    before-endif)
        sed -i '$ { /^#endif/d }' "$copy/$file"
        cat "$block" >>"$copy/$file"
        echo '#endif' >>"$copy/$file"
        ;;
    row)
        undef=$(tail -n 1 "$copy/$file" | grep '^#undef')
        [ -z "$undef" ] || sed -i '$d' "$copy/$file"
        cat "$block" >>"$copy/$file"
        [ -z "$undef" ] || echo "$undef" >>"$copy/$file"
        ;;
    run) check "the page's command: $(cat "$block")" sh -c "cd '$copy' && $(cat "$block")" ;;
    *) fail "block $n" "what is '$order'?" ;;
    esac
    n=$((n + 1))
done
[ $n = 5 ] && pass "four blocks" || fail "four blocks" "the page has $((n - 1)) marked blocks"
check_text "the new row is measured" "version_text,1," "$copy/results/mine/bench.csv"
