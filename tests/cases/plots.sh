#!/bin/sh
# SPDX-License-Identifier: MIT
# What the pictures show, and what their titles say that they leave out, with invented figures.
. tests/lib.sh
need gnuplot

csv() { # csv FILE ROW...
    printf '# engine: tcg-icount\n' >"$CASE_TMP/$1.csv"
    file=$1
    shift
    printf '%s\n' name,batch,ticks_min,ticks_median,per_entry "$@" >>"$CASE_TMP/$file.csv"
}
plot() { # plot NAME RESULT [OPTION...]: draws into $CASE_TMP/NAME
    name=$1 result=$2
    shift 2
    check_status "$name: drawn" 0 "$BENCH" plot --out="$CASE_TMP/$name" "$@" "$result"
}

# ---- calls: as many rows as can be read, and as many peers
rows=
for i in $(seq 60); do
    rows="$rows kind${i}_of_one,1,$i,$i,$i kind${i}_of_two,1,$i,$i,$i"
done
# shellcheck disable=SC2086
csv many $rows
plot many "$CASE_TMP/many.csv"
check_text "it says how many there are" '(40 rows of 120)' "$CASE_TMP/many/calls.gp"
[ "$(grep -c '_of_one"' "$CASE_TMP/many/calls.gp")" = 40 ] && pass "one of each kind" || fail "one of each kind" "$(grep -c _of_one "$CASE_TMP/many/calls.gp")"
check_status "and no other" 1 grep -q _of_two "$CASE_TMP/many/calls.gp"
csv few a,1,10,10,10 a,8,40,40,5 b,1,20,20,20 batching_x,1,9,9,9
csv p1 a,1,50,50,50 b,1,90,90,90
csv p2 a,1,60,60,60 b,1,80,80,80
csv p3 a,1,70,70,70
csv p4 a,1,71,71,71
plot few "$CASE_TMP/few.csv" --peer="$CASE_TMP/p1.csv" --peer="$CASE_TMP/p2.csv" --peer="$CASE_TMP/p3.csv"
check_status "nothing is left out" 1 grep -q 'rows of' "$CASE_TMP/few/calls.gp"
check_status "ways are no calls" 1 grep -q batching_x "$CASE_TMP/few/calls.gp"
for title in 'this run' p1 p2 p3; do
    check_text "three peers: $title" "title \"$title\"" "$CASE_TMP/few/calls.gp"
done
plot best "$CASE_TMP/few.csv" --peer="$CASE_TMP/p1.csv" --peer="$CASE_TMP/p2.csv" --peer="$CASE_TMP/p3.csv" --peer="$CASE_TMP/p4.csv"
check_text "four: the best of them" 'title "best of 4"' "$CASE_TMP/best/calls.gp"
check_text "a's best is the first's" '0 "a" 50.00' "$CASE_TMP/best/calls.gp"
check_text "b's best is the second's" '1 "b" 80.00' "$CASE_TMP/best/calls.gp"

# ---- distributions: ten rows, and how many more vary; histogram and sum
{
    echo '@int82 begin schema=1 rows=13'
    for i in $(seq 12); do
        echo "@int82 row name=r$i batch=1 calls=1 empty=0 samples=100"
        echo "@int82 single name=r$i batch=1 n=1000 overhead=9 min=100 max=$((1000 * i)) hist=100:990,$((1000 * i / 128 * 128)):10"
    done
    echo '@int82 row name=same batch=1 calls=1 empty=0 samples=100'
    echo '@int82 single name=same batch=1 n=1000 overhead=9 min=7 max=7 hist=7:1000'
    echo '@int82 hist mmu_batch 0 0'
    echo '@int82 hist mmu_batch 1 75'
    echo '@int82 hist mmu_batch 2 0'
    echo '@int82 hist mmu_batch 4 25'
    echo '@int82 hist mmu_batch 8 0'
    echo '@int82 end rows=13 errors=0'
} >"$CASE_TMP/console"
check_status "imported" 0 "$BENCH" import --engine=tcg-icount --out="$CASE_TMP" --label=single "$CASE_TMP/console"
gp=$CASE_TMP/single/distribution.gp
check_text "it says what is left out" 'the 10 with the longest tails; 2 more vary' "$gp"
for row in r12 r3; do
    check_text "$row is drawn" "title \"$row/1\"" "$gp"
done
for row in r1 r2 same; do
    check_status "$row is not" 1 grep -q "title \"$row/1\"" "$gp"
done
check_text "logarithmic, as the shapes ask for" 'set logscale x' "$gp"
check_text "the share up to a value" '100 0.9900000' "$gp"
gp=$CASE_TMP/single/batches.gp
check_text "a share, and the sum" '0 "1" 75 "75%" 75.000' "$gp"
check_text "the last one" '2 "4" 25 "25%" 100.000' "$gp"
check_status "no empty ones around" 1 grep -qE '"(0|8)"' "$gp"
for picture in distribution batches calls; do
    check "$picture.png" sh -c "head -c 4 '$CASE_TMP/single/$picture.png' | grep -q PNG"
done
