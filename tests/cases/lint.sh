#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make lint` says, check by check: nothing.
. tests/lib.sh
need clang-format cppcheck shellcheck

for name in $(tools/lint.sh -l); do
    check "$name" tools/lint.sh "$name"
done
check_status "an unknown check is an error" 2 tools/lint.sh nonsense
