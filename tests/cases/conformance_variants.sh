#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 280
# The conformance guest on other processors (with and without NX, with all that QEMU has) and on the plain entry path.
. tests/lib.sh
need qemu-system-i386

# variant NAME [run_qemu options]
variant() {
    v_name=$1
    shift
    CONSOLE=$CASE_TMP/console.$(echo "$v_name" | tr ' ' _)
    v_rc=0
    run_qemu -t 100 "$@" "$B/guest/tests.elf" >"$CASE_TMP/out" || v_rc=$?
    grep '^@test fail' "$CONSOLE" | tr -d '\r' | sed "s/^@test fail /@test fail $v_name: /"
    if [ $v_rc = 0 ] && grep -q '^@tests end .* failed=0 ' "$CONSOLE"; then
        pass "$v_name: $(sed -n 's/^@tests end passed=\([0-9]*\).*/\1/p' "$CONSOLE") tests"
    else
        tail -n 10 "$CONSOLE"
        fail "$v_name" "status $v_rc"
    fi
}

for cpu in max pentium3 n270 core2duo phenom; do
    variant "-cpu $cpu" -c $cpu
done
check "build the plain entry path" make -s ENTRY=plain B="$CASE_TMP/plain" "$CASE_TMP/plain/int82.elf"
variant "plain entry path" -k "$CASE_TMP/plain/int82.elf"
