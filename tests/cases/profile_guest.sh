#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole run of a guest, split exactly. The guest `marked` does known numbers of calls between markers, and says how
# many instructions its clock counted in each section: the parts sum to that. What a call costs is what the bench
# measures, but for the INT, which is the guest's. And what cannot be profiled is refused, or said to be partial.
# timeout: 400
. tests/lib.sh

out=$CASE_TMP/results
plain=$B/plain/int82.elf
marked=$B/guest/marked.elf
is() { # NAME VALUE WANTED
    if [ -n "$2" ] && [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "'$2' instead of '$3'"
    fi
}
profile() { # LABEL OPTIONS: of `marked`
    profile_label=$1
    shift
    "$BENCH" profile --guest="$marked" --out="$out" --label="$profile_label" "$@"
}
split_of() { # LABEL SECTION: hypervisor, kernel and programs
    sed -n "s/^$2,[0-9]*,[0-9]*,\([0-9,]*\)$/\1/p" "$out/$1/guest/split.csv" | tr , ' '
}
sum() {
    awk '{ for (i = 1; i <= NF; i++) n += $i } END { printf "%.0f\n", n }'
}
reason() { # LABEL REASON: entries instructions min max
    sed -n "/^in_multicall/!s/^[a-z]*,\"$2\",\(.*\)$/\1/p" "$out/$1/guest/reasons.csv" | tr , ' '
}
cost() { # NAME BATCH: what the bench measured, in whole instructions, without the INT
    awk -F, -v name="$1" -v batch="$2" '$1 == name && $2 == batch { printf "%.0f\n", $3 - 1 }' "$out/bench/bench.csv"
}

check "another hypervisor: the plain entry" \
    make -s --no-print-directory -f xen/build.mk CC="${CC:-gcc}" B="$B/plain" ENTRY=plain "$plain"
check "bench" "$BENCH" run --engine=tcg --out="$out" --label=bench --no-plot \
    --rows='xen_version/1,mmu_map_rw/1,mmu_unmap_rw/64,multicall_xen_version/32,emul_read_cr3/1,mmu_map_rw/512'
begun=$(date +%s)
check "a whole run" profile ours --costs="$out/bench"
took=$(($(date +%s) - begun)) # of this machine, now
check "the same on the plain entry" profile plain --hypervisor="$plain"

# ---- exact --------------------------------------------------------------------------------------------------------
for label in ours plain; do
    for n in 1 2 3 4 5 6 7; do
        is "$label: section $n sums to the clock's instructions" "$(split_of $label $n | sum)" \
            "$(sed -n "s/^marked: section $n instructions \([0-9]*\):.*/\1/p" "$out/$label/guest/console.log" | tr -d '\r')"
    done
done
all=$(for n in 0 1 2 3 4 5 6 7; do split_of ours $n; done | sum)
is "functions sum to the whole" "$(awk -F, 'NR > 1 { n += $5 } END { printf "%.0f\n", n }' "$out/ours/guest/functions.csv")" "$all"
is "folded stacks sum to the whole" "$(awk '{ n += $NF } END { printf "%.0f\n", n }' "$out/ours/guest/stacks.folded")" "$all"
is "callgrind's sum" "$(sed -n 's/^totals: \([0-9]*\).*/\1/p' "$out/ours/guest/callgrind.out")" "$all"
is "reasons sum to the hypervisor's part" \
    "$(sed -n 's/^[ahint][a-z]*,".*",[0-9]*,\([0-9]*\),.*/\1/p' "$out/ours/guest/reasons.csv" | sum)" \
    "$(for n in 0 1 2 3 4 5 6 7; do split_of ours $n | cut -d' ' -f1; done | sum)"
is "the program's instructions" "$(split_of ours 7 | cut -d' ' -f3)" 602
check_text "flame graph is whole" "</svg>" "$out/ours/guest/flame.svg"
check_text "call paths lead from the guest into the hypervisor" ";trap_14;" "$out/ours/guest/stacks.folded"
[ -s "$out/ours/guest/guest.png" ] && pass "picture" || fail "picture" "is missing"

# ---- each call ----------------------------------------------------------------------------------------------------
of_section() { # SECTION WHAT INSTRUCTIONS: of the hypervisor's
    is "section $1: $2, as the bench says" "$(split_of ours "$1" | cut -d' ' -f1)" "$3"
}
of_section 1 "150 xen_version" $((150 * $(cost xen_version 1)))
of_section 3 "one mmu_update of 64" "$(cost mmu_unmap_rw 64)"
of_section 4 "a multicall of 32" "$(cost multicall_xen_version 32)"
of_section 6 "10 reads of CR3" $((10 * $(cost emul_read_cr3 1)))
check "section 2 alone" profile only --section=2
# The first call finds the table, which the others are in, too.
first=$(reason only mmu_update | cut -d' ' -f4)
singles=$((first + 63 * $(cost mmu_map_rw 1)))
of_section 2 "64 mmu_update of one" $singles
is "section 2 alone: each call" "$(reason only mmu_update)" "64 $singles $(cost mmu_map_rw 1) $first"
check "finding the table is no more than a call" [ "${first:-0}" -le $((2 * $(cost mmu_map_rw 1))) ]
is "calls in the multicall" "$(sed -n 's/^in_multicall,"xen_version",\([0-9]*\),.*/\1/p' "$out/ours/guest/reasons.csv")" 32
is "calls by their number of entries" "$(grep -o '^ *64-127 *1 ' "$out/ours/guest/profile.txt" | tr -d ' ')" 64-1271
is "trapped stores" "$(reason ours 'page fault, emulated: store' | cut -d' ' -f1)" 128
check_text "who stores" "\"page fault, emulated: store\",guest_main," "$out/ours/guest/callers.csv"
runs() { # WHAT: runs and calls
    awk -v what="$1" 'index($0, what) { print $1, $2 }' "$out/ours/guest/profile.txt"
}
is "a run of single mmu_updates" "$(runs 'mmu_update of one entry')" "1 64"
is "a run of stores to one table" "$(runs 'trapped stores to one page table')" "1 128"
check_text "what it would save is an estimate" ESTIMATE "$out/ours/guest/profile.txt"
check "as JSON" sh -c "'$BENCH' profile --guest='$marked' --out='$out' --label=json --section=5 --json >'$CASE_TMP/json'"
is "JSON is all that is printed" "$(sed -n '1p;$p' "$CASE_TMP/json" | tr -d '\n')" '{}'
check_text "JSON has the reasons" '"name": "page fault, emulated: store"' "$CASE_TMP/json"

# ---- two hypervisors ----------------------------------------------------------------------------------------------
check "compared" "$BENCH" profile --compare --out="$out" --label=both ours plain
check_text "compared: xen_version" '151        151' "$out/both/guest-compare/compare.txt"
check_text "compared: the program is the same" '602             602     1.000  programs' "$out/both/guest-compare/compare.txt"
check_text "compared, JSON" '"schema": "int82-guest-comparison"' "$out/both/guest-compare/compare.json"
[ -s "$out/both/guest-compare/compare.png" ] && pass "compared: picture" || fail "compared: picture" "is missing"
check_status "another section is not compared" 4 "$BENCH" profile --compare --out="$out" ours only

# ---- what goes wrong ----------------------------------------------------------------------------------------------
check_status "a guest that hangs" 3 profile hang --guest-args=hang --timeout=$((3 * took + 5))
check_text "a guest that hangs: the profile is partial" "PARTIAL" "$out/hang/guest/profile.txt"
check_text "a guest that hangs: it is said" "partial one" "$CASE_TMP/check.out"
check_status "a partial one is not compared" 4 "$BENCH" profile --compare --out="$out" hang hang
check "markers that do not fit" profile open --guest-args=open
check_text "markers that do not fit: one too many" "MARKERS: 1 begin or end" "$out/open/guest/profile.txt"
check_text "markers that do not fit: one open" "MARKERS: section 8 was open" "$out/open/guest/profile.txt"
strip -o "$CASE_TMP/int82.elf" "$B/int82.elf"
strip -o "$CASE_TMP/marked.elf" "$marked"
check "no symbols" profile bare --guest="$CASE_TMP/marked.elf" --hypervisor="$CASE_TMP/int82.elf"
check_text "no symbols: it is said" "NO SYMBOLS of the hypervisor" "$out/bare/guest/profile.txt"
is "no symbols: sections are as they were" "$(split_of bare 5)" "$(split_of ours 5)"
is "no symbols: calls by the page are known" "$(reason bare xen_version | cut -d' ' -f1)" 51
check "no symbols, but SYMBOLS=" profile named --hypervisor="$CASE_TMP/int82.elf" --symbols="$B/int82.elf" \
    --kernel-start=d0000000
is "--kernel-start: what is below is programs" "$(split_of named 7)" "$(split_of ours 7 | awk '{ print $1, 0, $2 + $3 }')"
is "SYMBOLS=: calls are known" "$(reason named xen_version | cut -d' ' -f1)" 151
check_status "symbols of another hypervisor" 2 profile wrong --symbols="$plain"
check_text "symbols of another hypervisor: the reason" "are not those of" "$CASE_TMP/check.out"
check_status "no hypervisor" 3 profile wrong --hypervisor="$B/probe.elf" --symbols="$B/int82.elf" --timeout=20
check_text "no hypervisor: the reason" "never entered a guest" "$CASE_TMP/check.out"
check_status "no guest" 5 profile wrong --guest=/nosuch
check_status "no such section" 2 profile wrong --section=256
check_status "no address" 2 profile wrong --kernel-start=zz
check_status "no costs" 5 profile wrong --costs=/nosuch
check_status "no such profile" 5 "$BENCH" profile --compare --out="$out" ours nosuch
[ -e "$out/wrong" ] && fail "what failed is not written" "$out/wrong" || pass "what failed is not written"
if unshare -rm true 2>/dev/null; then
    mkdir "$CASE_TMP/full"
    # shellcheck disable=SC2016
    check_status "a full disk" 3 unshare -rm sh -c 'mount -t tmpfs -o size=64k none "$2" && "$1" profile --guest="$3" --out="$2"' \
        - "$BENCH" "$CASE_TMP/full" "$marked"
else
    echo "@test skip a full disk: no user namespaces here"
fi
is "nothing is left behind" "$(find "$out" -name '.unfinished*' | wc -l)" 0
