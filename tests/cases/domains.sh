#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# Further domains from further modules: that they are built as domain= says, that wrong options stop the boot in one line,
# that the conformance guest passes in two of them beside each other and beside a third, and that what one of them does
# wrong with its console or store costs nobody else anything.
. tests/lib.sh
need qemu-system-i386

tests=$B/guest/tests.elf
idle=$B/guest/idle.elf
hello=$B/guest/hello.elf

# boots NAME OPTIONS MODULES [DOMAIN 0's ARGUMENTS]: an idle domain 0 with these beside it; the console is left in $CONSOLE.
boots() {
    CONSOLE=$CASE_TMP/$(echo "$1" | tr ' ' _)
    check_status "$1: ends well" 0 run_qemu -t 60 -a "$2" -i "$3" "$idle" "${4:-seconds=3}"
}
says() {
    check_text "$1: $2" "$2" "$CONSOLE"
}

# refused NAME TEXT OPTIONS [MODULES]
refused() {
    boots "$1" "$3" "${4:-$hello}"
    says "$1" "$2"
    if grep -q 'Domain 0 halted' "$CONSOLE"; then fail "$1" "booted all the same"; fi
}

# --- Options

boots "properties" 'domain=kernel=2,mem=40M,name=second domain=ramdisk=4,kernel=3,vcpus=2,mem=16384' \
    "$hello unused,$hello one  two,,three,$hello,$hello a ramdisk"
says "properties" "Domain 1: 40 MiB"
says "properties" "Domain 2: 16 MiB"
says "properties" '40 MiB, command line "one  two,three"'
says "properties" '16 MiB, command line ""'
boots "unused modules" 'domain=kernel=3' "$hello ramdisk of domain 0,$hello,$hello"
says "unused modules" "Module 2 is not used"
boots "second module claimed" 'domain=kernel=1' "$hello mine"
says "second module claimed" '(d1) Hello from ring 1'

refused "no kernel=" "kernel= is missing" 'domain=mem=64M'
refused "empty" "there is something else in it" 'domain='
refused "no value" "there is something else in it" 'domain'
refused "unknown property" "there is something else in it" 'domain=kernel=1,colour=red'
refused "privileged has no value" "there is something else in it" 'domain=kernel=1,privileged=no'
refused "kernel is no number" "kernel= wants a module's number" 'domain=kernel=one'
refused "kernel without a number" "kernel= wants a module's number" 'domain=kernel='
refused "vcpus=0" "vcpus= wants a number from 1 to 8" 'domain=kernel=1,vcpus=0'
refused "vcpus=9" "vcpus= wants a number from 1 to 8" 'domain=kernel=1,vcpus=9'
refused "mem=lots" "mem= wants an amount" 'domain=kernel=1,mem=lots'
refused "mem=0" "mem= wants an amount" 'domain=kernel=1,mem=0'
refused "long name" "name= wants 1 to 15 characters" 'domain=kernel=1,name=abcdefghijklmnop'
refused "long option" "it is too long" "domain=kernel=1,mem=$(printf '%0100d' 64)"
refused "no such module" "there is no module 2, only 0 to 1" 'domain=kernel=2'
refused "domain 0's kernel" "module 0 is used already" 'domain=kernel=0'
refused "a module twice" "module 1 is used already" 'domain=kernel=1 domain=kernel=1'
refused "a module for two purposes" "module 1 is used already" 'domain=kernel=1,ramdisk=1'
refused "too many" "at most 16 domains" "$(for _ in $(seq 17); do printf 'domain=kernel=1 '; done)"
refused "no kernel" "Module 1 cannot be domain 1" 'domain=kernel=1' README.md
refused "less than it needs" "Too little memory for domain 1: it has" 'domain=kernel=1,mem=1M'
refused "more than there is" "Too little memory" 'domain=kernel=1,mem=1G'

# --- Side by side

# conformance NAME HYPERVISOR PREFIXES...: all tests passed in each.
conformance() {
    c_name=$1
    shift
    for c_prefix; do
        c_end=$(sed -n "s/^$c_prefix@tests end //p" "$CONSOLE")
        case $c_end in
        passed=*" failed=0 "*) pass "$c_name: ${c_prefix:-(d0) }$c_end" ;;
        *)
            grep "^$c_prefix@test fail" "$CONSOLE" || tail -n 5 "$CONSOLE"
            fail "$c_name: $c_prefix" "${c_end:-no end}"
            ;;
        esac
    done
}
for build in int82 int82-counters; do
    CONSOLE=$CASE_TMP/two.$build
    check_status "two, $build: ends well" 0 run_qemu -t 100 -k "$B/$build.elf" -a 'domain=kernel=1 domain=kernel=2' -i "$tests,$tests" "$idle" seconds=60
    conformance "two, $build" '(d1) ' '(d2) '
    if grep -E 'XEN. audit:|BUG at|has crashed' "$CONSOLE"; then fail "two, $build" "see above"; fi
done
# Domain 0 runs the same ones, with the auditor after each, and ends the machine whether the others are done or not.
CONSOLE=$CASE_TMP/three
check_status "three: ends well" 0 run_qemu -t 100 -a 'domain=kernel=1 domain=kernel=2,privileged' -i "$tests only=mmu*,,traps*,,fpu*,,desc*,$tests only=mmu*,,traps*,,fpu*,,store*" "$tests"
conformance "three" '' '(d1) ' '(d2) '

# --- Whoever breaks the rules

for kind in console_out_index console_port_closed console_page_given_up store_request_index store_answer_index store_long_request; do
    boots "$kind" 'domain=kernel=1 domain=kernel=2' "$tests misuse=$kind,$tests only=store*"
    says "$kind" "misuse: $kind is over"
    conformance "$kind" '(d2) '
    [ "$(grep -c 'is served no more' "$CONSOLE")" -le 1 ] && pass "$kind: said once at most" || fail "$kind: said once at most" "more often"
    case $kind in
    *index | *request) says "$kind" "is served no more" ;;
    esac
done

# --- A crash, and what the console makes of it all

boots "crash" 'domain=kernel=1 domain=kernel=2' "$tests crash=ud2_without_handlers,$hello"
says "crash" "Domain 1 has crashed"
says "crash" "(d2) Hello from ring 1"
says "crash" "Domain 0 halted"
boots "nothing passes for another's" 'domain=kernel=1' "$tests only=store_console_line"
says "nothing passes for another's" "(d1) console ring: colour, bell, return"
says "nothing passes for another's" "(d1) console ring: (XEN) not the hypervisor's"
