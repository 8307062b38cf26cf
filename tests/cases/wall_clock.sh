#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 100
# The machine's clock in other years than this one: before 1970's end and 2000, over both ends of a century, in leap years,
# and beyond 2^31 seconds. The guest compares its wall clock with what the machine was started with.
. tests/lib.sh
need qemu-system-i386

for start in 1970-01-01T00:00:10 1980-06-01T12:30:00 1996-02-29T23:59:50 1999-12-31T12:00:00 1999-12-31T23:59:58 \
    2000-01-01T00:00:00 2000-02-29T08:00:00 2000-03-01T00:00:00 2038-01-19T03:14:06 2100-03-01T00:00:00 2105-12-31T23:00:00; do
    CONSOLE=$CASE_TMP/console.$start
    check_status "$start: powered off" 0 run_qemu -x "-rtc base=$start,clock=vm" "$B/guest/tests.elf" \
        "only=time_wall_clock clock=$(date -u -d "$start" +%s)"
    check_text "$start: is the wall clock's time" "passed=1 failed=0 " "$CONSOLE"
done
