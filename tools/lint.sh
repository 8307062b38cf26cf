#!/bin/sh
# lint.sh: formatting and static analysis of everything that is committed. Silent when there is nothing to say.
set -u
cd "$(dirname "$0")/.." || exit 2
for tool in clang-format cppcheck; do
    command -v $tool >/dev/null || { echo "$tool is missing: apt-get install $tool" >&2; exit 2; }
done
# NULL at a list's end is a pointer here: that is what glibc's is.
rc=0
# shellcheck disable=SC2046
clang-format --dry-run -Werror $(git ls-files '*.c' '*.h') || rc=1
# The words that FETCH_GUEST_U32 and its like fill are outputs of `asm goto`, which cppcheck 2.10 does not know; and of
# a loop that begins without a condition it believes that it may not run.
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --platform=unix32 \
    --suppress=legacyUninitvar --suppress=uninitvar:xen/arch/x86/domain/domain_build.c --suppress=missingInclude \
    -D__XEN__ -D__i386__ -DCOUNTERS=1 -Ixen/include xen || rc=1
cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingInclude --suppress=varFuncNullUB -D_GNU_SOURCE bench || rc=1
exit $rc
