#!/bin/sh
# SPDX-License-Identifier: MIT
# A run that does not come to its end leaves no result and no half of one, says why, and shows the console's tail.
. tests/lib.sh

export FAKE FAKE_CONSOLE="$CASE_TMP/canned" FAKE_BYTES FAKE_KVM
out=$CASE_TMP/results
cat >"$FAKE_CONSOLE" <<EOF
(XEN) Some hypervisor
@int82 begin schema=1 rows=2
@int82 info suite 123
@int82 row name=one batch=1 calls=10 empty=10 samples=110,110,120
@int82 row name=two batch=1 calls=10 empty=10 samples=210,210,210
@int82 end rows=2 errors=0
(XEN) Domain 0 halted: powering off.
EOF
run() {
    "$BENCH" run --qemu=tests/fake-qemu --engine=tcg --out="$out" --label=x --no-plot --timeout=3 --quiet=2 "$@"
}
nothing_left() {
    [ -z "$(ls -A "$out" 2>/dev/null)" ]
}
# failing NAME TEXT: the run fails with status 3, TEXT in what it says, and nothing written
failing() {
    check_status "$1" 3 run
    check_text "$1: says why" "$2" "$CASE_TMP/check.out"
    cp "$CASE_TMP/check.out" "$CASE_TMP/said"
    check "$1: nothing left" nothing_left
}

FAKE=silent
failing empty_console "never began"
FAKE=cut FAKE_BYTES=150
failing truncated "the guest stopped"
check_text "truncated: console's tail" "| @int82 begin schema=1" "$CASE_TMP/said"
FAKE=cuthang FAKE_BYTES=150
failing hang "the guest hangs"
FAKE="talk"
failing endless "took more than 3 s"
FAKE=die
sed -i 's/^@int82 end.*//' "$FAKE_CONSOLE"
failing crash "QEMU ended with status 134"
printf '@int82 end rows=2 errors=1\n' >>"$FAKE_CONSOLE"
FAKE=whole
failing wrong_end "another number of rows or errors"
sed -i 's/^@int82 end.*/@int82 error row=one batch=1 the entry did not change\n@int82 end rows=2 errors=1/' "$FAKE_CONSOLE"
failing wrong_effect "the entry did not change"

# Interrupted in the middle.
FAKE=cuthang FAKE_BYTES=150
export FAKE_CHILD="$CASE_TMP/qemu.pid"
"$BENCH" run --qemu=tests/fake-qemu --engine=tcg --out="$out" --label=x >"$CASE_TMP/int.out" 2>&1 &
pid=$!
await . "$FAKE_CHILD"
kill -TERM $pid
wait $pid
rc=$?
[ $rc = 130 ] && pass interrupted || fail interrupted "status $rc"
check "interrupted: nothing left" nothing_left
kill -0 "$(cat "$FAKE_CHILD")" 2>/dev/null && fail "interrupted: child" "QEMU is still running" || pass "interrupted: no child left"

# If the result is whole, it is kept even if the machine does not power off after its last row.
sed -i '/^@int82 error/d; s/^@int82 end.*/@int82 end rows=2 errors=0/' "$FAKE_CONSOLE"
FAKE=hang
check_status whole 0 run
check_text "whole: row" "one,1,10.00,10.00,10.00," "$out/x/bench.csv"
FAKE=whole
cp "$out/x/bench.json" "$CASE_TMP/first.json"
check_status "same label again" 0 run
check "same label again: the first is kept" cmp "$CASE_TMP/first.json" "$out/x.1/bench.json"
[ -f "$out/x/bench.json" ] && [ -f "$out/x.1/bench.json" ] && pass "both are there" || fail "both are there" "$(ls -A "$out")"

# The engine: KVM that hangs is not taken, and costs a few seconds only.
FAKE_KVM=hang
export INT82_HOST_ROOT="$CASE_TMP/root"
mkdir -p "$INT82_HOST_ROOT/dev"
: >"$INT82_HOST_ROOT/dev/kvm"
check_status "kvm that hangs" 0 "$BENCH" probe --qemu=tests/fake-qemu
check_text "kvm that hangs: says so" "did not finish within" "$CASE_TMP/check.out"
check_text "kvm that hangs: TCG instead" "engine: tcg-icount" "$CASE_TMP/check.out"
check_status "kvm wanted, hangs" 3 "$BENCH" probe --engine=kvm --qemu=tests/fake-qemu
FAKE_KVM=works
check_status "kvm that works" 0 "$BENCH" probe --qemu=tests/fake-qemu
check_text "kvm that works: is taken" "engine: kvm" "$CASE_TMP/check.out"
