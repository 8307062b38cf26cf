#!/bin/sh
# SPDX-License-Identifier: MIT
# A guest's hypercalls, one in a line: what a guest that knows its calls expects, the instructions that the bench
# measures, calls that go on later, filters, bounds, and bad input.
# timeout: 120
. tests/lib.sh
need qemu-system-i386

out=$CASE_TMP/results
traced=$B/guest/traced.elf
trace() { # LABEL OPTIONS
    trace_label=$1
    shift
    "$BENCH" trace --out="$out" --label="$trace_label" "$@"
}
listing() {
    echo "$out/$1/trace/trace.txt"
}
is() { # NAME VALUE WANTED
    if [ -n "$2" ] && [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "'$2' instead of '$3'"
    fi
}

# ---- numbers, arguments, results, vCPUs
check "two vCPUs" trace all --guest="$traced" --hv-args=dom0_max_vcpus=2
errors=$(sed -n 's/.*, \([0-9]*\) of them with an error.*/\1/p' "$CASE_TMP/check.out")
check_text "it says where the listing is" "written to $out/all/trace: trace.txt" "$CASE_TMP/check.out"
tr -d '\r' <"$out/all/trace/console.log" >"$CASE_TMP/console"
sed -n 's/^expected: //p' "$CASE_TMP/console" >"$CASE_TMP/expected"
# An entry of a multicall keeps its place.
awk 'NR == FNR { wanted[$0] = 1; next }
    /^#/ { next }
    { place = $1; if (!sub(/^[0-9]*\./, ".", place)) place = ""; else place = place " "
      line = place $2 " " $3; for (i = 4; i <= 11; i++) line = line " " $i
      if (line in wanted) print line }' "$CASE_TMP/expected" "$(listing all)" >"$CASE_TMP/seen"
check "each call, in its order, with arguments and result" diff -u "$CASE_TMP/expected" "$CASE_TMP/seen"
is "there were so many" "$(wc -l <"$CASE_TMP/seen")" 13
is "the guest saw the same" "$(grep -c '^traced:' "$CASE_TMP/console")" 0
is "what did not return" "$(awk '/no return/ { printf "%s %s;", $2, $3 }' "$(listing all)")" "d0v1 vcpu_op;d0v0 sched_op;"
is "no line is broken" "$(awk '!/^#/ && NF < 13' "$(listing all)" | wc -l)" 0
is "errors are counted" "$(awk '$11 < 0 && $11 != "-"' "$(listing all)" | wc -l)" "$errors"
check "the same again" trace again --guest="$traced" --hv-args=dom0_max_vcpus=2
check "two runs are equal, to the last instruction" cmp "$(listing all)" "$(listing again)"

# ---- instructions: the bench counts the INT, too
rows=int82_enosys/1,xen_version/1,mmu_map_rw/1,mmu_map_rw/512,multicall_xen_version/32
check "bench" "$BENCH" run --engine=tcg --out="$out" --label=bench --no-plot --reps=3 --rows="$rows" \
    --hypervisor="$B/int82-counters.elf"
check "the bench's guest" trace rows --guest="$B/guest/bench.elf" --guest-args="rows=$rows reps=1"
as_measured() { # ROW BATCH CONDITION: of three calls at least, as the bench repeats each
    measured=$(awk -F, -v name="$1" -v batch="$2" '$1 == name && $2 == batch { printf "%.0f\n", $3 - 1 }' "$out/bench/bench.csv")
    n=$(awk "$3"' && !/^#/ { print $12 }' "$(listing rows)" | grep -cx "$measured")
    [ "$n" -ge 3 ] && pass "$1/$2: $measured instructions, as the bench says" || fail "$1/$2: $measured instructions" "$n calls"
}
as_measured int82_enosys 1 '$3 ~ /^unknown/'
as_measured xen_version 1 '$3 == "xen_version" && $1 !~ /[.]/'
as_measured mmu_map_rw 1 '$3 == "mmu_update" && $5 == 1'
as_measured mmu_map_rw 512 '$3 == "mmu_update" && $5 == 200'
as_measured multicall_xen_version 32 '$3 == "multicall" && $5 == 20'
entries=$(awk '$3 == "multicall" && $5 == 20 { whole = $12; entries = sum = 0 }
    whole && $1 ~ /[.]/ { entries++; sum += $12; if (entries == 32) { print entries, whole - sum; exit } }' "$(listing rows)")
is "a multicall's entries" "${entries% *}" 32
[ "${entries#* }" -gt 0 ] && [ "${entries#* }" -lt 40 ] && pass "what is before the first is little" ||
    fail "what is before the first is little" "$entries"

# ---- calls that are interrupted and made again
check "calls that make way" trace way --guest="$B/guest/tests.elf" --guest-args=only=exclusion_registers_are_answered
goes_on=$(awk '!/^#/ && $1 !~ /[.]/ && match($0, /goes on in [0-9]+/) { print $1, substr($0, RSTART + 11, RLENGTH - 11) }' "$(listing way)" | sort)
rest_of=$(awk '!/^#/ && match($0, /rest of [0-9]+/) { print substr($0, RSTART + 8, RLENGTH - 8), $1 }' "$(listing way)" | sort)
is "each has its rest" "$goes_on" "$rest_of"
[ "$(echo "$goes_on" | wc -l)" -ge 10 ] && pass "many did" || fail "many did" "$goes_on"
is "none of these has a result" "$(grep 'goes on' "$(listing way)" | awk '$10 != "-" || $11 != "-"' | wc -l)" 0
grep -q 'others ran' "$(listing way)" && pass "others ran" || fail "others ran" "not said"
grep -q ' d1v0 ' "$(listing way)" && pass "another domain" || fail "another domain" "its calls are missing"

# ---- fewer lines
check "some calls" trace some --guest="$traced" --calls='update_va*,multicall,unknown'
is "some calls: these" "$(awk '!/^#/ { sub(/[(].*/, "", $3); print $3 }' "$(listing some)" | sort -u | tr '\n' ' ')" \
    "multicall unknown update_va_mapping "
check "entries alone" trace entries --guest="$traced" --calls=fpu_taskswitch
is "entries alone: one" "$(awk '!/^#/ { sub(/^[0-9]*/, "", $1); print $1, $4, $11 }' "$(listing entries)")" ".3 1 0"
check "none of them" trace none --guest="$traced" --calls=domctl
check_text "none of them: says so" "0 calls, 0 of them" "$CASE_TMP/check.out"
check "few lines" trace few --guest="$traced" --lines=10
is "few lines: so many" "$(grep -vc '^#' "$(listing few)")" 10
check_text "few lines: says so" "these are the first 10 only" "$CASE_TMP/check.out"
check "JSON" sh -c '"$1" trace --guest="$2" --calls=unknown --json --out="$3" >"$4"' sh "$BENCH" "$traced" "$out" "$CASE_TMP/json"
is "JSON: what the file has" "$(cat "$CASE_TMP/json")" "$(cat "$out/trace/trace/trace.json")"
is "JSON: results" "$(grep -c '"result": -38' "$CASE_TMP/json")" 3
is "JSON: a register" "$(grep -c '"ebp": 26214' "$CASE_TMP/json")" 2

# ---- what cannot be
check_status "no guest" 2 "$BENCH" trace
check_status "make trace without a guest" 2 make -s trace
check_status "missing guest" 5 trace bad --guest=/nosuch
check_status "no such call" 2 trace bad --guest="$traced" --calls='mmu_update,mmu_updat'
check_text "no such call: which" "no hypercall is called mmu_updat;" "$CASE_TMP/check.out"
check_status "no call" 2 trace bad --guest="$traced" --calls=,
check_status "no lines" 2 trace bad --guest="$traced" --lines=0
check_status "too many lines" 2 trace bad --guest="$traced" --lines=1000001
check_status "lines that are no number" 2 trace bad --guest="$traced" --lines=many
check_status "a label that is none" 2 trace ../bad --guest="$traced"
check_status "a place that cannot be written" 3 "$BENCH" trace --guest="$traced" --out=/proc/nosuch
check_status "a hypervisor without counters" 3 trace bad --guest="$traced" --hypervisor="$B/int82.elf"
check_text "a hypervisor without counters: says so" "only the build with counters does" "$CASE_TMP/check.out"
[ ! -e "$out/bad" ] && pass "nothing is left of these" || fail "nothing is left of these" "$(ls "$out/bad")"
check_status "a guest that does not end" 3 trace idle --guest="$B/guest/idle.elf" --timeout=1
check_text "a guest that does not end: says so" "goes up to there" "$CASE_TMP/check.out"
is "a guest that does not end: its calls" "$([ "$(wc -l <"$(listing idle)")" -gt 3 ] && echo some)" some

# The option by itself: without a debug console, and with values that make no sense.
check_status "no debug console" 0 run_qemu -k "$B/int82-counters.elf" -a hypercall_trace=100 "$B/guest/hello.elf"
check_text "no debug console: says so" "there is no debug console at port 0xe9" "$CONSOLE"
for value in 0 x 10/ 10/x 10/1x ''; do
    check_status "hypercall_trace=$value" 0 run_qemu -k "$B/int82-counters.elf" -a "hypercall_trace=$value" "$B/guest/hello.elf"
    check_text "hypercall_trace=$value: says so" "Option hypercall_trace: cannot make sense of \"$value\"" "$CONSOLE"
done
