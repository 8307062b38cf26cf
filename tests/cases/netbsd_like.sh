#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# What NetBSD does at its start (guest/examples/netbsd_like), on one and two vCPUs, under TCG with both builds and in Bochs.
. tests/lib.sh
need qemu-system-i386

# It waits in a loop, so an instruction takes 64 ns here.
fast='-icount shift=6'

# came_through NAME PROCESSORS
came_through() {
    check_text "$1, $2 vCPUs" "netbsd_like: $2 processors, 0 failures" "$CONSOLE"
}

for n in 1 2; do
    for build in int82 int82-counters; do
        CONSOLE=$CASE_TMP/$build.$n
        run_qemu -t 30 -x "$fast" -k "$B/$build.elf" -a "dom0_mem=32M dom0_max_vcpus=$n" -m 64 "$B/guest/netbsd_like.elf" >/dev/null
        came_through $build $n
    done
done
CONSOLE=$CASE_TMP/domain
run_qemu -t 30 -x "$fast" -a "dom0_mem=16M domain=kernel=1,mem=32M" -m 96 -i "$B/guest/netbsd_like.elf" "$B/guest/idle.elf" seconds=4 >/dev/null
came_through "an ordinary domain" 1
CONSOLE=$CASE_TMP/refused
run_qemu -t 30 -x "$fast" -a "dom0_mem=32M pv-linear-pt=no" -m 64 "$B/guest/netbsd_like.elf" >/dev/null
check_text "not with pv-linear-pt=no" "is pinned: FAILED" "$CONSOLE"

command -v bochs >/dev/null && command -v grub-mkrescue >/dev/null || exit 0
for n in 1 2; do
    CONSOLE=$CASE_TMP/bochs.$n
    check "make the ISO" make_iso "$CASE_TMP/$n.iso" "dom0_mem=32M dom0_max_vcpus=$n" "$B/guest/netbsd_like.elf"
    run_bochs -t 120 "$CASE_TMP/$n.iso" >/dev/null
    came_through Bochs $n
done
