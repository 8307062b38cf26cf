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
# tools/deps.sh runs before every build and test, so it must be quick: one query if nothing is missing. Counted, not timed.
mkdir "$CASE_TMP/bin"
real=$(command -v dpkg-query) || real=false
printf '#!/bin/sh\necho >>"%s"\nexec %s "$@"\n' "$CASE_TMP/queries" "$real" >"$CASE_TMP/bin/dpkg-query"
chmod +x "$CASE_TMP/bin/dpkg-query"
check_status "deps" 0 env PATH="$CASE_TMP/bin:$PATH" tools/deps.sh all
[ "$(wc -l <"$CASE_TMP/queries")" = 1 ] && pass "deps is quick" || fail "deps is quick" "$(wc -l <"$CASE_TMP/queries") queries"

# What takes minutes shows that it goes on. Here: an apt-get that takes each step when the one before has been told, on a
# machine that has nothing.
cat >"$CASE_TMP/bin/apt-get" <<'END'
#!/bin/sh
[ "$1" = install ] || exit 0
. tests/lib.sh
step() {
    echo "$1"
    await "$2" "$CASE_TMP/check.out"
}
echo "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded."
step "Get:1 http://nowhere one" "s: downloading 2 packages"
step "Unpacking one (1) ..." "s: 1 of 2 packages unpacked"
step "Setting up one (1) ..." "s: 1 of 2 packages set up"
END
printf '#!/bin/sh\n' >"$CASE_TMP/bin/dpkg-query"
printf '#!/bin/sh\necho 0\n' >"$CASE_TMP/bin/id"
chmod +x "$CASE_TMP/bin/apt-get" "$CASE_TMP/bin/id"
check_status "deps, installing" 0 env PATH="$CASE_TMP/bin:$PATH" DEPS_INTERVAL=1 tools/deps.sh build
for step in "downloading 2 packages" "1 of 2 packages unpacked" "1 of 2 packages set up"; do
    check_text "deps, installing: $step" "s: $step" "$CASE_TMP/check.out"
done
sed -i '$a exit 100' "$CASE_TMP/bin/apt-get"
check_status "deps, when apt-get fails" 5 env PATH="$CASE_TMP/bin:$PATH" DEPS_INTERVAL=1 tools/deps.sh build
check_text "deps, when apt-get fails: what to do" "by hand it is" "$CASE_TMP/check.out"
rm "$CASE_TMP"/bin/*

# The exit codes survive make, which by itself ends with 2 whatever fails.
check_status "make compare of nothing" 5 make -s compare BASE=nosuch
check_status "make run without a kernel in it" 3 make -s run GUEST=README.md
check_text "make run without a kernel: says so" "domain 0 was never started" "$CASE_TMP/check.out"
check_status "make run of a guest that crashes" 3 make -s run GUEST="$B/guest/tests.elf" CMDLINE=crash=handler_nowhere
check_status "make run of a command line too long" 2 make -s run GUEST="$B/guest/tests.elf" CMDLINE="$(seq -s, 400)"
check_status "make run" 0 make -s run GUEST="$B/guest/tests.elf" CMDLINE=only=version_number
check_status "make in a path with a blank" 2 make -s B="$CASE_TMP/a b" bench
check_text "make in a path with a blank: says so" "path with blanks" "$CASE_TMP/check.out"
printf '#!/bin/sh\necho "Debian clang version 14.0.6"\n' >"$CASE_TMP/bin/some-clang"
chmod +x "$CASE_TMP/bin/some-clang"
check_status "make bench with clang" 3 make -s B="$CASE_TMP/b" CC="$CASE_TMP/bin/some-clang" bench
check_text "make bench with clang: says what is needed" "is clang: the hypervisor needs GCC" "$CASE_TMP/check.out"
check_status "make bench without a compiler" 3 make -s B="$CASE_TMP/b" CC=/nosuch bench
check_text "make bench without a compiler: says so" "does not run" "$CASE_TMP/check.out"

# What can be checked is checked before anything is booted: this QEMU would never end.
never() {
    check_status "$1" "$2" env FAKE=hang FAKE_CONSOLE=/dev/null "$BENCH" run --engine=tcg --qemu=tests/fake-qemu \
        --out="$CASE_TMP/out" "$3" "$4"
    check_text "$1: says so" "$5" "$CASE_TMP/check.out"
    [ -z "$(ls -A "$CASE_TMP/out" 2>/dev/null)" ] && pass "$1: nothing left" || fail "$1: nothing left" "$(ls -A "$CASE_TMP/out")"
}
never "a label that is none" 2 --label=../x --no-plot "letters, digits"
never "an info without a key" 2 --info=x --no-plot "KEY=VALUE"
never "an info of two lines" 2 "--info=x=a
b" --no-plot "one line"
never "an info that the measurement has" 2 --info=engine=kvm --no-plot "what the measurement says"
never "no such peer" 5 --peer=/nosuch --no-plot "cannot read /nosuch"
never "no memory" 2 --memory=0 --no-plot "a machine has some"
never "a guest's command line too long" 2 --rows="$(seq -s, 400)" --no-plot "only 1023 would arrive"
never "a hypervisor's command line too long" 2 --hv-args="$(seq -s, 400)" --no-plot "only 1023 would arrive"
never "a place that cannot be written" 3 --out=/proc/nosuch --no-plot "cannot make the directory"
PATH_BEFORE=$PATH
mkdir "$CASE_TMP/few"
for f in sh sha256sum git sed; do ln -s "$(command -v $f)" "$CASE_TMP/few/$f"; done
PATH=$CASE_TMP/few check_status "no gnuplot" 5 "$PWD/$BENCH" run --engine=tcg --qemu="$PWD/tests/fake-qemu" --out="$CASE_TMP/out"
PATH=$PATH_BEFORE
check_text "no gnuplot: what to do" "give --no-plot" "$CASE_TMP/check.out"
mkdir "$CASE_TMP/small"
on_small_disk() {
    unshare -rm sh -c 'mount -t tmpfs -o size=1m none "$0" && exec "$@"' "$CASE_TMP/small" "$@"
}
if on_small_disk true 2>/dev/null; then
    check_status "a full disk" 3 on_small_disk env FAKE=hang FAKE_CONSOLE=/dev/null "$BENCH" run --engine=tcg \
        --qemu=tests/fake-qemu --no-plot --out="$CASE_TMP/small"
    check_text "a full disk: says so" "less than 8 MiB are free" "$CASE_TMP/check.out"
else
    echo "@test skip a full disk: cannot mount one"
fi

# A result of two rows by import: shown, drawn, and what cannot be is an error.
cat >"$CASE_TMP/console" <<END
@int82 begin schema=1 rows=2
@int82 row name=one batch=1 calls=10 empty=10 samples=110,110,120
@int82 row name=mmu_two batch=8 calls=10 empty=10 samples=210,210,210
@int82 end rows=2 errors=0
END
check_status import 0 "$BENCH" import --engine=tcg-icount --label=r --out="$CASE_TMP" --no-plot "$CASE_TMP/console"
check_status "show" 0 "$BENCH" show "$CASE_TMP/r"
full() {
    "$BENCH" "$@" >/dev/full
}
check_status "show to a full disk" 3 full show "$CASE_TMP/r"
check_text "show to a full disk: says so" "could not be written" "$CASE_TMP/check.out"
check_status "--help to a full disk" 3 full --help
"$BENCH" show "$CASE_TMP/r" 2>"$CASE_TMP/err" | true
[ ! -s "$CASE_TMP/err" ] && pass "show to somebody who reads no more" || fail "show to somebody who reads no more" "$(cat "$CASE_TMP/err")"
check_status "show --json" 0 "$BENCH" show --json "$CASE_TMP/r"
cp "$CASE_TMP/check.out" "$CASE_TMP/shown.json"
check "show --json is a result" "$BENCH" gate --force "$CASE_TMP/shown.json" "$CASE_TMP/r"
check_status "show of rows that are not there" 2 "$BENCH" show --markdown --rows=one,nosuch "$CASE_TMP/r"
check_text "show of rows that are not there: which" "no row is called nosuch" "$CASE_TMP/check.out"

# What is drawn depends on the result alone.
check_status "plot" 0 "$BENCH" plot --out="$CASE_TMP/p1" "$CASE_TMP/r"
mkdir "$CASE_TMP/home"
echo 'set terminal dumb; set title "mine"; set decimalsign ","; bad command' >"$CASE_TMP/home/.gnuplot"
check_status "plot with a ~/.gnuplot" 0 env HOME="$CASE_TMP/home" GNUTERM=nosuch LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 \
    "$BENCH" plot --out="$CASE_TMP/p2" "$CASE_TMP/r"
check "the same picture" cmp "$CASE_TMP/p1/calls.png" "$CASE_TMP/p2/calls.png"
printf '#!/bin/sh\nexit 0\n' >"$CASE_TMP/few/gnuplot"
chmod +x "$CASE_TMP/few/gnuplot"
check_status "plot by a gnuplot that draws nothing" 3 env PATH="$CASE_TMP/few" "$BENCH" plot --out="$CASE_TMP/p3" "$CASE_TMP/r"
check_text "plot by a gnuplot that draws nothing: says so" "drew no calls.png" "$CASE_TMP/check.out"
sed -i '/name=one/d; s/rows=2/rows=1/' "$CASE_TMP/console"
check_status "import of one row" 0 "$BENCH" import --engine=tcg-icount --label=s --out="$CASE_TMP" --no-plot "$CASE_TMP/console"
check_status "plot of nothing" 3 "$BENCH" plot --out="$CASE_TMP/p4" "$CASE_TMP/s"
check_text "plot of nothing: says so" "has nothing to draw" "$CASE_TMP/check.out"

# Version and lists.
check_status "--version" 0 "$BENCH" --version
check_text "--version: version and revision" "Int82 1.0, revision $(tools/revision.sh)" "$CASE_TMP/check.out"
check_status "list" 0 "$BENCH" list --rows='mmu_same,xen_version'
check_text "list: batches" "mmu_same                         1 2 4 8 16 32 64 128 256 512" "$CASE_TMP/check.out"
check_text "list: what it measures" "The bare way in and out" "$CASE_TMP/check.out"
check_status "list --json" 0 "$BENCH" list --json --rows=xen_version
check_text "list --json: the row" '"name": "xen_version"' "$CASE_TMP/check.out"
check_status "list of a row that is not there" 3 "$BENCH" list --rows='xen_version,nosuch*'
check_text "list of a row that is not there: which" "no row is called nosuch*" "$CASE_TMP/check.out"
check_status "list --results" 0 "$BENCH" list --results
check_text "list --results: the baseline" "baseline" "$CASE_TMP/check.out"
