#!/bin/sh
# SPDX-License-Identifier: MIT
# The KVM path with a real KVM, that of tools/kvm-machine.sh: measured, compared, gated and profiled. And the same figures
# as under TCG, to the digit, where KVM has nothing to do: that machine's clock counts instructions, so a row that costs
# more there has left the guest in its measured loop.
# A busy host changes neither that machine's clock nor the time limit below.
# timeout: 900
. tests/lib.sh
. tests/noise.sh
need qemu-system-x86_64 qemu-system-i386 busybox cpio gnuplot perf
tools/kvm-machine.sh --prepare >"$CASE_TMP/prepare" 2>&1 || skip_case "no kernel for the machine: $(tail -n 1 "$CASE_TMP/prepare")"

# These do leave the guest: CPUID, and the timer of the interrupt controller.
leave="emul_cpuid_prefix set_timer_op set_timer_oneshot timer_interrupt ipi_round_trip"
# Of these a fraction of a tick depends on when a timer interrupt comes.
disturbed="console_ring_echo domain_ping_pong context_switch"
rows=xen_version/1,mmu_map_rw/128,mmuext_invlpg_local
out=$CASE_TMP/out
mkdir "$out"

# What happens inside: each step's output and status are in files of its name. CPUID, with which the guest reads its
# processor's name, is one of the instructions that this KVM cannot decode with nested paging.
cat >"$out/inside.sh" <<EOF
bench=$B/int82-bench
# Without git, which would read the whole tree again there to tell whether it was changed.
if [ -d .git ]; then mount -t tmpfs none .git; else rm -f .git; fi
step() {
    step_name=\$1
    shift
    "\$@" >"$out/\$step_name.out" 2>&1 </dev/null
    echo \$? >"$out/\$step_name.status"
    echo "\$step_name: until \$(cut -d ' ' -f 1 /proc/uptime) s"
}
step probe \$bench probe
step bench \$bench run --engine=auto --rows=$rows --label=bench --pin=0 --out=$out --no-plot
step profile \$bench profile --engine=kvm --seconds=0.3 --out=$out --label=p mmu_map_rw/128
step profile2 \$bench profile --engine=kvm --seconds=0.1 --out=$out --label=p xen_version
kvm-npt 1
step nested \$bench run --pin=0 --guest-args=cpuid=no --out=$out --label=nested --no-plot
kvm-npt 0
step gate \$bench gate --rounds=6 --rows=xen_version/1,mmu_map_rw/128 --pin=0 $B/int82.elf $B/int82.elf
step compare \$bench compare --rounds=9 --rows=xen_version/1,mmu_map_rw/128 --pin=0 --max-regression=0 --out= \\
    $B/int82.elf $B/int82-counters.elf
EOF
start=$(date +%s)
tools/kvm-machine.sh -t 36000 -o "$out" sh "$out/inside.sh" || fail "the machine" "status $?"
echo "the machine took $(($(date +%s) - start)) s here"

step() { # NAME STATUS: the step's status; its output is left in $CASE_TMP/check.out
    cp "$out/$1.out" "$CASE_TMP/check.out"
    if [ "$(cat "$out/$1.status")" = "$2" ]; then
        pass "$1"
    else
        tail -n 20 "$out/$1.out"
        fail "$1" "status $(cat "$out/$1.status") instead of $2"
    fi
}
recorded() { # LABEL KEY VALUE
    check_text "$1: $2 is recorded" "# $2: $3" "$out/$1/bench.csv"
}
ticks() { # LABEL: name/batch and least ticks, sorted
    sed '/^#/d; /^name,/d' "$out/$1/bench.csv" | awk -F, '{ print $1 "/" $2, $3 }' | sort
}

step probe 0
check_text "KVM works there, and is taken" "engine: kvm" "$CASE_TMP/check.out"
step bench 0
recorded bench engine kvm
recorded bench nested_paging off
recorded bench pinned "processor 0"
recorded bench microcode 0x
recorded bench mitigations ""
if sed -n 's/^# exits_per_call: //p' "$out/bench/bench.csv" | grep -q '^[0-9]*\.[0-9]*$'; then
    pass "exits are counted"
else
    fail "exits are counted" "$(grep exits_per_call "$out/bench/bench.csv")"
fi

step gate 0
check_text "equal builds: no finding" "gate: passed" "$CASE_TMP/check.out"
step compare 1
check_text "compared: what was measured" "engine: kvm, boots: 9 and 9" "$CASE_TMP/check.out"
check_text "compared: a build that counts is slower" "2 rows: 2 slower" "$CASE_TMP/check.out"
check_text "compared: the gate finds it" "gate: xen_version/1: " "$CASE_TMP/check.out"

step profile 0
step profile2 0
for f in profile.txt functions.csv perf.data kallsyms; do
    check "the profile's $f" [ -s "$out/p/profile-mmu_map_rw-128/$f" ]
done
check "a second profile stands beside the first" [ -s "$out/p/profile-xen_version-1/profile.txt" ]
check_text "without counters a clock, and it is said" "This machine does not count cycles of guests" \
    "$out/p/profile-mmu_map_rw-128/profile.txt"
# The functions are those that TCG counts in this row's loop, and in the row that does what the guest does between two
# turns: nothing of the boot, nothing without a name.
for row in mmu_map_rw mmu_unmap_rw; do
    check "the exact profile of $row" "$BENCH" profile --out="$out" --label=exact $row/128
done
cat "$out"/exact/profile-mmu_*map_rw-128/functions.csv >"$CASE_TMP/exact"
awk -F, '
    NR == FNR { exact[$1] = 1; next }
    $2 == "hypervisor" { all += $3; if ($1 in exact) known += $3 }
    $2 == "neither" { strange += $3 }
    END {
        printf "%d samples of the hypervisor, %d in functions of the row, %d without a name\n", all, known, strange
        exit !(all >= 50 && known >= 0.8 * all && strange <= 0.02 * all)
    }' "$CASE_TMP/exact" "$out/p/profile-mmu_map_rw-128/functions.csv" >"$CASE_TMP/shares"
rc=$?
cat "$CASE_TMP/shares"
check "nothing of the boot" [ "$(grep -c calibrate "$out/p/profile-mmu_map_rw-128/functions.csv")" = 0 ]
[ $rc = 0 ] && pass "samples are of the row's functions" || fail "samples are of the row's functions" "$(cat "$CASE_TMP/shares")"

step nested 0
recorded nested nested_paging on
check "TCG's figures" "$BENCH" run --engine=tcg --out="$out" --label=tcg --no-plot
ticks nested >"$CASE_TMP/kvm.ticks"
ticks tcg >"$CASE_TMP/tcg.ticks"
for row in $disturbed; do
    sed -i "/^$row\//d" "$CASE_TMP/tcg.ticks" "$CASE_TMP/kvm.ticks"
done
for row in $leave; do
    sed -i "/^$row\//d" "$CASE_TMP/tcg.ticks"
    if [ "$(ticks nested | sed -n "s/^$row.1 \(.*\)\..*/\1/p")" -gt "$(ticks tcg | sed -n "s/^$row.1 \(.*\)\..*/\1/p")" ]; then
        pass "$row leaves the guest"
    else
        fail "$row leaves the guest" "$(ticks nested | grep "^$row/"), and under TCG $(ticks tcg | grep "^$row/")"
    fi
    sed -i "/^$row\//d" "$CASE_TMP/kvm.ticks"
done
if [ "$(wc -l <"$CASE_TMP/tcg.ticks")" -ge 150 ] && cmp -s "$CASE_TMP/tcg.ticks" "$CASE_TMP/kvm.ticks"; then
    pass "KVM equals TCG to the digit: no other row leaves the guest"
else
    fail "KVM equals TCG to the digit" "$(diff "$CASE_TMP/tcg.ticks" "$CASE_TMP/kvm.ticks" | head -n 20)"
fi
check_status "with and without nested paging: not compared" 4 "$BENCH" compare --out="$out/cmp" "$out/bench" "$out/nested"
check_text "with and without nested paging: the reason" "nested paging off and on" "$CASE_TMP/check.out"
check_status "KVM and TCG: not compared" 4 "$BENCH" compare --out="$out/cmp" "$out/nested" "$out/tcg"
# And noise by hand, on the figures that a KVM measured.
noise_check "$out/nested/bench.csv"
