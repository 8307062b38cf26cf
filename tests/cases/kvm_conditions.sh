#!/bin/sh
# SPDX-License-Identifier: MIT
# The conditions that decide how fast a guest is under KVM: they are found, recorded, warned of, and checked by compare. The machine and
# the QEMU are stand-ins, so that this needs neither a KVM nor a processor with a frequency.
. tests/lib.sh

export FAKE=whole FAKE_KVM=works FAKE_VCPU='' FAKE_CONSOLE="$CASE_TMP/canned" INT82_HOST_ROOT="$CASE_TMP/root"
out=$CASE_TMP/results
cpu=$INT82_HOST_ROOT/sys/devices/system/cpu
npt=$INT82_HOST_ROOT/sys/module/kvm_amd/parameters/npt
cat >"$FAKE_CONSOLE" <<EOF
@int82 begin schema=1 rows=2
@int82 info suite 123
@int82 info warm_ups 1
@int82 row name=one batch=1 calls=10 empty=10 samples=110,110,120,110,110,110,110,110,110
@int82 row name=two batch=1 calls=10 empty=10 samples=210,210,210,210,210,210,210,210,210
@int82 end rows=2 errors=0
(XEN) Domain 0 halted: powering off.
EOF
mkdir -p "$INT82_HOST_ROOT/dev" "$INT82_HOST_ROOT/proc" "$(dirname "$npt")" "$cpu/cpufreq" "$cpu/smt" "$cpu/vulnerabilities"
: >"$INT82_HOST_ROOT/dev/kvm"
printf 'processor\t: 0\nmodel name\t: Some Processor\nmicrocode\t: 0x42\n' >"$INT82_HOST_ROOT/proc/cpuinfo"
echo "1.90 1.00 1.00 1/100 1000" >"$INT82_HOST_ROOT/proc/loadavg"
echo 0-2,5-9 >"$cpu/online"
for n in 0 1 2 5 6 7 8 9; do
    mkdir -p "$cpu/cpu$n/cpufreq"
    echo performance >"$cpu/cpu$n/cpufreq/scaling_governor"
done
echo 1 >"$cpu/cpufreq/boost"
echo off >"$cpu/smt/control"
echo "Not affected" >"$cpu/vulnerabilities/meltdown"
echo "Mitigation: Retpolines" >"$cpu/vulnerabilities/spectre_v2"
echo "Vulnerable" >"$cpu/vulnerabilities/retbleed"
echo Y >"$npt"

run() { # LABEL OPTION...
    run_label=$1
    shift
    rm -rf "${out:?}/$run_label"
    check_status "run $run_label" 0 "$BENCH" run --qemu=tests/fake-qemu --engine=auto --out="$out" --label="$run_label" --no-plot "$@"
    cp "$CASE_TMP/check.out" "$CASE_TMP/said"
}
recorded() { # LABEL KEY VALUE
    check_text "$1: $2 is recorded" "# $2: $3" "$out/$1/bench.csv"
}
said() {
    check_text "$1" "$2" "$CASE_TMP/said"
}
unsaid() {
    if grep -qF -- "$2" "$CASE_TMP/said"; then fail "$1" "'$2' is in the output"; else pass "$1"; fi
}

run on
said "KVM is taken, and says so" "engine: kvm (QEMU emulator version 0.0 (fake)); a tick is one tick of the TSC, which is no cycle of the core"
said "and why TCG was not" "not taken: tcg: KVM ran the probe guest to its end"
recorded on engine kvm
recorded on engine_not_taken "tcg: KVM ran the probe guest to its end"
recorded on tick "one tick of the TSC, which is no cycle of the core"
recorded on nested_paging on
recorded on pinned no
recorded on frequency_governor performance
recorded on boost on
recorded on smt off
recorded on microcode 0x42
recorded on mitigations "retbleed: Vulnerable; spectre_v2: Mitigation: Retpolines"
recorded on exits_per_call unknown
recorded on aperf_mperf unknown
unsaid "a load of 1.9 is little for eight processors" "the machine is busy"
unsaid "nested paging is nothing to warn of" "nested paging"
said "not pinned: warned of" "is not pinned"

# Another machine: an Intel processor, whose files are in other places.
echo "2.10 1.00 1.00 1/100 1000" >"$INT82_HOST_ROOT/proc/loadavg"
echo powersave >"$cpu/cpu7/cpufreq/scaling_governor"
rm "$cpu/cpufreq/boost"
mkdir "$cpu/intel_pstate"
echo 1 >"$cpu/intel_pstate/no_turbo"
run other
said "a load of 2.1 is much for eight processors" "the machine is busy (load 2.1, 8 processors)"
recorded other frequency_governor "performance, powersave"
said "one processor's governor is another: warned of" "the frequency governor is performance, powersave"
recorded other boost off
check_status "other conditions are compared" 0 "$BENCH" compare --out="$out/cmp" "$out/on" "$out/other"
check_text "other conditions are told" "measured under other conditions" "$CASE_TMP/check.out"
check_text "other conditions: which" "frequency_governor (performance; performance, powersave), boost (on; off)" "$CASE_TMP/check.out"
check_status "equal conditions are compared" 0 "$BENCH" compare --out="$out/cmp" "$out/on" "$out/on"
cp "$CASE_TMP/check.out" "$CASE_TMP/said"
unsaid "equal conditions are not told" "other conditions"

echo N >"$npt"
run off
recorded off nested_paging off
said "no nested paging: warned of" "KVM has no nested paging"
check_status "nested paging on and off: refused" 4 "$BENCH" compare --out="$out/cmp" "$out/on" "$out/off"
check_text "nested paging on and off: the reason" "nested paging on and off" "$CASE_TMP/check.out"
check_status "nested paging on and off: the gate refuses" 4 "$BENCH" gate "$out/on" "$out/off"
rm "$npt"
mkdir -p "$INT82_HOST_ROOT/sys/module/kvm_intel/parameters"
echo Y >"$INT82_HOST_ROOT/sys/module/kvm_intel/parameters/ept"
run ept
recorded ept nested_paging on
rm -r "$INT82_HOST_ROOT/sys/module" "$cpu"
run nothing
recorded nothing nested_paging unknown
recorded nothing mitigations unknown
check_status "nested paging that is not known is compared" 0 "$BENCH" compare --out="$out/cmp" "$out/on" "$out/nothing"

# Exits: 500 more, 200 of them for devices, in 2 rows of 10 calls, 9 samples and one warm-up. Clocks: 0x20 and 0x2000.
FAKE_VCPU=1 FAKE=counted
last=$(sed -n 's/^Cpus_allowed_list:.*[^0-9]//p' /proc/self/status)
export FAKE_PIN="$last"
run counted --pin="$last"
recorded counted exits_per_call 1.50
recorded counted aperf_mperf 0.004
recorded counted pinned "processor $last"
unsaid "pinned: nothing is warned of" pinn

# If QEMU's thread is not found, it cannot be pinned, and the result must not say that it was.
FAKE_VCPU='' FAKE=whole
run unpinned --pin="$last"
recorded unpinned pinned "failed: QEMU's thread of the processor was not found"
said "pinning that failed: warned of" "pinning failed"
check_status "no such processor" 2 "$BENCH" run --qemu=tests/fake-qemu --out="$out" --pin=1000
check_text "no such processor: says so" "--pin=1000: there is no such processor" "$CASE_TMP/check.out"
check_status "no such processor, in a comparison" 2 "$BENCH" compare --qemu=tests/fake-qemu --pin=1000 tree tree

# The probe: its limit is an option, and the engine that was not taken is named.
FAKE_KVM=hang
check_status "a KVM that hangs" 0 "$BENCH" probe --qemu=tests/fake-qemu --probe-timeout=1
check_text "a KVM that hangs: TCG instead" "engine: tcg-icount" "$CASE_TMP/check.out"
check_text "a KVM that hangs: why" "not taken: kvm: the probe guest did not finish within 1 s" "$CASE_TMP/check.out"
check_status "a KVM that hangs, asked for" 3 "$BENCH" probe --engine=kvm --qemu=tests/fake-qemu --probe-timeout=1
check_status "a limit that is none" 2 "$BENCH" probe --qemu=tests/fake-qemu --probe-timeout=soon
FAKE_KVM=slow
check_status "a machine on which QEMU takes long to start" 0 "$BENCH" probe --qemu=tests/fake-qemu
check_text "there the probe may take longer, too" "engine: kvm" "$CASE_TMP/check.out"
FAKE_KVM=''
run without
recorded without engine tcg-icount
recorded without engine_not_taken "kvm: the probe guest failed (status 1)"
check_status "only the name" 0 "$BENCH" probe --qemu=tests/fake-qemu --brief
check "only the name: tcg" [ "$(grep -v '^engine: tcg-icount; not taken: kvm' "$CASE_TMP/check.out")" = tcg ]

# A guest by hand, on the engine that is asked for; by default it is TCG.
FAKE=arguments FAKE_KVM=works
by_hand() { # NAME TEXT COMMAND...
    by_hand_name=$1 by_hand_text=$2
    shift 2
    check_status "$by_hand_name: its status" "${BY_HAND_STATUS:-3}" env QEMU=tests/fake-qemu GUEST="$FAKE_CONSOLE" "$@"
    check_text "$by_hand_name: its engine" "$by_hand_text" "$CASE_TMP/check.out"
}
by_hand "make run" "-accel tcg -cpu qemu64" make -s run
by_hand "make run ENGINE=kvm" "-accel kvm -cpu host" make -s run ENGINE=kvm
by_hand "make run ENGINE=auto" "not taken: tcg: KVM ran the probe guest to its end" make -s run ENGINE=auto
by_hand "make run ENGINE=kvm CPU=" "-accel kvm -cpu Skylake" make -s run ENGINE=kvm CPU=Skylake
check_status "make run ENGINE=abacus" 2 env QEMU=tests/fake-qemu ENGINE=abacus GUEST="$FAKE_CONSOLE" tools/guest.sh run
printf '#!/bin/sh\nsleep 1\n' >"$CASE_TMP/gdb" && chmod 755 "$CASE_TMP/gdb"
# The debugger's own status is make's.
BY_HAND_STATUS=0
by_hand "make debug ENGINE=kvm" "-accel kvm -cpu host" env PATH="$CASE_TMP:$PATH" make -s debug ENGINE=kvm
export FAKE_OUT="$CASE_TMP/qemus"
for guest in fuzz melee; do
    for engine in tcg kvm; do
        : >"$FAKE_OUT"
        env QEMU=tests/fake-qemu B="$B" JOBS=1 OPS=1 ENGINE=$engine "$B/worklimit" 60 tools/$guest.sh >"$CASE_TMP/out" 2>&1
        check_text "$guest on $engine" "-accel $engine" "$FAKE_OUT"
    done
done
FAKE=whole FAKE_KVM=''
rm "$INT82_HOST_ROOT/dev/kvm"
check_status "no /dev/kvm" 3 "$BENCH" probe --engine=kvm --qemu=tests/fake-qemu
check_text "no /dev/kvm: says so" "there is no /dev/kvm" "$CASE_TMP/check.out"

# With a real QEMU, and more than one processor: the guest's has one of them for itself.
unset INT82_HOST_ROOT
if [ "$(nproc)" -gt 1 ] && command -v qemu-system-i386 >/dev/null; then
    "$BENCH" run --engine=tcg --rows='mmu_*' --reps=99 --pin="$last" --out="$out" --label=pinned --no-plot >"$CASE_TMP/pinned" 2>&1 &
    pid=$!
    for _ in $(seq 300); do
        qemu=$(pgrep -P $pid qemu-system | head -n 1)
        [ -n "$qemu" ] && cat "/proc/$qemu/task"/*/status 2>/dev/null | grep -q "^Cpus_allowed_list:.$last\$" && sleep 0.5 && break
        sleep 0.1
    done
    for task in "/proc/$qemu/task"/*; do
        echo "$(cat "$task/comm"):$(sed -n 's/^Cpus_allowed_list:.//p' "$task/status")"
    done >"$CASE_TMP/threads"
    kill $pid
    wait $pid
    check_text "the guest's processor runs there" "ALL CPUs/TCG:$last" "$CASE_TMP/threads"
    if [ "$(wc -l <"$CASE_TMP/threads")" -gt 1 ] && [ "$(grep -c ":\(.*[^0-9]\)\?$last\$" "$CASE_TMP/threads")" = 1 ]; then
        pass "QEMU's other threads run elsewhere"
    else
        fail "QEMU's other threads run elsewhere" "$(cat "$CASE_TMP/threads")"
    fi
else
    echo "@test skip the guest's processor runs there: one processor only, or no QEMU"
fi
