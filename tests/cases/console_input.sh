#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# What is typed reaches one domain at a time: domain 0 at first, or whom console_input= names; Ctrl-a three times switches to
# the next, a domain's end gives it back to domain 0. The serial line is fed by hand here, each line after the answer to
# the one before has been seen.
. tests/lib.sh
need qemu-system-i386

echo=$B/guest/echo.elf
switch=$(printf '\001\001\001')

# shown TEXT [TIMES]: waits until the console has shown it so often
shown() {
    await "$1" "$CONSOLE" "${2:-1}" || :
}

type_() {
    printf '%s\r' "$1"
}

# boot OPTIONS MODULES: what is typed comes from standard input
boot() {
    limit 60 "${QEMU:-qemu-system-i386}" -m 256 -cpu qemu64 -display none -monitor none -nic none -no-reboot -accel tcg \
        -chardev "stdio,id=c,logfile=$CONSOLE,signal=off" -serial chardev:c -kernel "$OUR_HYPERVISOR" -append "$1" -initrd "$echo,$2" \
        >"$CASE_TMP/qemu.out" 2>&1
}

says() {
    check_text "$name: $1" "$1" "$CONSOLE"
}

name=switched
CONSOLE=$CASE_TMP/switched
: >"$CONSOLE"
rc=0
{
    shown '(d1) echo: ready' && shown '(d2) echo: ready' && shown 'echo: ready' 3
    type_ first
    shown 'echo: "first"'
    printf '%s' "$switch"
    shown 'Input is for domain 1'
    type_ 'to the first guest'
    shown 'echo: "to the first guest"'
    printf '%s' "$switch"
    shown 'Input is for domain 2'
    printf '\001\001' # two are for the guest
    type_ 'to the second'
    shown 'to the second"'
    type_ quit
    shown 'Domain 2 has powered off' && shown 'Input is for domain 0'
    type_ 'back again'
    shown 'echo: "back again"'
    printf '%s' "$switch"
    shown 'Input is for domain 1' 2
    printf '%s' "$switch"
    shown 'Input is for domain 0' 2
    type_ quit
} | boot 'domain=kernel=1 domain=kernel=2' "$echo,$echo" || rc=$?
[ $rc = 0 ] && pass "$name: ends well" || fail "$name: ends well" "status $rc"
says '(d1) echo: "to the first guest"'
says '(d2) echo: "quit"'
grep -q '^echo: "first"' "$CONSOLE" && pass "$name: domain 0 reads the first line" || fail "$name: domain 0 reads the first line" "it does not"
grep -q '^echo: "back again"' "$CONSOLE" && pass "$name: a domain's end gives it back" || fail "$name: a domain's end gives it back" "it does not"
for text in first "back again" "to the first guest"; do
    [ "$(grep -c "echo: \"$text\"" "$CONSOLE")" = 1 ] && pass "$name: one domain reads: $text" || fail "$name: one domain reads: $text" "more"
done
says 'Domain 0 halted'

name=option
CONSOLE=$CASE_TMP/option
: >"$CONSOLE"
rc=0
{
    shown '(d2) echo: ready' && shown 'echo: ready' 3
    type_ hello
    shown '(d2) echo: "hello"'
    printf '%s' "$switch"
    shown 'Input is for domain 0'
    type_ quit
} | boot 'console_input=2 domain=kernel=1 domain=kernel=2' "$echo,$echo" || rc=$?
[ $rc = 0 ] && pass "$name: ends well" || fail "$name: ends well" "status $rc"
says '(d2) echo: "hello"'

name="bad option"
CONSOLE=$CASE_TMP/bad
check_status "$name: boots" 0 run_qemu -t 60 -a 'console_input=7 console_input=many' "$B/guest/hello.elf"
says 'console_input=7: there is no such domain at boot'
says 'Option console_input: cannot make sense of "many"'
