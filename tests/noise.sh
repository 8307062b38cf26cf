# SPDX-License-Identifier: MIT
# Noise added by hand to a result: `. tests/noise.sh` after tests/lib.sh. For the figures of any engine, so that the case
# compare_noise does it with results/baseline, and the nested machine with what its KVM measured.
# shellcheck shell=sh

# noisy SEED EVERY FACTOR: nine boots of each side, made of $noise_of; compares them, with a gate. Output in $CASE_TMP/noisy.
noisy() {
    rm -rf "$CASE_TMP/boots"
    mkdir -p "$CASE_TMP/boots"
    noisy_rows=$(awk -F, -v dir="$CASE_TMP/boots" -v seed="$1" -v boots=9 -v spread=0.003 -v every="$2" -v factor="$3" \
        -f tests/noise.awk "$noise_of")
    noisy_sides=$(cd "$CASE_TMP/boots" && for side in base head; do
        for k in 1 2 3 4 5 6 7 8 9; do printf '%s%s/%s.%s.csv' "$([ $k = 1 ] || echo ,)" "$CASE_TMP/boots" $side $k; done
        echo
    done)
    # shellcheck disable=SC2086
    "$BENCH" gate $noisy_sides >"$CASE_TMP/noisy" 2>&1
}

# noise_check RESULT.csv: twenty comparisons of equal builds find nothing, and a change of 2 % in some rows is found.
noise_check() {
    noise_of=$1
    noise_found=0
    for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if noisy $seed 0 1 && grep -q "^$noisy_rows rows: 0 slower, 0 faster, $noisy_rows without" "$CASE_TMP/noisy"; then
            continue
        fi
        noise_found=$((noise_found + 1))
        echo "seed $seed:"
        cat "$CASE_TMP/noisy"
    done
    [ $noise_found = 0 ] && pass "equal builds: no finding in 20 runs of $noisy_rows rows" ||
        fail "equal builds" "$noise_found of 20 runs found something"
    noisy 21 10 1.02 && fail "2 % slower in every tenth row" "the gate passed" || pass "2 % slower: the gate fails"
    noise_slow=$((noisy_rows / 10))
    # A small share of what the table calls different may be false; the gate's correction is the strict one.
    grep -q "^$noisy_rows rows: $noise_slow slower, [01] faster," "$CASE_TMP/noisy" && pass "2 % slower: just these rows" ||
        fail "2 % slower: just these rows" "$(grep ' rows: ' "$CASE_TMP/noisy")"
    check_text "2 % slower: the gate finds each" "gate: failed, $noise_slow findings" "$CASE_TMP/noisy"
    noisy 22 "$noisy_rows" 1.02 && fail "2 % slower in one row" "the gate passed" || pass "one row among all: the gate fails"
    noisy 23 10 0.98 && pass "2 % faster: the gate passes" || fail "2 % faster" "the gate failed"
    grep -q "^$noisy_rows rows: [01] slower, $noise_slow faster," "$CASE_TMP/noisy" && pass "2 % faster: just these rows" ||
        fail "2 % faster: just these rows" "$(grep ' rows: ' "$CASE_TMP/noisy")"
}
