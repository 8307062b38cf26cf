#!/bin/sh
# SPDX-License-Identifier: MIT
# melee.sh: runs the melee (guest/melee, docs/fuzzing.md) on both builds, several machines at a time. Status 1: a failure.
# Environment: B, SEED (1), MINUTES (1) or OPS (operations a machine, one round), JOBS (number of processors; with OPS:
# also how many seeds), ENGINE (tcg; kvm, auto), HYPERVISOR (else both builds), GUESTARGS (more words for the guest).
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
dir=$B/fuzz
seed=${SEED:-1}
jobs=${JOBS:-$(nproc)}
each=${OPS:-100000}
mkdir -p "$dir"
. tools/engine.sh
[ "$engine" = kvm ] && clock='' || clock='-icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm'

# log HYPERVISOR SEED: one for each, so that the second build's run leaves what the first's has found.
log() {
    echo "$dir/melee-$(basename "$1" .elf)-$2.log"
}

# boot HYPERVISOR SEED LOG. With icount (not under KVM): the same seed is the same run. A machine that stands still is given up.
boot() {
    # shellcheck disable=SC2086
    "$B/worklimit" $((60 + each / 500)) "${QEMU:-qemu-system-i386}" -m 64 -accel "$engine" -cpu "$cpu" $clock -display none -monitor none \
        -serial "file:$3" -nic none -no-reboot -kernel "$1" -append "dom0_mem=24M" \
        -initrd "$B/guest/melee.elf seed=$2 ops=$each${GUESTARGS:+ $GUESTARGS}" </dev/null >"$3.qemu" 2>&1 ||
        echo "qemu: status $?" >>"$3"
}

# verdict HYPERVISOR SEED LOG
verdict() {
    tr -d '\r' <"$3" >"$3.text"
    if grep -aq '^melee: passed' "$3.text" && grep -aq '^audit: clean' "$3.text"; then
        n=$(sed -n 's/^melee: passed: \([0-9]*\) operations.*/\1/p' "$3.text")
        total=$((total + n))
        rm -f "$3" "$3.text" "$3.qemu"
        return
    fi
    status=1
    echo "melee: seed $2 failed on $1: $(grep -a -E -m 1 'FAILED|unexpected|BUG|[Pp]anic|guest:' "$3.text" || echo 'it stood still')"
    echo "melee: the log is $3.text; again: make fuzz GUEST=melee SEED=$2 OPS=$each JOBS=1 HYPERVISOR=$1${GUESTARGS:+ GUESTARGS='$GUESTARGS'}"
}

end=$(($(date +%s) + ${MINUTES:-1} * 60))
total=0 status=0 first=$seed
trap 'kill $pids 2>/dev/null; exit 130' INT TERM
while :; do
    for hv in ${HYPERVISOR:-$B/int82.elf $B/int82-counters.elf}; do
        pids='' round=''
        for i in $(seq "$jobs"); do
            s=$((seed + i - 1))
            rm -f "$(log "$hv" "$s")"
            boot "$hv" "$s" "$(log "$hv" "$s")" &
            pids="$pids $!" round="$round $s"
        done
        # shellcheck disable=SC2086
        wait $pids || true
        for s in $round; do
            verdict "$hv" "$s" "$(log "$hv" "$s")"
        done
    done
    seed=$((seed + jobs))
    echo "melee: seeds $first to $((seed - 1)), $total operations"
    [ $status = 0 ] && [ -z "${OPS:-}" ] && [ "$(date +%s)" -lt "$end" ] || exit $status
done
