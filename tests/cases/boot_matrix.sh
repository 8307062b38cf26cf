#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 500
# Boots what PCs there are in QEMU: boards, without the PIT, the 8259s, the HPET and each pair of them, UEFI, up to 8
# processors, processors from qemu32 to max. On each the log must name the clock that calibrated the TSC and the timer
# that are to be expected there, and the conformance guest's tests of time and scheduling must pass: they need
# interrupts, and nothing else of a boot depends on these devices. All of its tests run on pc in the case conformance, and
# here on machines without PCI, without I/O APICs, and without a local APIC.
. tests/lib.sh
need qemu-system-i386 qemu-system-x86_64 grub-mkrescue xorriso mformat

only="only=time_*,sched_*"
# A machine that cannot be switched off (isapc) waits at its end: QEMU is ended when the last line is there.

# booted NAME "QEMU'S ARGUMENTS" ["GUEST'S ARGUMENTS" ["HYPERVISOR'S ARGUMENTS"]]: its console goes to $CASE_TMP/NAME
booted() {
    b_log=$CASE_TMP/$1
    : >"$b_log"
    # shellcheck disable=SC2086
    limit "${TIME:-50}" qemu-system-i386 -m 128 -display none -monitor none -nic none -no-reboot -accel tcg -icount shift=0,sleep=off \
        -serial "file:$b_log" $2 -kernel "$OUR_HYPERVISOR" -append "loglvl=all ${4:-}" \
        -initrd "$B/guest/tests.elf ${3:-$(echo "$only" | sed 's/,/,,/g')}" </dev/null >"$b_log.qemu" 2>&1 &
    b_pid=$!
    while kill -0 $b_pid 2>/dev/null; do
        grep -aq 'cannot be switched off' "$b_log" && kill $b_pid 2>/dev/null
        sleep 0.2
    done
    wait $b_pid 2>/dev/null
}

# One line a row: NAME | TSC's source | timer | its interrupts | hypervisor's arguments | QEMU's arguments
cat >"$CASE_TMP/rows" <<'ROWS'
pc|PM timer|apic|I/O APICs: 24||-machine pc
q35|PM timer|apic|I/O APICs: 24||-machine q35
isapc|PIT, which nothing confirms|apic|No I/O APIC||-machine isapc -cpu qemu32
microvm|PIT, which nothing confirms|apic|I/O APICs: ||-machine microvm,rtc=on
q35-no-pit|PM timer|apic|I/O APICs: 24||-machine q35,pit=off
q35-no-pic|PM timer|apic|I/O APICs: 24||-machine q35,pic=off
q35-no-hpet|PM timer|apic|I/O APICs: 24||-machine q35,hpet=off
q35-no-pit-pic|PM timer|apic|I/O APICs: 24||-machine q35,pit=off,pic=off
q35-no-pit-hpet|PM timer, which nothing confirms|apic|I/O APICs: 24||-machine q35,pit=off,hpet=off
q35-no-pic-hpet|PM timer|apic|I/O APICs: 24||-machine q35,pic=off,hpet=off
q35-none|PM timer, which nothing confirms|apic|I/O APICs: 24||-machine q35,pit=off,pic=off,hpet=off
q35-no-pit-hpet-timer|PM timer|hpet|I/O APICs: 24|timer=hpet|-machine q35,pit=off
pc-hpet|PM timer|hpet|No I/O APIC|nolapic|-machine pc
pc-pit|PM timer|pit|No I/O APIC|nolapic|-machine pc,hpet=off
pc-pit-asked-for|PM timer|pit|I/O APICs: 24|timer=pit|-machine pc
isapc-pit|PIT, which nothing confirms|pit|No I/O APIC|nolapic|-machine isapc -cpu qemu32
q35-2-cpus|PM timer|apic|I/O APICs: 24||-machine q35 -smp 2
q35-8-cpus|PM timer|apic|I/O APICs: 24||-machine q35 -smp 8
qemu32|PM timer|apic|I/O APICs: 24||-cpu qemu32
pentium3|PM timer|apic|I/O APICs: 24||-cpu pentium3
core2duo|PM timer|apic|I/O APICs: 24||-cpu core2duo
Nehalem|PM timer|apic|I/O APICs: 24||-cpu Nehalem
EPYC|PM timer|apic|I/O APICs: 24||-cpu EPYC
max|PM timer|apic|I/O APICs: 24||-cpu max
ROWS

judged() { # NAME SOURCE TIMER CONTROLLER
    # An edge is seen up to a turn of the loop that looks for it too late: half a kHz.
    tr -d '\r' <"$CASE_TMP/$1" | sed 's/TSC: \(999.999\|1000.001\) MHz/TSC: 1000.000 MHz/' >"$CASE_TMP/$1.text"
    for want in "TSC: 1000.000 MHz by $2" "Timer: $3," "$4" "failed=0 skipped=0"; do
        grep -qF -- "$want" "$CASE_TMP/$1.text" || {
            grep -e 'TSC' -e 'Timer' -e 'APIC' -e '^@test fail' -e '^@tests end' "$CASE_TMP/$1.text"
            tail -n 3 "$CASE_TMP/$1.text" "$CASE_TMP/$1.qemu"
            fail "$1" "'$want' is not in the log"
            return
        }
    done
    pass "$1: $2; $3"
}

# So many at once as there are processors.
started=0
while IFS='|' read -r name _ _ _ arguments machine; do
    booted "$name" "$machine" "" "$arguments" &
    started=$((started + 1))
    [ $((started % $(nproc))) = 0 ] && wait
done <"$CASE_TMP/rows"
wait
while IFS='|' read -r name source timer controller _; do
    judged "$name" "$source" "$timer" "$controller"
done <"$CASE_TMP/rows"

# all NAME "QEMU'S ARGUMENTS" ["HYPERVISOR'S ARGUMENTS"]: all tests of the guest
all() {
    TIME=200 booted "all-$1" "$2" "only=*" "${3:-}"
}
all_passed() {
    for a_name; do
        tr -d '\r' <"$CASE_TMP/all-$a_name" | grep '^@test fail' | sed "s/^@test fail /@test fail $a_name: /"
        check_text "$a_name: all tests" " failed=0 " "$CASE_TMP/all-$a_name"
    done
}
all isapc "-machine isapc -cpu qemu32" &
all microvm "-machine microvm,rtc=on" &
wait
all noapic "-machine q35 -smp 2" noapic &
all nolapic "-machine pc -cpu max" "nolapic timer=pit" &
wait
all_passed isapc microvm noapic nolapic

# What cannot work says why.
booted pentium "-cpu pentium" &
booted microvm-none "-machine microvm,pit=off,pic=off" &
wait
check_text "pentium: why not" "needs a processor with PAE" "$CASE_TMP/pentium"
check_text "microvm without any clock: what was tried" "tried CPUID 15h, 16h and 40000010h, ACPI's PM timer, HPET, PIT (8254)" "$CASE_TMP/microvm-none"
booted refused "-machine q35,hpet=off" "only=time_set*" "timer=hpet" &
booted no-rtc "-machine microvm,rtc=off" "only=time_set*" &
wait
check_text "a timer that is not there is refused" "this machine has no hpet" "$CASE_TMP/refused"
check_text "and another one taken" "Timer: apic," "$CASE_TMP/refused"
check_text "microvm without an RTC: said" "No real-time clock: the wall clock begins at 0" "$CASE_TMP/no-rtc"
check_text "microvm without an RTC: boots" "passed=3 failed=0" "$CASE_TMP/no-rtc"

check "make the ISO" make_iso "$CASE_TMP/tests.iso" "loglvl=all" "$B/guest/tests.elf" "$only"
CONSOLE=$CASE_TMP/uefi
check_status "UEFI: powers off" 0 run_iso UEFI64 cdrom "$CASE_TMP/tests.iso"
check_text "UEFI: the timer" "Timer: apic," "$CONSOLE"
check_text "UEFI: passes" "failed=0" "$CONSOLE"
