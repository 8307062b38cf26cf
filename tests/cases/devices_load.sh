#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 60
# Domain 0's interrupts at once for some simulated seconds: its timer each millisecond, a disk and a source of random
# bytes by MSI-X, console output, and console input. None may be lost. Each is counted at both ends: the timers as set and
# as fired, the devices' requests, their own counts and the interrupts, the lines as written by the guest and as arrived
# here, the characters as typed here and as read by the guest, which knows what must come next (guest/examples/device).
#
# By hand, ten minutes: SECONDS_OF_LOAD=600 tests/cases/devices_load.sh
. tests/lib.sh
need qemu-system-i386 awk

seconds=${SECONDS_OF_LOAD:-5}
CONSOLE=$CASE_TMP/console
: >"$CONSOLE"

# The last count that a line of the load told. A line that has not come whole tells too little.
read_until_now() {
    tail -n 4 "$CONSOLE" | sed -n 's/^device: line .* input=\([0-9]*\).*/\1/p' | tail -n 1
}

# Numbers until the guest has had enough, in bursts of up to 64 characters: more than a UART's FIFO holds. Nothing says
# "wait" to a typist, and the hypervisor keeps 255 characters: so no more than 192 are under way.
type_numbers() {
    await 'device: input: begin' "$CONSOLE" || return
    number=0 known=0 burst=1
    until grep -q 'device: input: enough' "$CONSOLE"; do
        now=$(read_until_now)
        known=${now:-$known}
        if [ $((number * 8 - known)) -gt 128 ]; then
            sleep 0.01
            continue
        fi
        last=$((number + burst))
        while [ $number -lt $last ]; do
            printf '%07d ' $number
            number=$((number + 1))
        done
        burst=$((burst % 8 + 1))
    done
    echo $((number * 8)) >"$CASE_TMP/typed"
    printf .
}

# of NAME: the figures of that name, added up.
of() {
    sed -n "s/.* $1=\([0-9]*\).*/\1/p" "$CONSOLE" | awk '{ n += $1 } END { print n + 0 }'
}

# same NAME NUMBER NUMBER: a count at both ends, which is not 0.
same() {
    [ "$2" = "$3" ] && [ "$2" -gt 0 ] && pass "$1: $2" || fail "$1" "$2 and $3"
}

awk 'BEGIN { for (s = 0; s < 129; s++) for (l = 0; l < 32; l++) printf "%07d:%06d \n", s, l }' >"$CASE_TMP/disk"
rc=0
type_numbers | run_qemu -s -t $((40 + 2 * seconds)) -a dom0_mem=32M -x "-drive file=$CASE_TMP/disk,format=raw,if=none,id=d
    -device virtio-blk-pci,drive=d,addr=4 -device virtio-rng-pci,addr=8" "$B/guest/device.elf" "seconds=$seconds input" \
    >"$CASE_TMP/out" 2>&1 || rc=$?
grep 'device:' "$CONSOLE" | grep -v 'device: line'
[ $rc = 0 ] && pass "powered off" || fail "powered off" "status $rc"
check_text "nothing lost, nothing wrong" "device: end: devices=2 errors=0" "$CONSOLE"
# 1 ms a tick, and some for the work itself.
[ "$(of fired)" -gt $((seconds * 800)) ] && pass "as many ticks as there was time for" ||
    fail "as many ticks as there was time for" "only $(of fired)"
same "timers set and fired" "$(of armed)" "$(of fired)"
same "requests and interrupts" "$(of requests)" "$(of interrupts)"
same "lines written and arrived" "$(of lines)" "$(grep -c 'device: line ' "$CONSOLE")"
same "characters typed and read" "$(cat "$CASE_TMP/typed")" "$(of received)"
