#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 250
# A guest that the hypervisor cannot help ends itself, and never the hypervisor: a register dump, a reason, power off; and
# with `noreboot` the machine waits. On both builds.
. tests/lib.sh
need qemu-system-i386

guest=$B/guest/tests.elf
kinds=$(run_qemu -t 60 "$guest" crash=list | sed -n 's/^crash kind //p')
CONSOLE=$CASE_TMP/console
[ -n "$kinds" ] && pass "kinds are listed" || fail "kinds are listed" "none"
for kind in $kinds; do
    rm -f "$CONSOLE"
    rc=0
    run_qemu -t 20 "$guest" "crash=$kind" >"$CASE_TMP/out" || rc=$?
    [ $rc = 0 ] && pass "$kind: powered off" || fail "$kind: powered off" "status $rc"
    check_text "$kind: reached" "crash begins: $kind" "$CONSOLE"
    if grep -q "was let through" "$CONSOLE"; then fail "$kind" "was let through"; fi
    if grep -qiE 'BUG at|double fault' "$CONSOLE"; then fail "$kind" "the hypervisor itself failed"; fi
    case $kind in
    shutdown_*) ;;
    *)
        check_text "$kind: reason" "Domain 0 (vcpu 0) crashed" "$CONSOLE"
        check_text "$kind: registers" "cs:eip" "$CONSOLE"
        case $kind in user_*) check_text "$kind: they are the process's" "ss:esp e033:" "$CONSOLE" ;; esac
        ;;
    esac
done

rm -f "$CONSOLE"
check_status "noreboot waits" 124 run_qemu -t 8 -a noreboot "$guest" crash=ud2_without_handlers
check_text "noreboot says so" "'noreboot' set" "$CONSOLE"
rm -f "$CONSOLE"
check_status "the build with counters" 0 run_qemu -k "$B/int82-counters.elf" -t 20 "$guest" crash=ud2_without_handlers
check_text "the build with counters: reason" "Domain 0 (vcpu 0) crashed" "$CONSOLE"
