#!/bin/sh
# SPDX-License-Identifier: MIT
# The front end's manners: help, exit codes, errors that say what to do, no escape sequences in files; make help.
. tests/lib.sh

check_status "no command" 2 "$BENCH"
check_status help 0 "$BENCH" --help
for c in $("$BENCH" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    check_status "$c --help" 0 "$BENCH" "$c" --help
    check_text "$c --help: usage" "usage: int82-bench $c" "$CASE_TMP/check.out"
    check_status "$c --nosuch" 2 "$BENCH" "$c" --nosuch
done
check_status "unknown command" 2 "$BENCH" nosuch
check_text "unknown command: what to do" "int82-bench --help" "$CASE_TMP/check.out"
check_status "wrong label" 2 "$BENCH" run --label=../x
check_status "missing hypervisor" 5 "$BENCH" run --hypervisor=/nosuch
check_status "missing guest" 5 "$BENCH" run --guest=/nosuch
check_status "missing peer" 5 "$BENCH" run --peer=/nosuch
check_status "missing qemu" 5 "$BENCH" probe --qemu=/nosuch
check_text "missing qemu: what to do" "make deps" "$CASE_TMP/check.out"
check_status "unknown engine" 2 "$BENCH" probe --engine=abacus
check_status "no result" 5 "$BENCH" show /nosuch
check_status "probe" 0 "$BENCH" probe --engine=tcg
[ "$(wc -l <"$CASE_TMP/check.out")" = 1 ] && pass "probe says one line" || fail "probe says one line" "$(cat "$CASE_TMP/check.out")"
[ -z "$(tr -d '\n -~' <"$CASE_TMP/check.out")" ] && pass "no escape sequences" || fail "no escape sequences" "there are some"
check_status "make help" 0 make -s help
check_status "make run without a guest" 2 make -s run
check_text "make run without a guest: what to do" "make run needs GUEST" "$CASE_TMP/check.out"
# It is asked before every build and test, so it must be quick: one query when nothing is missing. Counted, not timed.
mkdir "$CASE_TMP/bin"
real=$(command -v dpkg-query) || real=false
printf '#!/bin/sh\necho >>"%s"\nexec %s "$@"\n' "$CASE_TMP/queries" "$real" >"$CASE_TMP/bin/dpkg-query"
chmod +x "$CASE_TMP/bin/dpkg-query"
check_status "deps" 0 env PATH="$CASE_TMP/bin:$PATH" tools/deps.sh all
[ "$(wc -l <"$CASE_TMP/queries")" = 1 ] && pass "deps is quick" || fail "deps is quick" "$(wc -l <"$CASE_TMP/queries") queries"
