#!/bin/sh
# SPDX-License-Identifier: MIT
# The revision of this tree, as the build notes it; with paths, that of the last commit which changed one of them.
# usage: tools/revision.sh [PATH...]     "unknown" where the tree is no repository of its own
set -u
cd "$(dirname "$0")/.." || exit 2

# In a hook these name another state than the tree's.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_PREFIX GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_OPTIONAL_LOCKS=0 LC_ALL=C

unknown() {
    echo unknown
    exit 0
}

# A tarball unpacked inside another repository has no revision, least of all that repository's.
[ -e .git ] && command -v git >/dev/null || unknown
above=$(git rev-parse --show-cdup 2>&1) || { echo "no revision: $above" >&2; unknown; }
[ -z "$above" ] || unknown

if [ $# = 0 ]; then
    git describe --always --dirty --abbrev=12 2>/dev/null || unknown
    exit
fi
revision=$(git log -1 --format=%h --abbrev=12 -- "$@" 2>/dev/null)
[ -n "$revision" ] || unknown
[ -z "$(git status --porcelain -- "$@" 2>/dev/null)" ] || revision=$revision-dirty
echo "$revision"
