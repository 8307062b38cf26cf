#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 60
# pv-linear-pt=no refuses linear page tables; without it, and with yes, they are there.
. tests/lib.sh
need qemu-system-i386

for option in '' pv-linear-pt pv-linear-pt=no; do
    rc=0
    rm -f "$CASE_TMP/console"
    run_qemu -t 20 -a "dom0_mem=32M $option" -m 64 "$B/guest/tests.elf" "only=linear_by_option linear=${option#*=}" >"$CASE_TMP/out" || rc=$?
    if [ $rc = 0 ] && grep -q '^@test pass linear_by_option' "$CASE_TMP/console"; then
        pass "${option:-without the option}"
    else
        tail -n 20 "$CASE_TMP/console"
        fail "${option:-without the option}" "status $rc"
    fi
done
