#!/bin/sh
# SPDX-License-Identifier: MIT
# Breaks the hypervisor on purpose, as one patch of tests/mutations says, and sees whether the tests that the patch names
# notice. tests/cases/mutations.sh runs them all; tests/mutations/README has the header lines of a patch.
# usage: tests/mutate.sh NAME       one mutation, on a copy of the tree and of its objects, so that only what changed is built
#        tests/mutate.sh --base BUILD    (for the case) that copy: $B/mutations/base-BUILD
#        tests/mutate.sh --build NAME    only that: prints where the broken hypervisor is
#        tests/mutate.sh --intact        (for the case) guests' tests that patches name must pass on the intact tree
# Prints @test lines.
set -u

cd "$(dirname "$0")/.." || exit 2
. tests/lib.sh
all=tests/mutations
work=${MUTATION_DIR:-$B/mutations} # relative, of this case alone
top=$PWD

field() {
    sed -n "s/^# $2: *//p" "$all/$1.patch"
}

# The targets that a patch of that build needs.
targets() {
    case $1 in
    unit) sed -n 's/^# caught-by: *unit=\([a-z0-9_]*\).*/build\/unit\/\1/p' "$all"/*.patch | sort -u ;;
    counters) echo build/int82-counters.elf ;;
    *) echo build/int82.elf ;;
    esac
}

# make_in DIRECTORY BUILD TARGET...
make_in() {
    make_dir=$1 make_entry=tuned
    [ "$2" = plain ] && make_entry=plain
    shift 2
    (cd "$make_dir" && make -s --no-print-directory -f xen/build.mk -f tests/build.mk CC="${CC:-gcc}" \
        ENTRY=$make_entry B=build "$@")
}

make_base() {
    base=$work/base-$1
    mkdir -p "$base/build"
    rm -rf "$base/xen" "$base/tools" "$base/tests"
    cp -a xen tools "$base"
    mkdir "$base/tests"
    cp -a tests/unit tests/fuzz tests/build.mk "$base/tests"
    cp -a .clang-format "$base" 2>/dev/null
    # The tree's own objects serve, where they are of the same flags.
    if [ "$B" = build ] && [ ! -e "$base/build/int82" ]; then
        case $1 in
        tuned) cp -a build/int82 "$base/build" ;;
        counters) cp -a build/int82-counters "$base/build" ;;
        esac
    fi
    # shellcheck disable=SC2046
    make_in "$base" "$1" -j2 $(targets "$1")
}

# guest_run HYPERVISOR ENGINE TESTS: the console is left in $CASE_TMP/console.
guest_run() {
    rm -f "$CASE_TMP/console"
    if [ "$2" = domain ]; then
        run_qemu -t 20 -k "$1" -a "dom0_mem=16M domain=kernel=1,mem=16M" -m 64 -i "$B/guest/tests.elf only=$(printf '%s' "$3" |
            sed 's/,/,,/g')" "$B/guest/idle.elf" seconds=3
        sed -i 's/^(d1) //' "$CASE_TMP/console"
    elif [ "$2" = vcpus ]; then
        run_qemu -t 30 -k "$1" -a "dom0_mem=48M dom0_max_vcpus=2" -m 128 "$B/guest/tests.elf" "only=$3"
    elif [ "$2" = bochs ]; then
        make_iso "$CASE_TMP/guest.iso" "dom0_mem=32M" "$B/guest/tests.elf" "only=$3" '' "$1" >"$CASE_TMP/iso" 2>&1 &&
            run_bochs -t 60 "$CASE_TMP/guest.iso"
    else
        run_qemu -t 20 -k "$1" -a "dom0_mem=32M" -m 64 -x "-device virtio-rng-pci" "$B/guest/tests.elf" "only=$3"
    fi >/dev/null 2>&1
}

# A guest that ends itself by crash=KIND: it does, and the hypervisor lives to tell why.
crash_run() {
    rm -f "$CASE_TMP/console"
    run_qemu -t 20 -k "$1" -m 64 "$B/guest/tests.elf" "crash=$2" >/dev/null 2>&1 &&
        grep -q 'Domain 0 (vcpu 0) crashed' "$CASE_TMP/console" &&
        ! grep -qiE 'was let through|BUG at|double fault|in the hypervisor' "$CASE_TMP/console" || return 1
    # The stack is still where the guest has put it: no handler was entered on it.
    case $2 in
    *_on_hypervisors_stack) grep -q 'ss:esp e021:fd900000' "$CASE_TMP/console" ;;
    user_*_stack_in_hypervisor | user_*_stacks_end) grep -q 'ss:esp e033:' "$CASE_TMP/console" ;;
    esac
}

# A guest that misuses its console or store by misuse=KIND (guest/tests/rings.c): a line reports it, and the machine lives.
misuse_run() {
    rm -f "$CASE_TMP/console"
    run_qemu -t 20 -k "$1" -a "dom0_mem=16M domain=kernel=1,mem=16M" -m 64 -i "$B/guest/tests.elf misuse=$2" \
        "$B/guest/idle.elf" seconds=3 >/dev/null 2>&1 &&
        grep -q 'is served no more' "$CASE_TMP/console" && grep -q 'Domain 0 halted' "$CASE_TMP/console"
}

# Another test case, on this hypervisor.
case_run() {
    rm -rf "$CASE_TMP/case" && mkdir -p "$CASE_TMP/case"
    OUR_HYPERVISOR=$1 CASE_TMP=$CASE_TMP/case "tests/cases/$2.sh" >"$CASE_TMP/case.out" 2>&1 &&
        ! grep -q '^@test fail' "$CASE_TMP/case.out"
}

# Of comma-separated tests: those that failed, or began and never ended (the hypervisor died), one a line.
failed_of() {
    printf '%s\n' "$1" | tr ',' '\n' | while read -r test; do
        tr -d '\r' <"$CASE_TMP/console" | awk -v t="$test" '
            $1 == "@test" && $2 == "begin" && $3 == t { begun = 1 }
            $1 == "@test" && $2 == "pass" && $3 == t { passed = 1 }
            $1 == "@test" && $2 == "skip" && $3 == t ":" { passed = 1 }
            END { if (begun && !passed) print t }'
    done
}

# Those that did not pass, whatever became of them.
not_passed_of() {
    printf '%s\n' "$1" | tr ',' '\n' | while read -r test; do
        grep -q "^@test pass $test.\{0,1\}\$" "$CASE_TMP/console" || echo "$test"
    done
}

# A copy of the base with the patch applied: $dir.
patched() {
    name=$1
    build=$(field "$name" build) engine=$(field "$name" engine) by=$(field "$name" caught-by)
    dir=$work/$name
    CASE_TMP=$top/$dir.tmp
    rm -rf "$dir" "$CASE_TMP"
    mkdir -p "$CASE_TMP"
    cp -a "$work/base-$build" "$dir"
    if ! patch -d "$dir" -p1 -s -f -F 0 --no-backup-if-mismatch <"$all/$name.patch" >"$CASE_TMP/patch" 2>&1; then
        cat "$CASE_TMP/patch"
        fail "$name" "the patch no longer applies: follow the code, and break the same rule again"
        return 1
    fi
}

run_one() {
    patched "$1" || return
    case $by in
    unit=*)
        program=${by%% *} program=build/unit/${program#unit=} tests=${by#* }
        if ! make_in "$dir" "$build" "$program" >"$CASE_TMP/make" 2>&1; then
            cat "$CASE_TMP/make"
            fail "$name" "it does not build"
            return
        fi
        caught=
        for test in $(printf '%s' "$tests" | tr ',' ' '); do
            limit 120 tools/run32 "$dir/$program" "$test" >"$CASE_TMP/out" 2>&1 || caught="$caught $test"
            grep -q '^@test' "$CASE_TMP/out" || { caught=; break; }
        done
        ;;
    boot)
        if ! make_in "$dir" "$build" build/int82.elf >"$CASE_TMP/make" 2>&1; then
            cat "$CASE_TMP/make"
            fail "$name" "it does not build"
            return
        fi
        guest_run "$dir/build/int82.elf" tcg version_number
        caught='the library, at its start'
        grep -q '^@test pass version_number' "$CASE_TMP/console" && caught=
        ;;
    only=*)
        tests=${by#only=} hv=$dir/build/int82.elf
        [ "$build" = counters ] && hv=$dir/build/int82-counters.elf
        if ! make_in "$dir" "$build" "${hv#"$dir"/}" >"$CASE_TMP/make" 2>&1; then
            cat "$CASE_TMP/make"
            fail "$name" "it does not build"
            return
        fi
        guest_run "$hv" "$engine" "$tests"
        caught=$(failed_of "$tests" | tr '\n' ' ')
        ;;
    crash=* | misuse=* | case=*)
        hv=$dir/build/int82.elf
        if ! make_in "$dir" "$build" build/int82.elf >"$CASE_TMP/make" 2>&1; then
            cat "$CASE_TMP/make"
            fail "$name" "it does not build"
            return
        fi
        caught=
        "${by%%=*}_run" "$hv" "${by#*=}" || caught=$by
        ;;
    *)
        fail "$name" "its header does not say what catches it"
        return
        ;;
    esac
    if [ -n "$caught" ]; then
        # shellcheck disable=SC2086,SC2116 # without the blanks around it
        pass "$name: caught by $(echo $caught)"
        rm -rf "$dir" "$CASE_TMP"
    else
        tail -n 5 "$CASE_TMP/console" 2>/dev/null
        fail "$name" "nobody noticed: $by ($CASE_TMP)"
    fi
}

# The tests that guests' mutations of BUILD and ENGINE name, in lists short enough for a command line.
# Those of the second vCPU need one that nothing has started before.
named_tests() {
    for named_patch in "$all"/*.patch; do
        named=$(basename "$named_patch" .patch)
        [ "$(field "$named" build)" = "$1" ] && [ "$(field "$named" engine)" = "$2" ] || continue
        field "$named" caught-by | sed -n 's/^only=//p'
    done | tr ',' '\n' | sort -u | awk '{
        if (length(list) + length($0) > 400 || (/^second_vcpu/ && list ~ /exclusion/)) { print list; list = "" }
        list = list (list == "" ? "" : ",") $0 } END { if (list != "") print list }'
}

run_intact() {
    CASE_TMP=$top/$work/intact
    mkdir -p "$CASE_TMP"
    for build in tuned plain counters; do
        hv=$work/base-$build/build/int82.elf
        [ $build = counters ] && hv=$work/base-$build/build/int82-counters.elf
        for engine in tcg vcpus domain bochs; do
            for list in $(named_tests $build $engine); do
                guest_run "$hv" $engine "$list"
                bad=$(not_passed_of "$list" | tr '\n' ' ')
                [ -z "$bad" ] && pass "intact: $build, $engine: $list" || fail "intact: $build, $engine" "do not pass: $bad"
            done
        done
    done
    # Unit tests and cases (unit=, case=) are in the list of tests/run themselves.
    for way in crash misuse; do
        # shellcheck disable=SC2013 # words
        for kind in $(sed -n "s/^# caught-by: *$way=//p" "$all"/*.patch | sort -u); do
            "${way}_run" "$work/base-tuned/build/int82.elf" "$kind" && pass "intact: $way=$kind" ||
                fail "intact: $way=$kind" "does not pass"
        done
    done
}

case ${1:-} in
--base) make_base "$2" ;;
--build) patched "$2" && make_in "$dir" "$build" build/int82.elf >&2 && echo "$dir/build/int82.elf" ;;
--intact) run_intact ;;
'' | -*)
    sed -n '5,9p' "$0" | cut -c 3-
    exit 2
    ;;
*) run_one "$1" ;;
esac
