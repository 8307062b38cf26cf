#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 120
# A kernel compressed by gzip, and one in Linux's boot format, boot like the plain one, and nothing of the memory that was
# used to unpack them is lost: domain 0 gets as many pages with dom0_mem=, and as many stay free. That an image which
# is broken is refused is boot_failures.sh's and tests/unit/test_inflate.c's.
. tests/lib.sh
. tests/bzimage.sh
need qemu-system-i386 gzip objcopy

guest=$CASE_TMP/guest.elf
objcopy --strip-debug "$B/guest/tests.elf" "$guest"
gzip -9 -c "$guest" >"$CASE_TMP/guest.gz"

bzimage "$CASE_TMP/guest.gz" >"$CASE_TMP/bzImage"
gzip -c "$CASE_TMP/bzImage" >"$CASE_TMP/bzImage.gz"

run() {
    CONSOLE=$CASE_TMP/$1.console
    check_status "$1: boots" 0 run_qemu -a "dom0_mem=64M loglvl=all" "$2" 'only=version*,start_of_day*,memory*'
    check_text "$1: its tests pass" " failed=0 " "$CONSOLE"
    grep -E '^\(XEN\) (Domain 0:|  p2m list)' "$CONSOLE" >"$CASE_TMP/$1.layout"
}
run plain "$guest"
for kind in gz bzImage bzImage.gz; do
    file=$CASE_TMP/$kind
    [ -e "$file" ] || file=$CASE_TMP/guest.$kind
    run $kind "$file"
    check_text "$kind: unpacked" "unpacked: " "$CONSOLE"
    check "$kind: loaded as the plain one is" cmp "$CASE_TMP/plain.layout" "$CASE_TMP/$kind.layout"
done
