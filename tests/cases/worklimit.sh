#!/bin/sh
# SPDX-License-Identifier: MIT
# Time limits count a command's own work: what sleeps or computes too long is ended with all it started; what only waits
# for a processor, because the machine is busy, is not.
. tests/lib.sh

spin="i=0; while [ \$i -lt 400000 ]; do i=\$((i + 1)); done"
check_status "a status" 7 limit 20 sh -c 'exit 7'
check_status "no such command" 127 limit 20 /nosuch
check_status "no limit" 125 limit x true
check_status "what sleeps" 124 limit 1 sleep 60
check_status "what computes" 124 limit 1 sh -c 'while :; do :; done'
check_status "what its child computes" 124 limit 1 sh -c '(while :; do :; done); true'
check_status "what stands still" 124 limit 1 sh -c 'kill -STOP $$'
check_status "what has left its session" 124 limit 1 sh -c "setsid sleep 123 & echo \$! >'$CASE_TMP/pid'; sleep 60"
case $(ps -o stat= -p "$(cat "$CASE_TMP/pid")") in
'' | Z*) pass "all of it is ended" ;;
*) fail "all of it is ended" "$(ps -p "$(cat "$CASE_TMP/pid")")" ;;
esac

# With three others for each processor, it takes about four times as long as it works; the limit is half of that.
hogs=
for _ in $(seq $((3 * $(nproc)))); do
    sh -c 'while :; do :; done' &
    hogs="$hogs $!"
done
# The command tells its own time, user's and system's, in ticks of a hundredth: fields 14 and 15 of /proc/PID/stat.
work=$(sh -c "$spin; cut -d ' ' -f 14,15 /proc/\$\$/stat" | awk '{ printf "%.1f", ($1 + $2) / 100 * 2 + 0.3 }')
start=$(date +%s%N)
check_status "on a busy machine" 0 limit "$work" sh -c "$spin"
echo "limit $work s, $((($(date +%s%N) - start) / 1000000)) ms on the clock"
# shellcheck disable=SC2086
kill $hogs
