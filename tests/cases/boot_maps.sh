#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 150
# Memory maps as some firmware has them (tests/dirty_loader makes them): each boots, what is given up is told, and the
# auditor finds each frame to be somebody's. tests/unit/test_memory_map.c and test_multiboot.c have many more.
. tests/lib.sh
need qemu-system-i386

loader=$CASE_TMP/loader.elf
check "the loader is built" "${CC:-gcc}" -m32 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector \
    -fno-asynchronous-unwind-tables -fcf-protection=none -mgeneral-regs-only -nostdlib -static -no-pie \
    -Wl,--build-id=none,-z,noexecstack,-Ttext=0x2001000,--section-start=.start=0x2000000,-e,start \
    -o "$loader" tests/dirty_loader/start.S tests/dirty_loader/load.c

# boots KIND "WHAT IS TOLD"...
boots() {
    b_kind=$1
    shift
    CONSOLE=$CASE_TMP/console.$b_kind
    b_rc=0
    run_qemu -t 60 -m 128 -k "$loader" -a "map=$b_kind" -i "$B/guest/tests.elf only=memory*,,start_of_day*,,audit*" \
        "$B/int82-counters.elf loglvl=all" >"$CASE_TMP/out" || b_rc=$?
    [ $b_rc = 0 ] && pass "$b_kind: powered off" || fail "$b_kind: powered off" "status $b_rc"
    check_text "$b_kind: its tests pass" " failed=0 " "$CONSOLE"
    for b_text; do
        check_text "$b_kind: $b_text" "$b_text" "$CONSOLE"
    done
    grep -q 'BUG at' "$CONSOLE" && fail "$b_kind: no bug" "$(grep 'BUG at' "$CONSOLE")" || pass "$b_kind: no bug"
}
boots overlap "Memory: 123 MiB" "000100000 - 007be0000  RAM"
boots many "entries are too many; the smallest" "RAM, are not used"
boots hole "000f00000 - 001000000  reserved" "000100000 - 000f00000  RAM"
boots endless "Memory map: an entry of size 4294967292 cannot be right" "Memory: 127 MiB"
