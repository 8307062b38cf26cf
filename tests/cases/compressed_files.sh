#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# Files as gzip and others write them. gzip: with padding, a line's end or a second member behind, all boot. What others have
# compressed is refused by the hypervisor with the packer's name, plain and within a bzImage, and `make run` and
# the front end unpack it.
. tests/lib.sh
. tests/bzimage.sh
need qemu-system-i386 gzip bzip2 lz4 lzop xz zstd objcopy

guest=$CASE_TMP/guest
objcopy --strip-debug "$B/guest/tests.elf" "$guest"


boots() {
    CONSOLE=$CASE_TMP/$1.console
    check_status "$1: boots" 0 run_qemu "$CASE_TMP/$1" only=version_number
    check_text "$1: its test passes" "passed=1 failed=0 " "$CONSOLE"
}
gzip -c "$guest" >"$CASE_TMP/whole"
{ cat "$CASE_TMP/whole"; echo; } >"$CASE_TMP/newline"
{ cat "$CASE_TMP/whole"; head -c 70000 /dev/zero; } >"$CASE_TMP/padding"
{ head -c 100000 "$guest" | gzip -c; tail -c +100001 "$guest" | gzip -9 -c; } >"$CASE_TMP/members"
for kind in newline padding members; do
    boots $kind
done
{ cat "$CASE_TMP/whole"; printf '\037\213\010'; } >"$CASE_TMP/begun"
CONSOLE=$CASE_TMP/begun.console
run_qemu "$CASE_TMP/begun" >/dev/null || true
check_text "a second member that is only begun" "its compressed data ends too early" "$CONSOLE"

# other NAME "WHAT THE HYPERVISOR SAYS" COMMAND...
other() {
    o_name=$1 o_text=$2
    shift 2
    "$@" <"$guest" >"$CASE_TMP/$o_name"
    bzimage "$CASE_TMP/$o_name" "$guest" >"$CASE_TMP/bzImage.$o_name"
    for o_file in "$o_name" "bzImage.$o_name"; do
        check_status "$o_file: unpacked" 0 tools/unpack-kernel.sh "$CASE_TMP/$o_file" "$CASE_TMP/unpacked"
        check "$o_file: unpacked to the last byte" cmp "$guest" "$CASE_TMP/unpacked"
    done
    CONSOLE=$CASE_TMP/$o_file.console # plain ones: tests/unit/test_kernel_image.c
    run_qemu -t 20 "$CASE_TMP/$o_file" >/dev/null || fail "$o_file: powered off" "status $?"
    check_text "$o_file: named" "it is compressed by $o_text, and only gzip's files can be unpacked" "$CONSOLE"
}
other bz2 bzip2 bzip2 -c
other xz xz xz -c --check=crc32 --x86 --lzma2=dict=32MiB
other lzma lzma xz --format=lzma -c
other lzma-small lzma xz --format=lzma --lzma1=lc=0,lp=2,pb=0,dict=4096 -c
other lzo lzop lzop -c
other lz4 lz4 lz4 -q -c
other lz4-old "lz4 (its older format)" lz4 -q -l -c
other zst zstd zstd -q -c

# The front end boots them, too. It needs the ELF file itself, so it unpacks what gzip has compressed as well.
export TMPDIR="$CASE_TMP"
front() {
    f_name=$1 f_command=$2 f_file=$3
    shift 3
    check_status "$f_name" 0 "$BENCH" "$f_command" --guest="$CASE_TMP/$f_file" --out="$CASE_TMP/results" --label=packed "$@"
}
for file in whole padding bz2 xz lzma lzma-small lzo lz4 lz4-old zst bzImage.lz4-old; do
    front "batching --guest=$file" batching $file --guest-args=only=version_number
    check_text "batching --guest=$file: names the file" "$file only=version_number" "$CASE_TMP/check.out"
done
xz -c "$B/guest/bench.elf" >"$CASE_TMP/bench.elf.xz"
front "run --guest=bench.elf.xz" run bench.elf.xz --engine=tcg --rows=xen_version --reps=1 --no-plot
zstd -q -c "$B/guest/hello.elf" >"$CASE_TMP/hello.zst"
front "profile --guest=hello.zst" profile hello.zst --json
check_text "profile --guest=hello.zst: finds the guest's symbols" 'guest_main' "$CASE_TMP/check.out"
head -c 5000 "$CASE_TMP/xz" >"$CASE_TMP/cut.xz"
head -c 5000 "$CASE_TMP/whole" >"$CASE_TMP/cut.gz"
for command in run batching profile; do
    for file in xz gz; do
        check_status "$command --guest=cut.$file: refused" 5 "$BENCH" $command --guest="$CASE_TMP/cut.$file" \
            --out="$CASE_TMP/results"
        check_text "$command --guest=cut.$file: says why" "cut.$file: it cannot be unpacked:" "$CASE_TMP/check.out"
    done
done
check "the front end leaves nothing behind" test -z "$(find "$CASE_TMP" -name '.int82-*' -o -name '.unfinished*' -o -name 'tmp.*')"

# make run
gzip -c "$CASE_TMP/bzImage.zst" >"$CASE_TMP/bzImage.zst.gz"
for file in xz bzImage.lzo bzImage.zst.gz; do
    limit 60 env GUEST="$CASE_TMP/$file" CMDLINE=only=version_number TMPDIR="$CASE_TMP" tools/guest.sh run \
        </dev/null >"$CASE_TMP/out" 2>&1 || true
    check_text "make run GUEST=$file" "passed=1 failed=0 " "$CASE_TMP/out"
done
check "make run leaves nothing behind" test -z "$(find "$CASE_TMP" -name 'tmp.*')"

# What cannot be unpacked, or need not be.
refuses() {
    r_rc=0
    tools/unpack-kernel.sh "$CASE_TMP/$1" "$CASE_TMP/unpacked" >"$CASE_TMP/out" 2>&1 || r_rc=$?
    [ $r_rc = 5 ] && pass "$1: refused" || fail "$1: refused" "status $r_rc: $(cat "$CASE_TMP/out")"
    check_text "$1: says why" "$2" "$CASE_TMP/out"
}
head -c 5000 "$CASE_TMP/bzImage.xz" >"$CASE_TMP/cut.bzImage"
refuses cut.xz "it cannot be unpacked: xz: "
refuses cut.bzImage "the kernel in it lies outside the file"
refuses nothing "there is no such file"
for file in guest whole bzImage.gz; do
    [ $file != bzImage.gz ] || bzimage "$CASE_TMP/whole" "$guest" >"$CASE_TMP/$file"
    check "$file: is the hypervisor's to unpack" test "$(tools/unpack-kernel.sh "$CASE_TMP/$file" x)" = "$CASE_TMP/$file"
done
