#!/bin/sh
# The interrupt descriptor table as the processor has it while a guest runs, read through QEMU's monitor: every gate into
# the hypervisor is an interrupt gate, so that interrupts are off from its first instruction (XSA-446); what a program may
# raise by an INT is as little as can be; and the one gate that leads elsewhere leads to a guest's ring.
. tests/lib.sh
need qemu-system-i386

# A guest that stays: it has set a handler for int 0x80, and crashed.
{
    sleep 2
    echo 'info registers'
    sleep 1
} | timeout -k 5 20 qemu-system-i386 -m 64 -cpu qemu64 -display none -serial "file:$CASE_TMP/console" -nic none -accel tcg \
    -monitor stdio -kernel "$OUR_HYPERVISOR" -append noreboot -initrd "$B/guest/tests.elf crash=idle" >"$CASE_TMP/monitor" 2>&1 &
qemu=$!
wait $qemu
idt=$(sed -n 's/^IDT= *\([0-9a-f]*\) .*/\1/p' "$CASE_TMP/monitor" | tail -n 1)
cat "$CASE_TMP/console"
echo "IDT at $idt"
