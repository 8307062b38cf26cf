#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# The console on UARTs other than COM1: a PCI card on both of QEMU's PCs, COM2, and none. All of a boot's text must come
# out of the one that is named, and what is typed there must come in. Domain 0 must not reach it: the same reads, by the
# same guest, find it when the console is another one (guest/examples/device).
. tests/lib.sh
need qemu-system-i386

card="-chardev file,id=c,path=$CASE_TMP/card -device pci-serial,chardev=c,addr=5"

# boot "QEMU'S ARGUMENTS" "HYPERVISOR'S ARGUMENTS" MODULE
boot() {
    # shellcheck disable=SC2086
    limit 60 "${QEMU:-qemu-system-i386}" -m 64 -cpu qemu64 -display none -monitor none -nic none -no-reboot -accel tcg \
        -icount shift=0,sleep=off $1 -kernel "$OUR_HYPERVISOR" -append "loglvl=all $2" ${3:+-initrd "$3"} </dev/null 2>"$CASE_TMP/qemu.out"
}

# whole NAME FILE: a boot from its first line to its last
whole() {
    check_text "$1: the first line" "(XEN) Int82 " "$2"
    check_text "$1: the last line" "(XEN) Powering off" "$2"
    grep -q 'characters lost' "$2" && fail "$1: nothing is lost" "some is" || pass "$1: nothing is lost"
}

# silent NAME FILE
silent() {
    [ -s "$2" ] && fail "$1: COM1 says nothing" "it does" || pass "$1: COM1 says nothing"
}

com1=$CASE_TMP/com1 com2=$CASE_TMP/com2
for machine in pc q35; do
    # Only q35 has configuration space in memory.
    mapped=-19 refused=-19
    [ $machine = q35 ] && mapped=0 refused=-1

    name="$machine, another's card"
    boot "-M $machine -serial file:$com1 $card" '' "$B/guest/device.elf reach=40"
    check_text "$name: domain 0 has it" "device: reach 28: id=00021b36 command-changes=1 add=0 ecam=$mapped port-" "$com1"
    port=$(sed -n 's/.* port-\([0-9a-f]*\)=60.*/\1/p' "$com1") # its transmitter is idle
    [ "$port" ] && pass "$name: port $port, too" || fail "$name: its port, too" "see above"

    name="$machine, the console's card"
    boot "-M $machine -serial file:$com1 $card" 'com1=115200,8n1,pci console=com1' "$B/guest/device.elf reach=40 port=0x$port"
    whole "$name" "$CASE_TMP/card"
    silent "$name" "$com1"
    check_text "$name: no interrupt is known" "the UART is polled" "$CASE_TMP/card"
    check_text "$name: hidden, its ports kept" \
        "device: reach 28: id=ffffffff command-changes=0 add=-19 ecam=$refused port-$port=ff" "$CASE_TMP/card"
done

name="two cards"
boot "-serial none -device pci-serial $card" 'com1=115200,8n1,pci,0,0:5.0' "$B/guest/hello.elf"
whole "$name" "$CASE_TMP/card"

# reached NAME "OPTIONS" PORT WHAT: a boot with the console on COM2, where domain 0 reads this of a port
reached() {
    boot "-serial file:$com1 -serial file:$com2" "$2" "$B/guest/device.elf reach=40 port=0x$3"
    whole "$1" "$com2"
    silent "$1" "$com1"
    check_text "$1: what domain 0 reads" " port-0$3=$4" "$com2"
}
reached "COM2 by its port, which is kept" 'com1=115200,8n1,0x2f8,3 console=com1,vga' 2fd ff
reached "COM2 by its name, and COM1 is not kept" 'com2=115200,8n1 console=com2' 3fd 60

# Why there is none stands on another console, if there is one.
hello=$B/guest/hello.elf
CONSOLE=$CASE_TMP/instead
check_status "not there: boots" 0 run_qemu -a 'com1=115200,8n1,pci com1=fast,8n1' "$hello"
check_text "not there: says so" "Console: no UART on PCI (com1): there is no PCI serial port" "$CONSOLE"
check_text "not there: a wrong value" 'Option com1: cannot make sense of "fast,8n1"' "$CONSOLE"
whole "not there: COM1 in its place" "$CONSOLE"
printf 'x' >"$CASE_TMP/no_kernel"
boot "-serial none $card" 'com1=115200,8n1,pci' "$CASE_TMP/no_kernel"
check_text "a boot that fails says why there" "it is no ELF file" "$CASE_TMP/card"
boot "-serial none $card" 'com1=115200,8n1,pci' ''
check_text "before the UART is known, too" "No guest: give the boot loader a kernel" "$CASE_TMP/card"

# typed NAME MACHINE "HYPERVISOR'S ARGUMENTS": a line and its answer, by a card on standard input
typed() {
    CONSOLE=$CASE_TMP/typed
    : >"$CONSOLE"
    t_rc=0
    {
        await 'echo: ready' "$CONSOLE" || :
        printf 'all of this line, which is longer than a FIFO of 16 characters\r'
        await 'echo: "all of this line, which is longer than a FIFO of 16 characters"' "$CONSOLE" || :
        printf 'quit\r'
    } | limit 60 "${QEMU:-qemu-system-i386}" -m 64 -cpu qemu64 -display none -monitor none -nic none -no-reboot -accel tcg -serial none \
        -chardev "stdio,id=c,logfile=$CONSOLE,signal=off" -M "$2" -device pci-serial,chardev=c,addr=5 -kernel "$OUR_HYPERVISOR" \
        -append "$3" -initrd "$B/guest/echo.elf" >"$CASE_TMP/qemu.out" 2>&1 || t_rc=$?
    [ $t_rc = 0 ] && pass "$1: ends well" || fail "$1: ends well" "status $t_rc"
    check_text "$1: input" 'echo: "all of this line' "$CONSOLE"
}
typed "typed, polled" q35 'com1=115200,8n1,pci console=com1'
typed "typed, by interrupt" pc 'com1=115200,8n1,pci,10 noapic console=com1'
