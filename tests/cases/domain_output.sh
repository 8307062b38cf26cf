#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 60
# What ordinary domains print: whose it is, that it cannot pass for another's, and that it is not too much.
. tests/lib.sh
need qemu-system-i386

tests=$B/guest/tests.elf

# runs NAME MODULES SECONDS: beside an idle domain 0.
runs() {
    CONSOLE=$CASE_TMP/$1
    options='dom0_mem=16M domain=kernel=1,mem=16M'
    case $2 in *.elf*,*) options="$options domain=kernel=2,mem=16M" ;; esac
    check_status "$1: ends well" 0 run_qemu -t 20 -m 80 -a "$options" -i "$2" "$B/guest/idle.elf" "seconds=$3"
}

# No line but the hypervisor's own begins with anything but its domain.
runs lines "$tests only=store_console_line,$tests only=store_console_line" 3
for d in 1 2; do
    check_text "domain $d: colour, bell and return are gone" "(d$d) console ring: colour, bell, return" "$CONSOLE"
    check_text "domain $d: a line is its own" "(d$d) console ring: (XEN) not the hypervisor's" "$CONSOLE"
done
if LC_ALL=C grep -q "$(printf '[\033\007]')" "$CONSOLE"; then
    fail "no control characters" "there are some"
else
    pass "no control characters"
fi
if grep -vE '^\((XEN|d1|d2)\) |^$' "$CONSOLE"; then fail "each line says whose it is" "not these"; else pass "each line says whose it is"; fi

# 16 KiB at once, and 2 KiB a second.
runs flood "$tests misuse=console_flood" 2
n=$(tr -cd f <"$CONSOLE" | wc -c)
[ "$n" -ge 8000 ] && [ "$n" -le 24000 ] && pass "a flood is limited: $n of 99000 characters" ||
    fail "a flood is limited" "$n of 99000 characters"
