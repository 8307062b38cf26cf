#!/bin/sh
# SPDX-License-Identifier: MIT
# Which results a command accepts together: never those of two units, those of two processors only when forced. One base
# against many; Markdown and JSON with verdicts; what a result says of itself cannot be replaced; history.
. tests/lib.sh

r=$CASE_TMP
# made NAME ENGINE INFOS ROW...: a result; INFOS are lines "key value" of the guest's.
made() {
    made_name=$1 made_engine=$2 made_infos=$3
    shift 3
    {
        echo "@int82 begin schema=1 rows=$#"
        [ -z "$made_infos" ] || echo "$made_infos" | sed 's/^/@int82 info /'
        for made_row; do
            made_key=${made_row%%=*}
            echo "@int82 row name=${made_key%/*} batch=${made_key#*/} calls=1 empty=0 samples=${made_row#*=}"
        done
        echo "@int82 end rows=$# errors=0"
    } >"$r/console"
    "$BENCH" import --engine="$made_engine" --label="$made_name" --out="$r" --no-plot "$r/console" >/dev/null ||
        fail "made $made_name" "import failed"
}
made tcg tcg-icount 'suite s' a/1=100 b/8=800 c/512=23455
made tcg1 tcg-icount 'suite s' a/1=100 b/8=800 c/512=23456
made tcg2 tcg-icount 'suite s' a/1=200 b/8=800 c/512=23455
made kvm kvm 'suite s' a/1=300 b/8=900 c/512=90000

# Two units: in each command that shows two results.
for peer in kvm none; do
    [ $peer = kvm ] && file=$r/kvm || file=$r/none.csv
    printf 'name,batch,ticks_min,ticks_median\na,1,5,5\n' >"$r/none.csv"
    check_status "$peer: show --peer" 4 "$BENCH" show --peer="$file" "$r/tcg"
    check_status "$peer: show --markdown --peer" 4 "$BENCH" show --markdown --peer="$file" "$r/tcg"
    check_status "$peer: plot --peer" 4 "$BENCH" plot --peer="$file" --out="$r/plots" "$r/tcg"
    check_status "$peer: run --peer" 4 "$BENCH" run --engine=tcg --peer="$file" --label=no --out="$r"
    check_status "$peer: import --peer" 4 "$BENCH" import --engine=tcg-icount --peer="$file" --label=no --out="$r" "$r/console"
done
[ -e "$r/no" ] && fail "nothing was written" "there is $r/no" || pass "nothing was written"
check_text "the unknown engine: what to do" "# engine: NAME" "$CASE_TMP/check.out"
check_status "units: no force" 4 "$BENCH" compare --force --out="$r/cmp" "$r/tcg" "$r/kvm"

# One direction: the peer's figure over this one's.
check_status "show --peer" 0 "$BENCH" show --peer="$r/tcg2" "$r/tcg"
check_text "times: the heading" "times tcg2" "$CASE_TMP/check.out"
check_text "times: theirs over ours" "2.00" "$CASE_TMP/check.out"
check_text "times: the geometric mean" "geometric mean" "$CASE_TMP/check.out"
check_text "times: what it is" "peer / this result" "$CASE_TMP/check.out"
check_status "show --markdown --peer" 0 "$BENCH" show --markdown --peer="$r/tcg2" "$r/tcg"
check_text "times: in Markdown" '| `a` | 1 | 100 | 100 | 200 | 2.00 |' "$CASE_TMP/check.out"

# Two processors: an import knows them from the guest.
made amd bare-metal 'suite s
cpu AMD one
tsc_khz 3000000' a/1=100
made intel bare-metal 'suite s
cpu Intel one
tsc_khz 3000000' a/1=100
made slower bare-metal 'suite s
cpu AMD one
tsc_khz 2000000' a/1=100
made again bare-metal 'suite s
cpu AMD one
tsc_khz 2999800' a/1=100
check_status "another processor" 4 "$BENCH" compare --out="$r/cmp" "$r/amd" "$r/intel"
check_text "another processor: which" "another processor: AMD one and Intel one" "$CASE_TMP/check.out"
check_status "another clock" 4 "$BENCH" compare --out="$r/cmp" "$r/amd" "$r/slower"
check_status "another processor as a peer" 4 "$BENCH" show --peer="$r/intel" "$r/amd"
check_status "another processor, forced" 0 "$BENCH" compare --force --out="$r/cmp" "$r/amd" "$r/intel"
check_status "the same one, calibrated anew" 0 "$BENCH" compare --out="$r/cmp" "$r/amd" "$r/again"

# One base against many.
check_status "many" 0 "$BENCH" compare --out="$r/cmp" "$r/tcg" "$r/tcg1" "$r/tcg2"
check_text "many: each is summed up" "tcg2: 3 rows: 1 slower, 0 faster, 2 the same" "$CASE_TMP/check.out"
check_text "many: a mark" "2.0000+" "$CASE_TMP/check.out"
[ "$(grep -c '^a,1,' "$r/cmp/compare.csv")" = 2 ] && pass "many: in the CSV" || fail "many: in the CSV" "$(cat "$r/cmp/compare.csv")"
[ -s "$r/cmp/ratio.png" ] && [ -s "$r/cmp/ratio-2.png" ] && pass "many: pictures" || fail "many: pictures" "missing"
check_status "many: a gate for each" 1 "$BENCH" compare --max-regression=1 --out="$r/cmp" "$r/tcg" "$r/tcg1" "$r/tcg2"
check_text "many: what the gate found" "gate: a/1: 100.00 became 200.00" "$CASE_TMP/check.out"
check_status "gate takes one head" 2 "$BENCH" gate "$r/tcg" "$r/tcg1" "$r/tcg2"
check_status "geometric mean" 0 "$BENCH" compare --out="$r/cmp" "$r/tcg" "$r/tcg2"
check_text "geometric mean: the cube root of 2" "1.2599" "$CASE_TMP/check.out"

check_status "markdown" 0 "$BENCH" compare --markdown --out="$r/cmp" "$r/tcg" "$r/tcg1"
check_text "markdown: one instruction" '| `c` | 512 | 23455.00 | 23456.00 | 1.0000 | slower | exact |' "$CASE_TMP/check.out"
check_text "markdown: mean" "| geometric mean |" "$CASE_TMP/check.out"
check_status "json" 1 "$BENCH" gate --json "$r/tcg" "$r/tcg1"
cp "$CASE_TMP/check.out" "$r/json"
for want in '"schema": "int82-compare"' '"verdict": "slower"' '"passed": false' '"slower": 1' '"same": 2'; do
    check_text "json: $want" "$want" "$r/json"
done
check "json: it is JSON, and nothing else" python3 -c "import json, sys; json.load(open(sys.argv[1]))" "$r/json"
check_status "json or markdown" 2 "$BENCH" compare --json --markdown "$r/tcg" "$r/tcg1"

# Names of rows that do not exist, beside one that does.
for command in "compare --out=$r/cmp $r/tcg $r/tcg1" "show --markdown $r/tcg" "history --out=$r/h $r/tcg"; do
    # shellcheck disable=SC2086
    check_status "${command%% *}: a pattern of no row" 2 "$BENCH" $command --rows=a,nosuch
    check_text "${command%% *}: which" "no row is called nosuch" "$CASE_TMP/check.out"
done

# A result without JSON, and a foreign CSV.
mkdir -p "$r/plain"
cp "$r/tcg1/bench.csv" "$r/plain"
check_status "only a CSV: show" 0 "$BENCH" show "$r/plain"
check_status "only a CSV: compare" 0 "$BENCH" compare --out="$r/cmp" "$r/tcg" "$r/plain"
check_text "only a CSV: one instruction" "3 rows: 1 slower, 0 faster, 2 the same" "$CASE_TMP/check.out"
check_status "results/baseline-plain by its label" 0 "$BENCH" compare --force --out="$r/cmp" baseline-plain results/baseline-plain
printf 'name,batch,ticks_min,ticks_median,per_entry\nxen_version,1,,20,30\n' >"$r/empty.csv"
check_status "an empty field" 5 "$BENCH" show "$r/empty.csv"
check_text "an empty field: where" "line 2: ticks_min is empty" "$CASE_TMP/check.out"

# The user cannot replace what the measurement says.
for info in engine=kvm suite=t cpu=x tsc_khz=1 'a b=c' =x x "$(printf 'a=b\nname,1,1,1')"; do
    check_status "--info=$info" 2 "$BENCH" import --engine=kvm --info="$info" --label=info --out="$r" "$r/console"
    check_status "run --info=$info" 2 "$BENCH" run --engine=tcg --info="$info" --label=info --out="$r"
done
check_status "--info=note" 0 "$BENCH" import --engine=kvm --info='note=a "b", c' --label=info --out="$r" --no-plot "$r/console"
check_text "--info=note: kept" '# note: a "b", c' "$r/info/bench.csv"

# Numbers with which nothing can be measured.
for option in --reps=0 --reps=100 --reps=-1 --memory=0 --memory=15 --memory=x; do
    check_status "run $option" 2 "$BENCH" run --engine=tcg $option --label=no --out="$r"
done
for option in --reps=0 --reps=100 --rounds=0 --alpha=0 --alpha=1; do
    check_status "compare $option" 2 "$BENCH" compare $option --engine=tcg --out="$r/cmp" "$r/tcg" "$B/int82.elf"
done
check_status "MEM=0" 2 env MEM=0 GUEST="$B/guest/hello.elf" tools/guest.sh run
grep -q "define BENCH_MAX_REPS  99$" guest/bench/bench.h && pass "99 is the guest's limit" || fail "99 is the guest's limit" "it is not"

# A counter that ran backwards.
sed 's/samples=.*/samples=18446744073709551000/' "$r/console" >"$r/backwards"
check_status "a counter that ran backwards" 3 "$BENCH" import --engine=kvm --label=no --out="$r" "$r/backwards"
check_text "backwards: the line" "line 5 of the console: a sample of 18446744073709551000 ticks: its counter ran backwards" "$CASE_TMP/check.out"

# History: every row of every result, each machine for itself, and one instruction of 23455.
made more tcg-icount 'suite s' d/1=7
made k1 kvm 'suite s' a/1=300 b/8=900
made k2 kvm 'suite s' a/1=310 b/8=900
check_status "history" 0 "$BENCH" history --out="$r/h" "$r/tcg" "$r/tcg1" "$r/plain" "$r/kvm" "$r/k1" "$r/k2" "$r/more"
check_text "history: one instruction" "+1.00 (+0.00426 %)" "$CASE_TMP/check.out"
check_text "history: a row that only one has is followed" "4 rows followed, 1 of them change" "$CASE_TMP/check.out"
check_text "history: one machine" "tcg-icount" "$CASE_TMP/check.out"
check_text "history: another one" "3 rows followed, 0 of them change" "$CASE_TMP/check.out"
check_status "history: rows of all results" 0 "$BENCH" history --rows=d --out="$r/h" "$r/more" "$r/tcg"
check_status "history: noise" 0 "$BENCH" history --rows=a --out="$r/h" "$r/k1" "$r/k2"
check_text "history: noise is not judged" "(not judged: too few rounds" "$CASE_TMP/check.out"
