#!/bin/sh
# SPDX-License-Identifier: MIT
# compare and gate on made-up results: what passes, what fails, what is refused, and with which exit code.
. tests/lib.sh

# made NAME ENGINE SUITE ROW...: a result; ROW is name/batch=ticks[,ticks...]
made() {
    made_name=$1 made_engine=$2 made_suite=$3
    shift 3
    {
        echo "@int82 begin schema=1 rows=$#"
        echo "@int82 info suite $made_suite"
        for made_row; do
            made_key=${made_row%%=*}
            echo "@int82 row name=${made_key%/*} batch=${made_key#*/} calls=1 empty=0 samples=${made_row#*=}"
        done
        echo "@int82 end rows=$# errors=0"
    } >"$CASE_TMP/console"
    "$BENCH" import --engine="$made_engine" --label="$made_name" --out="$CASE_TMP" --no-plot "$CASE_TMP/console" >/dev/null ||
        fail "made $made_name" "import failed"
}
r=$CASE_TMP
made base tcg-icount s a/1=100,100,100 b/8=800,800,800 c/1=50,50,50
made same tcg-icount s a/1=100,100,100 b/8=800,800,800 c/1=50,50,50
made slow tcg-icount s a/1=101,101,101 b/8=800,800,800 c/1=50,50,50
made fast tcg-icount s a/1=99,99,99 b/8=800,800,800 c/1=50,50,50
made gone tcg-icount s a/1=100,100,100 b/8=800,800,800
made more tcg-icount s a/1=100,100,100 b/8=800,800,800 c/1=50,50,50 d/1=7,7,7
made suite tcg-icount t a/1=100,100,100 b/8=800,800,800 c/1=50,50,50
made kvm kvm s a/1=100,100,100 b/8=800,800,800 c/1=50,50,50

check_status "same passes" 0 "$BENCH" gate "$r/base" "$r/same"
check_status "same: none reported" 0 "$BENCH" compare --out="$r/cmp" "$r/base" "$r/same"
check_text "same: none reported, in words" "3 rows: 0 slower, 0 faster, 3 the same" "$CASE_TMP/check.out"
check_status "one instruction fails" 1 "$BENCH" gate "$r/base" "$r/slow"
check_text "one instruction: which row" "a/1: 100.00 became 101.00" "$CASE_TMP/check.out"
check_text "one instruction: only that row" "3 rows: 1 slower, 0 faster, 2 the same" "$CASE_TMP/check.out"
check_status "faster passes" 0 "$BENCH" gate "$r/base" "$r/fast"
check_status "allowed 1 percent passes" 0 "$BENCH" gate --max-regression=1 "$r/base" "$r/slow"
check_status "allowed 0.9 percent fails" 1 "$BENCH" gate --max-regression=0.9 "$r/base" "$r/slow"
check_status "a row gone fails" 1 "$BENCH" gate "$r/base" "$r/gone"
check_status "a row gone, other rows asked" 0 "$BENCH" gate --rows=a,b "$r/base" "$r/gone"
check_status "a row more passes" 0 "$BENCH" gate "$r/base" "$r/more"
check_status "compare alone never fails" 0 "$BENCH" compare --out="$r/cmp" "$r/base" "$r/slow"
check_status "compare with a limit fails" 1 "$BENCH" compare --out="$r/cmp" --max-regression=0 "$r/base" "$r/slow"
check_text "compare.csv" 'a,1,100.00,101.00,1.010000,slower,exact,' "$r/cmp/compare.csv"

limits() {
    printf '%s\n' "$@" >"$r/limits"
}
limits '# comment' 'a 1%' '*/8 max=800 entry=100'
check_status "limits met" 0 "$BENCH" gate --limits="$r/limits" "$r/base" "$r/slow"
limits 'a 1%' 'a/1 0.5%'
check_status "the last limit counts" 1 "$BENCH" gate --limits="$r/limits" "$r/base" "$r/slow"
limits 'a ignore'
check_status "ignored row" 0 "$BENCH" gate --limits="$r/limits" "$r/base" "$r/slow"
limits 'a max=100'
check_status "absolute limit exceeded" 1 "$BENCH" gate --limits="$r/limits" --max-regression=50 "$r/base" "$r/slow"
check_status "absolute limit alone, met" 0 "$BENCH" gate --limits="$r/limits" "$r/base"
check_status "absolute limit alone, exceeded" 1 "$BENCH" gate --limits="$r/limits" "$r/slow"
limits 'b entry=99'
check_status "limit of an entry exceeded" 1 "$BENCH" gate --limits="$r/limits" "$r/base"
limits 'nosuch max=1'
check_status "a limit of no row fails" 1 "$BENCH" gate --limits="$r/limits" "$r/base"
limits 'a one%'
check_status "a limit that is none" 2 "$BENCH" gate --limits="$r/limits" "$r/base" "$r/same"
check_status "no such limits" 5 "$BENCH" gate --limits="$r/nosuch" "$r/base" "$r/same"

check_status "another engine refused" 4 "$BENCH" compare --out="$r/cmp" "$r/base" "$r/kvm"
check_text "another engine: the reason" "another engine: tcg-icount and kvm" "$CASE_TMP/check.out"
check_status "another engine, forced: refused" 4 "$BENCH" compare --out="$r/cmp" --force "$r/base" "$r/kvm"
check_status "another suite refused" 4 "$BENCH" gate "$r/base" "$r/suite"
check_text "another suite: the reason" "another revision of the suite: s and t" "$CASE_TMP/check.out"
check_status "another suite, forced" 0 "$BENCH" gate --force "$r/base" "$r/suite"

# boots NAME ROW TICKS...: a boot for each, of nine samples. Their list, which is one side, goes to $list.
boots() {
    boots_name=$1 boots_row=$2 list=
    shift 2
    for boots_ticks; do
        made "$boots_name.$boots_ticks" kvm s "$boots_row=$((boots_ticks + 1)),$boots_ticks,$((boots_ticks + 90))"
        list=$list${list:+,}$r/$boots_name.$boots_ticks
    done
}
boots k1 a/1 100 101 102 103 104 105 106 107 108; k1=$list
boots k2 a/1 120 121 122 123 124 125 126 127 128; k2=$list
boots k3 a/1 97 98 99 102 103 104 105 109 110; k3=$list
boots k4 a/1 150 151 152; k4=$list
check_status "sampled: clear regression" 1 "$BENCH" gate "$k1" "$k2"
check_text "sampled: how sure" "p<0.0001 n=9+9 95% [101.0..107.0] [121.0..127.0]" "$CASE_TMP/check.out"
check_text "sampled: the median of the boots' minima" "a/1: 104.00 became 124.00" "$CASE_TMP/check.out"
check_status "sampled: no difference shows" 0 "$BENCH" gate "$k1" "$k3"
check_status "sampled: too few boots" 0 "$BENCH" gate "$k4" "$k2"
check_status "sampled: three boots against three" 0 "$BENCH" gate "$k4" "${k2%%,"$r"/k2.123*}"
check_text "sampled: too few, said" "cannot be judged" "$CASE_TMP/check.out"
check_text "sampled: how many would do" "too few rounds: 3+3 boots cannot show one changed row among 1, 5+5 can" "$CASE_TMP/check.out"
# Nine samples of one boot are one observation.
made one1 kvm s a/1=100,101,102,103,104,105,106,107,108
made one2 kvm s a/1=120,121,122,123,124,125,126,127,128
check_status "sampled: one boot each" 0 "$BENCH" gate "$r/one1" "$r/one2"
check_text "sampled: one boot each is unsure" "too few rounds: 1+1 boots" "$CASE_TMP/check.out"
check_status "sampled: a limit holds for the median of the boots" 1 sh -c "echo 'a max=103' >'$r/limits' && '$BENCH' gate --limits='$r/limits' '$k1'"
check_text "sampled: which figure" "104.00 ticks a call" "$CASE_TMP/check.out"
check_status "boots of two engines are no side" 4 "$BENCH" gate "$r/base,$r/one1" "$r/base"
check_status "boots are results" 2 "$BENCH" gate "$r/base,tree" "$r/base"

check_status "no base" 5 "$BENCH" gate "$r/nosuch" "$r/base"
check_status "one side, no limits" 2 "$BENCH" compare "$r/base"
check_status "unknown option" 2 "$BENCH" compare --nosuch
check_status "percentage that is none" 2 "$BENCH" gate --max-regression=x "$r/base" "$r/same"

# History and plots of the same results.
check_status "history" 0 "$BENCH" history --rows='a,b/8' --out="$r/history" "$r/base" "$r/slow" "$r/fast"
check_text "history: a change is shown" "+1.00 (+1 %)" "$CASE_TMP/check.out"
check_status "history leaves other engines out" 0 "$BENCH" history --engine=tcg-icount --rows=a --out="$r/history" "$r/base" "$r/kvm"
check_text "history says what it leaves out" "1 results of other engines" "$CASE_TMP/check.out"
check_status "history of no row" 2 "$BENCH" history --rows=nosuch --out="$r/history" "$r/base"
check_status "plot of sampled ticks" 0 "$BENCH" plot --out="$r/plots" "$r/one1"
for f in calls distribution; do
    if [ -s "$r/plots/$f.png" ] && [ -s "$r/plots/$f.svg" ]; then pass "plot $f"; else fail "plot $f" "is not there"; fi
done
check_status "markdown" 0 "$BENCH" show --markdown --peer="$r/slow" "$r/base"
check_text "markdown: row" '| `b` | 8 | 800 | 100 | 800 | 1.00 |' "$CASE_TMP/check.out"
