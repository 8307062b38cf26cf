#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 280
# Two domains side by side under load, for ten minutes of simulated time (an instruction counts 128 ns there), beside an
# idle domain 0 that has the auditor look at everything at the end. Each checks what it maps, writes, keeps in registers
# and sleeps (guest/examples/load); here: that both got as far, in as much time, and found nothing odd. Then one of them
# mostly sleeps: it must be served in time, and the other one gets the rest.
. tests/lib.sh
need qemu-system-i386

idle=$B/guest/idle.elf
load=$B/guest/load.elf

# boot OPTIONS MODULES IDLE'S-ARGUMENTS
boot() {
    boot_rc=0
    limit 200 "${QEMU:-qemu-system-i386}" -m 256 -cpu qemu64 -display none -monitor none -serial "file:$CONSOLE" -nic none \
        -no-reboot -accel tcg -icount shift=7,sleep=off -kernel "$OUR_HYPERVISOR" -append "$1" -initrd "$idle $3,$2" \
        </dev/null >"$CASE_TMP/qemu.out" 2>&1 || boot_rc=$?
    [ $boot_rc = 0 ] && pass "$name: ends well" || fail "$name: ends well" "status $boot_rc"
    check_text "$name: the books are right" "audit: clean" "$CONSOLE"
    check_text "$name: domain 1 found nothing odd" "errors=0" "$CONSOLE"
    if grep 'load: round ' "$CONSOLE"; then fail "$name: complaints" "see above"; fi
}

# of DOMAIN KEY: from its last report
of() {
    sed -n "s/^(d$1) load: done:.* $2=\([0-9]*\).*/\1/p" "$CONSOLE" | tr -d '\r'
}

# near NAME A B PERCENT
near() {
    if [ "${2:-0}" -gt 0 ] && [ "${3:-0}" -gt 0 ] && [ $(($2 * 100)) -ge $(($3 * (100 - $4))) ] && [ $(($3 * 100)) -ge $(($2 * (100 - $4))) ]; then
        pass "$1: ${2} and ${3}"
    else
        fail "$1" "'$2' and '$3' differ by more than $4 %"
    fi
}

name="ten minutes"
CONSOLE=$CASE_TMP/console
boot 'domain=kernel=1 domain=kernel=2' "$load seconds=600,$load seconds=600" 'seconds=620 audit'
for d in 1 2; do
    minutes=$(grep -c "^(d$d) load: a minute" "$CONSOLE")
    [ "$minutes" -ge 9 ] && pass "$name: domain $d lived through them" || fail "$name: domain $d lived through them" "$minutes reports"
done
near "$name: rounds" "$(of 1 rounds)" "$(of 2 rounds)" 2
near "$name: time on the CPU" "$(of 1 running)" "$(of 2 running)" 2
# 2^20 ns: 572205 of them are ten minutes.
near "$name: all of the CPU's time was theirs" $(($(of 1 running) + $(of 2 running))) 572205 3

name="one sleeps"
CONSOLE=$CASE_TMP/sleeps
boot 'domain=kernel=1 domain=kernel=2' "$load seconds=30,$load seconds=30 nap=20" 'seconds=35 audit'
slept=$(of 2 blocked)
waited=$(of 2 runnable)
[ "${slept:-0}" -gt $((${waited:-0} * 2)) ] && pass "$name: it sleeps $slept and waits $waited" ||
    fail "$name: it waits for the CPU" "asleep $slept, waiting $waited"
near "$name: the other gets the rest" $(($(of 1 running) + $(of 2 running))) 28610 4
