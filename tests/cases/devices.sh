#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 100
# Domain 0 drives a disk and a source of random bytes by MSI-X, and by their pins on one shared line, on both of QEMU's
# PCs, and through the 8259s (guest/examples/device). The disk's contents are made and looked at here, and the devices'
# own counts of what they did stand beside the guest's count of interrupts: a lost one shows as a difference.
. tests/lib.sh
need qemu-system-i386 awk

image=$CASE_TMP/disk
guest=$B/guest/device.elf

# 129 sectors: 128 with a text that says where it is, and one that the guest writes.
make_disk() {
    awk 'BEGIN { for (s = 0; s < 129; s++) for (l = 0; l < 32; l++) printf "%07d:%06d \n", s, l }' >"$image"
}

# boot MACHINE OPTIONS [HYPERVISOR'S OPTIONS]: pins of devices 4 and 8 share a line on both machines.
boot() {
    name="$1 $2${3:+ $3}"
    CONSOLE=$CASE_TMP/console.$(echo "$name" | tr ' =' '__')
    boot_rc=0
    make_disk
    run_qemu -t 60 -a "dom0_mem=32M ${3:-}" -x "-M $1 -drive file=$image,format=raw,if=none,id=d
        -device virtio-blk-pci,drive=d,addr=4 -device virtio-rng-pci,addr=8" "$guest" "$2" >"$CASE_TMP/out" 2>&1 || boot_rc=$?
    grep 'device:' "$CONSOLE" | grep -v 'device: line'
    [ $boot_rc = 0 ] && pass "$name: powered off" || fail "$name: powered off" "status $boot_rc"
    check_text "$name: nothing lost, nothing wrong" "device: end: devices=2 errors=0" "$CONSOLE"
}

# of NAME: the figures of that name, added up.
of() {
    sed -n "s/.* $1=\([0-9]*\).*/\1/p" "$CONSOLE" | awk '{ n += $1 } END { print n + 0 }'
}

# The last request wrote a sector: it must be there, and nothing else changed.
check_disk() {
    awk 'BEGIN { for (s = 0; s < 128; s++) for (l = 0; l < 32; l++) printf "%07d:%06d \n", s, l
                 for (i = 0; i < 512; i++) printf "w" }' >"$CASE_TMP/want"
    check "$name: the disk has what was written" cmp "$image" "$CASE_TMP/want"
}

for machine in pc q35; do
    boot $machine "requests=200"
    check_disk
    [ "$(of interrupts)" = 400 ] && pass "$name: as many interrupts as requests" ||
        fail "$name: as many interrupts as requests" "$(of interrupts)"
    [ "$(grep -c ' MSI-X, ' "$CONSOLE")" = 2 ] && pass "$name: by MSI-X" || fail "$name: by MSI-X" "see above"

    boot $machine "requests=200 intx"
    check_disk
    [ "$(grep -c 'device: pirq ' "$CONSOLE")" = 1 ] && pass "$name: one line for both" ||
        fail "$name: one line for both" "see above"
done

# Without I/O APICs the line comes through the 8259s.
boot pc "requests=200 intx" noapic
check_disk
