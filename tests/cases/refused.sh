#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 60
# The words for what a guest is refused (guest_loglvl=all): a line for each kind, with the right domain, rule, frame,
# type and count; none without the option; and few for very many refusals, with their number. The guest says what it
# expects (guest/examples/refused).
. tests/lib.sh
need qemu-system-i386

refused=$B/guest/refused.elf

# boots NAME "HYPERVISOR'S ARGUMENTS" [GUEST'S ARGUMENTS]
boots() {
    CONSOLE=$CASE_TMP/$1
    check_status "$1: ends well" 0 run_qemu -t 30 -m 64 -k "${4:-$OUR_HYPERVISOR}" -a "$2" "$refused" "${3:-}"
}

# said NAME: each line that was expected was said once, by a guest's address, and there were no others.
said() {
    tr -d '\r' <"$CASE_TMP/$1" | sed -n 's/^expected: //p' >"$CASE_TMP/expected"
    tr -d '\r' <"$CASE_TMP/$1" | sed -n 's/^(XEN) \(d[0-9]*v[0-9]* refused .*\); eip c0[0-9a-f]*$/\1/p' >"$CASE_TMP/said"
    check "$1: what was expected was said" diff -u "$CASE_TMP/expected" "$CASE_TMP/said"
    n=$(grep -c . "$CASE_TMP/expected")
    [ "$n" -ge 64 ] && pass "$1: $n kinds" || fail "$1: kinds" "only $n"
    check_text "$1: each was refused as it should be" "refused: 0 failures" "$CASE_TMP/$1"
}

boots all 'guest_loglvl=all dom0_mem=32M,max:32M'
said all
check_text "all: more than its limit" 'refused memory_limit' "$CASE_TMP/said"
boots counters '' '' "$B/int82-counters.elf" # which speaks without being asked
said counters
boots limited guest_loglvl=none/debug
said limited

boots counters-without guest_loglvl=none '' "$B/int82-counters.elf"
if grep -q '^(XEN).*refus' "$CASE_TMP/counters-without"; then fail "counters: nothing with none" "lines"; else pass "counters: nothing with none"; fi

for level in '' guest_loglvl=none guest_loglvl=info guest_loglvl=nonsense; do
    boots "without-$level" "loglvl=all $level"
    if grep -q '^(XEN).*refus' "$CASE_TMP/without-$level"; then fail "nothing with '$level'" "lines"; else pass "nothing with '$level'"; fi
    check_text "'$level': refused all the same" "refused: 0 failures" "$CASE_TMP/without-$level"
done
check_text "a level that does not exist is reported" 'Option guest_loglvl: cannot make sense of "nonsense"' "$CASE_TMP/without-guest_loglvl=nonsense"

# 10 lines, and how many there were more. The clock counts instructions, so the flood takes less than a second.
boots flood guest_loglvl=all flood=yes
check_text "the flood was one" "the flood is over, 0 failures" "$CONSOLE"
n=$(grep -c '^(XEN) d0v0 refused update_command' "$CONSOLE")
[ "$n" = 10 ] && pass "10 lines are printed" || fail "10 lines are printed" "$n"
check_text "the others are counted" "(XEN) 9990 more refusals were not printed" "$CONSOLE"

# The table in docs/debugging-a-guest.md is made of refused.def; and the check that says so notices what has changed.
check "the page's table is up to date" tools/refused-doc.sh --check
copy=$CASE_TMP/copy
mkdir -p "$copy"
cp -r tools docs xen "$copy"
def=$copy/xen/include/xen/refused.def
noticed() {
    cp "$2" "$CASE_TMP/kept"
    sed -i "$3" "$2"
    ! cmp -s "$2" "$CASE_TMP/kept" || fail "$1" "the case changed nothing"
    check_status "$1" 1 "$copy/tools/refused-doc.sh" --check
    cp "$CASE_TMP/kept" "$2"
}
check_status "so is a copy of it" 0 "$copy/tools/refused-doc.sh" --check
noticed "another text" "$def" 's/a second pin/a third pin/'
noticed "a rule that is gone" "$def" '/^REFUSAL(frame_pinned/d'
noticed "a rule by which nothing is refused" "$def" 's/^REFUSAL(frame_pinned/REFUSAL(frame_painted/'
noticed "a rule without a hint" "$def" 's/, "each table is pinned once"//'
noticed "a changed page" "$copy/docs/debugging-a-guest.md" 's/| a second pin |/| two pins |/'
