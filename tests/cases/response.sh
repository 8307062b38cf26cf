#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# How long domain 0 waits for a domain that does its worst (guest/tests/response.c), by a clock that ticks once an
# instruction. The test's limit is the one that docs/security.md states.
. tests/lib.sh
need qemu-system-i386

stated=$(sed -n 's/.*answered within \([0-9]*\) ms.*/\1/p' docs/security.md)
tested=$(sed -n 's/^#define RESPONSE_NS \([0-9]*\)000000ull$/\1/p' guest/tests/response.c)
[ -n "$stated" ] && [ "$stated" = "$tested" ] && pass "the limit is the stated one: $stated ms" ||
    fail "the limit is the stated one" "docs/security.md: $stated, response.c: $tested"
for hypervisor in int82 int82-counters; do
    check_status "$hypervisor: powered off" 0 run_qemu -t 60 -m 128 -k "$B/$hypervisor.elf" -a dom0_mem=64M \
        "$B/guest/tests.elf" 'only=response* response=1'
    check_text "$hypervisor: passed" "@tests end passed=1 failed=0 " "$CONSOLE"
    grep "response: at most" "$CONSOLE"
done
