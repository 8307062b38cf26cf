#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 600
# The fuzzers on the host (docs/fuzzing.md): the input of every past finding, the seeds, and some runs that are always the
# same. `make host-fuzz` is what finds anything new; this shows that the fuzzers work, and that what they found stays
# repaired. They can be trusted because each was seen to find rules broken on purpose (docs/fuzzing.md).
. tests/lib.sh

tools/deps.sh fuzz || skip_case "clang's 32-bit runtime cannot be installed here"
make -s B="$B" -j2 fuzzers || {
    fail "build of the host fuzzers" "see above"
    exit 1
}
for target in mm=8000 emulate=4000 elf=200000 image=20000 cmdline=20000 rings=5000 decode=200000; do
    tests/fuzz/run check "${target#*=}" "${target%=*}"
    rc=$?
    [ $rc != 77 ] || exit 77
done
