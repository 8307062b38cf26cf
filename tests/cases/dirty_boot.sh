#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# Whatever boot code left in control registers, MSRs, debug registers, flags, memory and the local APIC, no guest finds it: a loader that
# leaves much (tests/dirty_loader) comes before the hypervisor.
. tests/lib.sh
need qemu-system-i386

loader=$CASE_TMP/loader.elf
check "the loader is built" "${CC:-gcc}" -m32 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector \
    -fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only -nostdlib -static -no-pie \
    -Wl,--build-id=none,-z,noexecstack,-Ttext=0x1001000,--section-start=.start=0x1000000,-e,start \
    -o "$loader" tests/dirty_loader/start.S tests/dirty_loader/load.c

# boots KIND "OPTIONS" "MODULES" TEST: the loader leaves dirt of the kind; some domain passes the test.
boots() {
    CONSOLE=$CASE_TMP/console
    rm -f "$CONSOLE"
    run_qemu -t 30 -c max -m 128 -k "$loader" -a "$1" -i "$3" "$OUR_HYPERVISOR $2" >"$CASE_TMP/out" || echo "status $?"
    if grep -q "@test pass $4" "$CONSOLE"; then
        pass "$1: $4"
    else
        tail -n 20 "$CASE_TMP/out"
        fail "$1: $4" "does not pass"
    fi
}
tests=$B/guest/tests.elf
boots apic dom0_mem=32M "$tests only=time_singleshot" time_singleshot
boots "apic (not used)" "dom0_mem=32M nolapic" "$tests only=time_singleshot" time_singleshot
boots off "dom0_mem=32M loglvl=all" "$tests only=time_singleshot" time_singleshot
check_text "off: said" "Local APIC: there is none, or firmware has switched it off for good" "$CASE_TMP/console"
for kind in nothing cr4 efer sysenter debug flags; do
    boots $kind dom0_mem=32M "$tests only=leftovers_boot" leftovers_boot
done
boots "memory that is free" dom0_mem=60M "$tests only=leftovers_ram" leftovers_ram
boots "memory of a domain" 'dom0_mem=60M domain=kernel=1,mem=16M' "$B/guest/idle.elf seconds=3,$tests only=leftovers_ram" leftovers_ram
