#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 2400
# Every rule of docs/security.md, broken on purpose: each patch of tests/mutations must apply, build, and be noticed by one
# of the tests that it names, and all these tests must pass on the intact tree. A test that cannot fail would be found here.
# MUTATIONS='GLOB' for some of them.
. tests/lib.sh
need qemu-system-i386 patch bochs grub-mkrescue

check "docs/security.md names them" tools/mutations-doc.sh --check

list=
for file in tests/mutations/*.patch; do
    name=$(basename "$file" .patch)
    # shellcheck disable=SC2254
    case $name in
    ${MUTATIONS:-*}) list="$list $name" ;;
    esac
done
[ -n "$list" ] || { fail "mutations" "none is called ${MUTATIONS:-*}"; exit 1; }

# shellcheck disable=SC2013 # words
for build in $(sed -n 's/^# build: *//p' tests/mutations/*.patch | sort -u); do
    check "the intact tree for mutations of $build" tests/mutate.sh --base "$build"
done
tests/mutate.sh --intact
# shellcheck disable=SC2086
printf '%s\n' $list | xargs -P "$(nproc)" -n 1 tests/mutate.sh
