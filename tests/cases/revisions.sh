#!/bin/sh
# SPDX-License-Identifier: MIT
# Building revisions to compare them: a commit hook that does so leaves the commit alone; a kept build is found by all that
# changes its code; git's own reasons are shown. The repository's build only writes down how it was made, and a stand-in
# for QEMU makes ticks of that, so the test takes seconds.
. tests/lib.sh
need git

repo="$CASE_TMP/a repository" # in a path with a blank, which worktrees and nested builds must bear
mkdir -p "$repo/build/guest" "$repo/bench" "$CASE_TMP/bin"
cp "$BENCH" "$B/probe.elf" "$repo/build"
cp "$B/guest/bench.elf" "$repo/build/guest"
export HOME="$CASE_TMP" GIT_CONFIG_NOSYSTEM=1
unset ENTRY CC XEN_CC XEN_CFLAGS MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
git config --global user.name Tester
git config --global user.email tester@example.org
git config --global init.defaultBranch main

# Ticks of the one row: the number in the file `ticks`, ten times that with the plain entry, one more with another flag,
# and one hundred more with another version of the compiler.
cat >"$repo/Makefile" <<'END'
B ?= build
ENTRY ?= tuned
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
$(B)/int82.elf: ticks FORCE
	@mkdir -p $(@D)
	@echo built >>"$(LOG)"
	@t=$$(cat ticks); [ $(ENTRY) = tuned ] || t=$$((t * 10)); [ -z "$(XEN_CFLAGS)" ] || t=$$((t + 1)); \
	    $(CC) --version | grep -q 'version 2' && t=$$((t + 100)); printf '\177ELF ticks=%s\n' $$t >$@
FORCE:
END
cat >"$CASE_TMP/bin/fake-qemu" <<'END'
#!/bin/sh
case "$*" in
*--version*) echo "QEMU emulator version 0.0 (fake)"; exit 0 ;;
*probe.elf*) echo "int82-probe: ok"; exit 33 ;;
esac
while [ "$1" != -kernel ]; do shift; done
t=$(tr -d '\000' <"$2" | sed -n 's/.*ticks=//p')
printf '@int82 begin schema=1 rows=1\n@int82 info suite s\n'
printf '@int82 row name=one batch=1 calls=1 empty=0 samples=%s,%s\n@int82 end rows=1 errors=0\n' "$t" "$t"
END
printf '#!/bin/sh\necho "cc version $(cat "%s/cc-version")"\n' "$CASE_TMP" >"$CASE_TMP/bin/some-cc"
chmod +x "$CASE_TMP"/bin/*
echo 1 >"$CASE_TMP/cc-version"
export LOG="$CASE_TMP/log" PATH="$CASE_TMP/bin:$PATH"

cd "$repo" || exit 1
top=$OLDPWD
git init -q .
echo /build/ >.gitignore
: >bench/main.c
echo 100 >ticks
git add . && git commit -qm one
echo 200 >ticks
git commit -qam two

compare() {
    build/int82-bench compare --engine=tcg --qemu=fake-qemu --out="$CASE_TMP/cmp" --rounds=1 "$@"
}
# sees NAME BASE HEAD ARGUMENT...: the ticks of both sides
sees() {
    sees_name=$1 sees_row="one,1,$2.00,$3.00,"
    shift 3
    check_status "$sees_name" 0 compare "$@"
    check_text "$sees_name: ticks" "$sees_row" "$CASE_TMP/cmp/compare.csv"
}

sees "two revisions" 100 200 HEAD~1 HEAD
[ "$(wc -l <"$LOG")" = 2 ] && pass "each is built" || fail "each is built" "$(wc -l <"$LOG") builds"
sees "again" 100 200 HEAD~1 HEAD
[ "$(wc -l <"$LOG")" = 2 ] && pass "what was built is kept" || fail "what was built is kept" "$(wc -l <"$LOG") builds"
# `make ENTRY=plain compare` gives the variable to both sides; and the next compare has nothing of it.
ENTRY=plain && export ENTRY
sees "ENTRY for both sides" 1000 2000 HEAD~1 HEAD
sees "ENTRY of one side" 100 2000 --base-make=ENTRY=tuned HEAD~1 HEAD
unset ENTRY
sees "without ENTRY again" 100 200 HEAD~1 HEAD
sees "a revision against itself" 200 200 HEAD HEAD
sees "flags with a blank" 200 201 --head-make="XEN_CFLAGS='-O1 -g'" HEAD HEAD
sees "the tree with flags" 200 201 --head-make="XEN_CFLAGS='-O1 -g'" HEAD tree
sees "a compiler" 200 200 --head-make=CC=some-cc HEAD HEAD
echo 2 >"$CASE_TMP/cc-version"
sees "another version of the compiler" 200 300 --head-make=CC=some-cc HEAD HEAD
check_status "no such compiler" 5 compare --head-make=CC=/nosuch/cc HEAD HEAD
check_text "no such compiler: says so" "/nosuch/cc" "$CASE_TMP/check.out"
check_status "no variable" 2 compare --head-make=plain HEAD HEAD
check_status "a quote left open" 2 compare --head-make="XEN_CFLAGS='-O1" HEAD HEAD

# The hook's GIT_INDEX_FILE is the commit's.
mkdir -p .git/hooks
cat >.git/hooks/pre-commit <<'END'
#!/bin/sh
exec build/int82-bench compare --engine=tcg --qemu=fake-qemu --out="$CASE_TMP/hook" --rounds=1 HEAD~1 HEAD >"$CASE_TMP/hook.out" 2>&1
END
printf '#!/bin/sh\necho ran >>"%s/post-checkout"\n' "$CASE_TMP" >.git/hooks/post-checkout
chmod +x .git/hooks/*
export CASE_TMP
rm -rf build/revisions
echo more >new
echo 300 >ticks
git add .
want=$(git write-tree)
check "a commit with a hook that compares" git commit -qm three
check_text "the hook did compare" "one,1,100.00,200.00," "$CASE_TMP/hook/compare.csv"
[ "$(git rev-parse 'HEAD^{tree}')" = "$want" ] && pass "the commit is what was added" ||
    fail "the commit is what was added" "$(git show --stat HEAD)"
[ -z "$(git status --porcelain)" ] && pass "nothing is changed" || fail "nothing is changed" "$(git status --porcelain)"
[ "$(git worktree list | wc -l)" = 1 ] && pass "no worktree left" || fail "no worktree left" "$(git worktree list)"
[ ! -e "$CASE_TMP/post-checkout" ] && pass "the user's hooks do not run in it" || fail "the user's hooks do not run in it" "they did"

# If git does not know a revision, its own words say why.
check_status "no such revision" 5 compare nosuch HEAD
check_text "no such revision: git's reason" "git says: fatal: Needed a single revision" "$CASE_TMP/check.out"
GIT_TEST_ASSUME_DIFFERENT_OWNER=1 && export GIT_TEST_ASSUME_DIFFERENT_OWNER
check_status "somebody else's repository" 5 compare HEAD~1 HEAD
check_text "somebody else's: git's reason" "dubious ownership" "$CASE_TMP/check.out"
check_text "somebody else's: what to do" "safe.directory" "$CASE_TMP/check.out"

# tools/revision.sh: what the build notes.
mkdir tools
cp "$top/tools/revision.sh" tools
tools/revision.sh >"$CASE_TMP/revision" 2>"$CASE_TMP/check.out"
check_text "somebody else's: the build says why it has no revision" "dubious ownership" "$CASE_TMP/check.out"
check_text "somebody else's: unknown" "unknown" "$CASE_TMP/revision"
unset GIT_TEST_ASSUME_DIFFERENT_OWNER
[ "$(tools/revision.sh)" = "$(git describe --always --abbrev=12)" ] && pass "revision" || fail "revision" "$(tools/revision.sh)"
echo 400 >ticks
[ "$(tools/revision.sh)" = "$(git describe --always --abbrev=12)-dirty" ] && pass "revision of a changed tree" ||
    fail "revision of a changed tree" "$(tools/revision.sh)"
[ "$(tools/revision.sh new)" = "$(git log -1 --format=%h --abbrev=12)" ] && pass "revision of a path" ||
    fail "revision of a path" "$(tools/revision.sh new)"
[ "$(tools/revision.sh bench ticks)" = "$(git log -1 --format=%h --abbrev=12)-dirty" ] && pass "revision of a changed path" ||
    fail "revision of a changed path" "$(tools/revision.sh bench ticks)"
mkdir -p tarball/tools && cp tools/revision.sh tarball/tools
[ "$(tarball/tools/revision.sh)" = unknown ] && pass "a tarball inside has none" ||
    fail "a tarball inside has none" "$(tarball/tools/revision.sh)"
[ "$(GIT_DIR="$repo/.git" tarball/tools/revision.sh)" = unknown ] && pass "nor from the environment" ||
    fail "nor from the environment" "GIT_DIR is followed"
