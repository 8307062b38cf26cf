#!/bin/sh
# SPDX-License-Identifier: MIT
# lint.sh: formatting and static analysis of the tree. Silent when there is nothing to say.
# usage: tools/lint.sh [-l | CHECK...]     -l lists the checks; without any, all of them
set -u
cd "$(dirname "$0")/.." || exit 2
checks="format xen-c bench-c shell layers licence"

format() {
    find xen guest bench tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
}

# NULL at the end of a list of arguments is a pointer: glibc defines it as one.
static_analysis() {
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --suppress=missingInclude "$@"
}

# The words that FETCH_GUEST_U32 and its like fill are outputs of `asm goto`, which cppcheck 2.10 does not know. It also
# believes that a loop that begins without a condition may not run.
xen_c() {
    static_analysis --platform=unix32 --suppress=legacyUninitvar --suppress=uninitvar:xen/arch/x86/domain/domain_build.c \
        -D__XEN__ -D__i386__ -DCOUNTERS=1 -Ixen/include xen
}

bench_c() {
    static_analysis --suppress=varFuncNullUB -D_GNU_SOURCE -Ibench bench
}

# What is not looked for anywhere, and why, is in .shellcheckrc.
shell() {
    shellcheck tools/*.sh tools/run32 tests/*.sh tests/cases/*.sh tests/run tests/fuzz/run tests/fake-qemu .ci/run
}

layers() {
    tools/layers.sh
}

# Each source names its licence in its first lines, so that it is still there when the file is copied elsewhere.
licence() {
    find xen guest bench tests tools .ci Makefile \( -name mutations -o -name seeds -o -name regressions \) -prune -o -type f \
        \( -name '*.[chS]' -o -name '*.def' -o -name '*.sh' -o -name '*.mk' -o -name '*.awk' -o -name Makefile -o ! -name '*.*' \) \
        -print | while IFS= read -r f; do
        head -n 3 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f: no line SPDX-License-Identifier: MIT"
    done | grep . && return 1
    return 0
}

if [ "${1:-}" = -l ]; then
    echo "$checks"
    exit 0
fi
for tool in clang-format cppcheck shellcheck; do
    command -v $tool >/dev/null || { echo "$tool is missing: run make deps" >&2; exit 2; }
done
# shellcheck disable=SC2086
[ $# != 0 ] || set -- $checks
rc=0
for check; do
    case " $checks " in
    *" $check "*) "$(echo "$check" | tr - _)" || rc=1 ;;
    *)
        echo "tools/lint.sh: there is no check $check, but $checks" >&2
        exit 2
        ;;
    esac
done
exit $rc
