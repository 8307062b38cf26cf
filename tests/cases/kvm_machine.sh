#!/bin/sh
# SPDX-License-Identifier: MIT
# The machine with a KVM (tools/kvm-machine.sh), as far as it can be seen without booting it: what it says when something
# is wrong. What happens in it is tested by kvm_bench.
. tests/lib.sh

machine=tools/kvm-machine.sh
bin=$CASE_TMP/bin
mkdir "$bin"
# program NAME TEXT: a stand-in for it, found first
program() {
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod 755 "$bin/$1"
}
wrong() { # NAME STATUS TEXT COMMAND...: ends with STATUS and says TEXT
    wrong_name=$1 wrong_text=$3
    wrong_status=$2
    shift 3
    check_status "$wrong_name" "$wrong_status" env PATH="$bin:$PATH" "$@"
    check_text "$wrong_name: says so" "$wrong_text" "$CASE_TMP/check.out"
}
run() { # STATUS TEXT NAME OPTION...
    run_status=$1 run_text=$2 run_name=$3
    shift 3
    wrong "$run_name" "$run_status" "$run_text" "$machine" -o "$CASE_TMP/out" "$@"
}

wrong "help" 0 "usage: tools/kvm-machine.sh" "$machine" --help
run 2 "usage: tools/kvm-machine.sh" "no command"
run 2 "usage: tools/kvm-machine.sh" "unknown option" -x 1 true
run 2 "-c none" "a number that is none" -c none true
run 2 "-m 0" "no memory" -m 0 true
run 2 "it is 0 or 1" "nested paging neither on nor off" -n 2 true

# Fetching the kernel, with stand-ins for apt.
program apt-cache ':'
wrong "an apt without lists" 5 "apt-get update" env KVM_MACHINE_CACHE="$CASE_TMP/cache" "$machine" --prepare
program apt-cache 'echo "  Depends: linux-image-0"'
program apt-get 'echo "E: 404 Not Found"; exit 100'
wrong "a mirror without the package" 5 "404 Not Found" env KVM_MACHINE_CACHE="$CASE_TMP/cache" "$machine" --prepare
check "nothing is left of it" [ -z "$(ls -A "$CASE_TMP/cache"* 2>/dev/null)" ]
wrong "a cache that cannot be written" 5 "KVM_MACHINE_CACHE" env KVM_MACHINE_CACHE=/proc/nosuch/cache "$machine" --prepare
rm "$bin/apt-cache" "$bin/apt-get"

# The machine, with a stand-in for QEMU.
mkdir "$CASE_TMP/cache" "$CASE_TMP/cache/modules"
: >"$CASE_TMP/cache/vmlinuz"
export KVM_MACHINE_CACHE="$CASE_TMP/cache"
if command -v busybox >/dev/null && command -v cpio >/dev/null; then
    program qemu-system-x86_64 'echo "the kernel is upset" >&2; exit 1'
    run 6 "the kernel is upset" "a machine that dies" true
    program qemu-system-x86_64 'exec sleep 60'
    run 124 "not done after 1 s" "a machine that hangs" -t 1 true
    program qemu-system-x86_64 'echo 3 >"'"$CASE_TMP"'/out/.status"; cat "'"$CASE_TMP"'/out/.command"'
    run 3 "exit 3 or so" "the command's status" exit 3 or so
    mkdir "$CASE_TMP/a b"
    check_status "a path that the machine cannot be told of" 2 "$machine" -o "$CASE_TMP/a b" true
else
    echo "@test skip the machine: busybox or cpio is not installed"
fi
