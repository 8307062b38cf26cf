#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# What cannot be booted is refused in one clear line, and the machine goes off; what is odd but harmless is told.
. tests/lib.sh
need qemu-system-i386 objcopy

# refused NAME TEXT [run_qemu options] [GUEST ARGUMENTS]
refused() {
    r_name=$1 r_text=$2
    shift 2
    CONSOLE=$CASE_TMP/$(echo "$r_name" | tr ' ' _)
    r_rc=0
    run_qemu -t 20 "$@" >"$CASE_TMP/out" || r_rc=$?
    [ $r_rc = 0 ] && pass "$r_name: powered off" || fail "$r_name: powered off" "status $r_rc"
    check_text "$r_name: says why" "$r_text" "$CONSOLE"
    r_lines=$(grep -c "$r_text" "$CONSOLE")
    [ "$r_lines" = 1 ] && pass "$r_name: in one line" || fail "$r_name: in one line" "$r_lines lines"
}

guest=$B/guest/tests.elf
cp "$guest" "$CASE_TMP/cut.elf"
truncate -s 300 "$CASE_TMP/cut.elf"
head -c 20000 /dev/zero >"$CASE_TMP/zeros"
printf 'x' >"$CASE_TMP/tiny"
gzip -c "$guest" >"$CASE_TMP/packed.gz"
head -c 30000 "$CASE_TMP/packed.gz" >"$CASE_TMP/cut.gz"
printf 'no kernel at all' | gzip -c >"$CASE_TMP/text.gz"
{ head -c 5000 "$CASE_TMP/packed.gz"; printf 'changed'; tail -c +5008 "$CASE_TMP/packed.gz"; } >"$CASE_TMP/changed.gz"
{ head -c -4 "$CASE_TMP/packed.gz"; printf '\377\377\377\003'; } >"$CASE_TMP/wrong.gz"
{ cat "$guest"; head -c 60000000 /dev/zero; } | gzip -c >"$CASE_TMP/large.gz"

# field FILE OFFSET BYTES...: a copy of the guest with bytes (octal) changed
field() {
    cp "$guest" "$CASE_TMP/$1"
    # shellcheck disable=SC2059 # it has octal numbers
    printf "$3" | dd of="$CASE_TMP/$1" bs=1 seek="$2" conv=notrunc status=none
}
field not_x86.elf 18 '\050'
field no_executable.elf 16 '\001'
field headers_beyond.elf 28 '\000\000\000\177'
field many_headers.elf 44 '\377\377'
field no_headers.elf 44 '\000\000'

refused "no module" "No guest: give the boot loader a kernel as the first module"
refused "no ELF" "it is no ELF file" "$CASE_TMP/zeros"
refused "one byte" "it is no ELF file" "$CASE_TMP/tiny"
refused "compressed, cut short" "Module 0 cannot be domain 0: " "$CASE_TMP/cut.gz"
refused "compressed, changed" "Module 0 cannot be domain 0: " "$CASE_TMP/changed.gz"
refused "compressed text" "it is no ELF file" "$CASE_TMP/text.gz"
refused "compressed, another size" "it unpacks to another size than it says" "$CASE_TMP/wrong.gz"
refused "compressed, more than there is memory" "there is too little memory to unpack it" -m 60 "$CASE_TMP/large.gz"
refused "no Xen notes" "it is no Xen guest: it has neither Xen's ELF notes nor a __xen_guest section" "$OUR_HYPERVISOR"
refused "cut short" "Module 0 cannot be domain 0" "$CASE_TMP/cut.elf"
refused "another processor" "Module 0 cannot be domain 0" "$CASE_TMP/not_x86.elf"
refused "no executable" "Module 0 cannot be domain 0" "$CASE_TMP/no_executable.elf"
refused "program headers beyond the file" "Module 0 cannot be domain 0" "$CASE_TMP/headers_beyond.elf"
refused "65535 program headers" "Module 0 cannot be domain 0" "$CASE_TMP/many_headers.elf"
refused "no program headers" "Module 0 cannot be domain 0" "$CASE_TMP/no_headers.elf"
# A 64-bit ELF file: the class byte is what decides.
field wide.elf 4 '\002'
refused "64-bit guest" "it is a 64-bit kernel" "$CASE_TMP/wide.elf"
refused "8 MiB" "Too little memory" -m 8 "$guest"
refused "32 MiB" "Too little memory" -m 32 "$guest"
refused "dom0_mem=1M" "Too little memory" -a "dom0_mem=1M" "$guest"

# Every 97th byte of the first two pages, inverted: never a hang, never a fault of the hypervisor's own.
bad=0
for offset in $(seq 24 97 1400); do
    field mutant.elf "$offset" '\377\177'
    CONSOLE=$CASE_TMP/mutant
    rm -f "$CONSOLE"
    run_qemu -t 20 "$CASE_TMP/mutant.elf" 'only=version_number' >/dev/null || { bad=1; echo "offset $offset: status $?"; }
    if grep -qiE 'BUG at|hypervisor (fault|bug)|double fault' "$CONSOLE"; then
        bad=1
        echo "offset $offset:"
        tail -n 5 "$CONSOLE"
    fi
done
[ $bad = 0 ] && pass "mutated headers" || fail "mutated headers" "see above"

CONSOLE=$CASE_TMP/options
check_status "unknown option boots" 0 run_qemu -t 60 -a "nosuch=7 dom0_mem=64M loglvl=all another" "$guest" 'only=version_number'
check_text "unknown option is told" "Unknown option: nosuch" "$CONSOLE"
check_text "unknown option without a value is told" "Unknown option: another" "$CONSOLE"
check_status "bad value boots" 0 run_qemu -t 60 -a "dom0_mem=lots" "$guest" 'only=version_number'
check_text "bad value is told" "Option dom0_mem: cannot make sense of" "$CONSOLE"
