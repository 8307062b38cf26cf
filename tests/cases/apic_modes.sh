#!/bin/sh
# SPDX-License-Identifier: MIT
# The local APIC as firmware may leave it, on machines that have those states: Bochs' processors, whose register is written
# by GRUB before the hypervisor boots. QEMU's TCG has no x2APIC, and does not move registers (dirty_boot has what it can).
# Each boot must use the APIC's timer and pass a test that needs it; only the one that is off for good uses another.
. tests/lib.sh
need bochs grub-mkrescue

# boots NAME VALUE-OF-IA32_APIC_BASE CPU TIMER "TEXT OF THE LOG"
boots() {
    CONSOLE=$CASE_TMP/console
    make_iso "$CASE_TMP/apic.iso" "dom0_mem=32M loglvl=all" "$B/guest/tests.elf" "only=time_singleshot" '' '' "wrmsr 0x1B $2" ||
        return 1
    run_bochs -t 60 -c "$3" "$CASE_TMP/apic.iso" >"$CASE_TMP/$1"
    check_text "$1: said" "$5" "$CASE_TMP/$1"
    check_text "$1: the timer" "Timer: $4," "$CASE_TMP/$1"
    check_text "$1: it interrupts" "@test pass time_singleshot" "$CASE_TMP/$1"
}
boots x2apic 0xFEE00D00 corei7_skylake_x tsc-deadline "Local APIC: id 0, version 14, x2APIC"
boots moved 0xD0000900 corei5_lynnfield_750 apic "Local APIC: firmware had left it on, at 0d0000000"
boots off 0xFEE00100 corei5_lynnfield_750 hpet "firmware has switched it off for good"
