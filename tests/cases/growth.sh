#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# Nothing grows with what it does not touch: the first and the last point of each series of `make growth`. And the command
# itself: what it writes, and what it says of figures that grow, of a guest that does not end, and of words it cannot know.
. tests/lib.sh
need qemu-system-i386 gnuplot

check_status "nothing grows with what it does not touch" 0 "$BENCH" growth --few --hypervisor="$OUR_HYPERVISOR" \
    --out="$CASE_TMP" --label=g
cat "$CASE_TMP/check.out"
dir=$CASE_TMP/g
for series in memory pages tables ports grants store domains runnable timers; do
    [ "$(grep -c "^$series," "$dir/growth.csv")" -ge 2 ] && [ -s "$dir/growth-$series.png" ] && pass "$series" ||
        fail "$series" "has no points or no picture"
done
# each WHAT X: the figure of a point
each() {
    sed -n "s/^$1,$2,[0-9]*,[0-9]*,\(.*\)\..*/\1/p" "$dir/growth.csv"
}
# What has to grow is seen to: a window for more tables than there are windows, a timer behind all others.
[ "$(each tables,mmu_update 4096)" -gt "$(each tables,mmu_update 1)" ] && pass "tables without windows" ||
    fail "tables without windows" "cost no more"
[ "$(each timers,set_last 93)" -gt "$(each timers,set_last 3)" ] && pass "timers in front" ||
    fail "timers in front" "cost nothing"

# told NAME STATUS LINE...: of a guest that prints these
told() {
    name=$1 status=$2
    shift 2
    printf '%s\n' "$@" >"$CASE_TMP/console"
    FAKE_CONSOLE=$CASE_TMP/console check_status "$name" "$status" "$BENCH" growth --qemu=tests/fake-qemu --series=ports \
        --out="$CASE_TMP" --label=fake --timeout=20
}
told "a figure that grows" 1 '@growth ports send 1 500 5' '@growth ports send 9 103 1' '@growth end'
check_text "a figure that grows: it is named" '103.00  grows, and must not' "$CASE_TMP/check.out"
told "one that hardly grows" 0 '@growth ports send 1 100 1' '@growth ports send 9 102 1' '@growth end'
told "one that shrinks" 0 '@growth ports send 1 100 1' '@growth ports send 9 20 1' '@growth end'
told "no end" 3 '@growth ports send 1 100 1'
told "an unknown figure" 3 '@growth ports juggle 1 100 1' '@growth end'
told "a figure of nothing" 3 '@growth ports send 1 100 0' '@growth end'
check_status "an unknown series" 2 "$BENCH" growth --series=unknown --out="$CASE_TMP"
check_status "an argument" 2 "$BENCH" growth ports
check_status "a bad label" 2 "$BENCH" growth --label=../x
check_status "no hypervisor" 5 "$BENCH" growth --hypervisor=/nosuch --out="$CASE_TMP"
check_status "a place that cannot be written" 3 "$BENCH" growth --out=/proc/nosuch
