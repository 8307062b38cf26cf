#!/bin/sh
# SPDX-License-Identifier: MIT
# fuzz.sh: runs the fuzzer of the guest (guest/fuzz, docs/fuzzing.md), several seeds at a time. Status 1: a failure.
# Environment: B, SEED (1), MINUTES (1) or OPS (operations a seed, one round), JOBS (number of processors), HYPERVISOR,
# ENGINE (tcg; kvm, auto), GUESTARGS (more words for the guest); SEQUENCE and KEEP: one sequence, or these operations of
# it, with every operation shown.
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
hv=${HYPERVISOR:-$B/int82.elf}
dir=$B/fuzz
seed=${SEED:-1}
jobs=${JOBS:-$(nproc)}
mkdir -p "$dir"
. tools/engine.sh

# boot SECONDS LOG "GUEST'S ARGUMENTS". Without icount, which costs half the speed: nothing here depends on time.
boot() {
    "$B/worklimit" "$1" "${QEMU:-qemu-system-i386}" -m 128 -accel "$engine" -cpu "$cpu" -display none -monitor none \
        -nic none -no-reboot -serial "file:$2" -kernel "$hv" -append "dom0_mem=64M" \
        -initrd "$B/guest/fuzz.elf $3${GUESTARGS:+ $GUESTARGS}" </dev/null >"$2.qemu" 2>&1 || echo "qemu: status $?" >>"$2"
}

passed() {
    grep -q '^fuzz: passed' "$1"
}

# A machine that dies cannot shrink anything, and in one whose hypervisor has lost count everything fails: then the
# sequence is run again and again from here, each time on a new machine.
dies_with() {
    boot 60 "$dir/shrink.log" "seed=$1 sequence=$2 keep=$3"
    ! grep -q '^fuzz: passed' "$dir/shrink.log"
}

# shrink SEED SEQUENCE
shrink() {
    keep=$(seq -s . 0 95)
    if ! dies_with "$1" "$2" "$keep"; then
        echo "fuzz: sequence $2 alone does not fail: it takes what was done before it"
        return
    fi
    for i in $(seq 0 95); do
        less=$(echo ".$keep." | sed "s/\.$i\./\./; s/^\.//; s/\.\$//")
        [ "$less" != "$keep" ] && [ -n "$less" ] || continue
        if dies_with "$1" "$2" "$less"; then keep=$less; fi
    done
    boot 60 "$dir/shrink.log" "seed=$1 sequence=$2 keep=$keep trace"
    tail -n 12 "$dir/shrink.log"
    echo "fuzz: again: make fuzz SEED=$1 SEQUENCE=$2 KEEP=$keep"
}

# The guest's own shortest sequence, if it fails on a machine that nothing has happened to.
shrunk_by_guest() {
    again=$(sed -n "s/^fuzz: again: make fuzz SEED=$2 SEQUENCE=\([0-9]*\) KEEP=\([0-9.]*\)$/\1 \2/p" "$1" | tail -n 1)
    sequence=${again% *} keep=${again#* }
    [ -n "$again" ] && [ -n "$keep" ] && dies_with "$2" "$sequence" "$keep"
}

report() {
    log=$dir/seed-$1.log
    echo "fuzz: seed $1 failed; the log is $log"
    tr -d '\r' <"$log" >"$dir/report.log"
    if grep -q '^fuzz: failed' "$dir/report.log"; then
        sequence=$(sed -n 's/^fuzz: FAILED seed [0-9]* sequence \([0-9]*\) .*/\1/p' "$dir/report.log" | head -n 1)
        if shrunk_by_guest "$dir/report.log" "$1"; then
            sed -n '/^fuzz: FAILED/,/^fuzz: again/p' "$dir/report.log"
            return
        fi
        grep '^fuzz: FAILED' "$dir/report.log"
        echo "fuzz: the guest's own search has led nowhere, since the hypervisor's state was bad already: from outside"
    else
        tail -n 15 "$dir/report.log"
        boot 600 "$dir/again.log" "seed=$1 sequence=$(sed -n 's/^fuzz: sequence \([0-9]*\),.*/\1/p' "$dir/report.log" | tail -n 1) announce"
        sequence=$(tr -d '\r' <"$dir/again.log" | sed -n 's/^fuzz: begin \([0-9]*\)$/\1/p' | tail -n 1)
    fi
    if [ -n "$sequence" ]; then
        shrink "$1" "$sequence"
    else
        echo "fuzz: it could not be repeated"
    fi
}

if [ -n "${SEQUENCE:-}" ]; then
    log=$dir/one.log
    boot 120 "$log" "seed=$seed sequence=$SEQUENCE count=1 careful trace${KEEP:+ keep=$KEEP}"
    cat "$log"
    passed "$log"
    exit
fi

end=$(($(date +%s) + ${MINUTES:-1} * 60))
each=${OPS:-300000}
total=0 status=0 first=$seed
trap 'kill $pids 2>/dev/null; exit 130' INT TERM
while :; do
    pids='' round=''
    for _ in $(seq "$jobs"); do
        rm -f "$dir/seed-$seed.log"
        boot 7200 "$dir/seed-$seed.log" "seed=$seed ops=$each" &
        pids="$pids $!" round="$round $seed"
        seed=$((seed + 1))
    done
    # shellcheck disable=SC2086
    wait $pids || true
    for s in $round; do
        if passed "$dir/seed-$s.log"; then
            n=$(sed -n 's/^fuzz: passed.*, \([0-9]*\) operations.*/\1/p' "$dir/seed-$s.log")
            total=$((total + n))
            rm -f "$dir/seed-$s.log" "$dir/seed-$s.log.qemu"
        else
            report "$s"
            status=1
        fi
    done
    echo "fuzz: seeds $first to $((seed - 1)), $total operations"
    [ $status = 0 ] && [ -z "${OPS:-}" ] && [ "$(date +%s)" -lt "$end" ] || exit $status
done
