#!/bin/sh
# SPDX-License-Identifier: MIT
# Profiles sum to the ticks that the bench measures, exactly; their events are what the rows are known to do; and the
# programs that people open them with do open them.
# timeout: 300
. tests/lib.sh

out=$CASE_TMP/results
bench_ticks() { # NAME BATCH: ticks of one sample without the empty loop, from the bench's own result
    awk -F, -v name="$1" -v batch="$2" '
        /^#/ { next }
        !head { for (i = 1; i <= NF; i++) at[$i] = i; head = 1; next }
        $at["name"] == name && $at["batch"] == batch { printf "%.0f\n", $at["ticks_min"] * $at["calls"] }' \
        "$out/bench/bench.csv"
}
event() { # ROW EVENT COLUMN
    sed -n "s/^$2,\([^,]*\),\([^,]*\),\([^,]*\)$/\\$3/p" "$out/p/profile-$1/events.csv"
}
is() { # NAME VALUE WANTED
    if [ -n "$2" ] && [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "'$2' instead of '$3'"
    fi
}

check "bench" "$BENCH" run --engine=tcg --rows='xen_version/1,mmu_map_rw/128' --out="$out" --label=bench --no-plot
for row in xen_version/1 mmu_map_rw/128 mmu_map_rw/512 mmuext_flush_local uva_unmap_invlpg page_fault_iret \
    emul_cpuid_prefix ptwr_store_nonpresent evtchn_send_with_upcall xen_version_page; do
    check "profile of $row" "$BENCH" profile --out="$out" --label=p "$row"
done

for row in xen_version/1 mmu_map_rw/128; do
    name=$(echo $row | tr / -)
    ticks=$(bench_ticks "${row%/*}" "${row#*/}")
    is "$row sums to the bench's ticks" \
        "$(awk -F, 'NR > 1 { n += $4 } END { printf "%.0f\n", n }' "$out/p/profile-$name/functions.csv")" "$ticks"
    is "$row: callgrind's sum" "$(sed -n 's/^totals: \([0-9]*\).*/\1/p' "$out/p/profile-$name/callgrind.out")" "$ticks"
    is "$row: the events' sum" $(($(event "$name" instruction 1) + $(event "$name" instruction 2))) "$ticks"
    is "$row: folded stacks' sum" "$(awk '{ n += $NF } END { printf "%.0f\n", n }' "$out/p/profile-$name/stacks.folded")" "$ticks"
    is "$row: JSON's sum" "$(sed -n 's/^ "instructions": \([0-9]*\),$/\1/p' "$out/p/profile-$name/profile.json")" "$ticks"
    check_text "$row: flame graph is whole" "</svg>" "$out/p/profile-$name/flame.svg"
    check_text "$row: an estimate is called one" ESTIMATE "$out/p/profile-$name/profile.txt"
    check_text "$row: an estimate for warm caches" " warm: " "$out/p/profile-$name/profile.txt"
    check_text "$row: and for cold ones" " cold: " "$out/p/profile-$name/profile.txt"
done

# The listing has each instruction of the assembly, with how often it ran in a call.
awk '/^hypercall /, /^$/ { print $1, $3, $4 }' "$out/p/profile-xen_version-1/listing.txt" >"$CASE_TMP/listed"
check_text "listing: executed once a call" "1.00 cmova" "$CASE_TMP/listed"
is "listing: sums to the function's instructions" "$(awk '$1 ~ /^[0-9.]+$/ && $2 != "instructions" { n += $1 } END { print n }' "$CASE_TMP/listed")" 3
check_text "listing: what did not run is there too" "             .  " "$out/p/profile-mmu_map_rw-128/listing.txt"

calls=$(event xen_version-1 int_gate 3)
is "a leaf call: one gate each" "$(event xen_version-1 int_gate 2)" "$calls"
is "a leaf call: one iret each" "$(event xen_version-1 iret 1)" "$calls"
for e in seg_load cr0_write cr3_write invlpg cli sti locked exception interrupts; do
    is "a leaf call: no $e" "$(event xen_version-1 $e 1)" 0
done
is "a batch of 512: no segment load" "$(event mmu_map_rw-512 seg_load 1)" 0
flushes=$(event mmu_map_rw-512 cr3_write 1)
[ "${flushes:-9}" -le "$(event mmu_map_rw-512 cr3_write 3)" ] && pass "a batch of 512: at most one flush" ||
    fail "a batch of 512: at most one flush" "${flushes:-?} flushes"
is "a flush is one CR3 write" "$(event mmuext_flush_local-1 cr3_write 1)" "$(event mmuext_flush_local-1 cr3_write 3)"
is "INVLPG is seen" "$(event uva_unmap_invlpg-1 invlpg 1)" "$(event uva_unmap_invlpg-1 invlpg 3)"
is "a page fault is one exception" "$(event page_fault_iret-1 exception 2)" "$(event page_fault_iret-1 exception 3)"

if command -v callgrind_annotate >/dev/null; then
    callgrind_annotate --tree=both "$out/p/profile-mmu_map_rw-128/callgrind.out" >"$CASE_TMP/annotated" 2>&1
    is "callgrind_annotate's total" "$(sed -n 's/^ *\([0-9,]*\) .*PROGRAM TOTALS$/\1/p' "$CASE_TMP/annotated" | tr -d ,)" \
        "$(bench_ticks mmu_map_rw 128)"
    check_text "callgrind_annotate finds functions" ":hypercall" "$CASE_TMP/annotated"
else
    echo "@test skip callgrind_annotate opens it: valgrind is not installed"
fi

check "--json" sh -c "'$BENCH' profile --json --out='$out' --label=j xen_version >'$CASE_TMP/json'"
is "--json prints JSON only" "$(sed -n '1p;$p' "$CASE_TMP/json" | tr -d '\n')" '{}'
check_status "no row" 2 "$BENCH" profile --out="$out"
check_status "unknown row" 3 "$BENCH" profile --out="$out" nosuch
check_status "several rows" 2 "$BENCH" profile --out="$out" 'mmu_*/1'
check_status "make profile without BENCH" 2 make -s profile
rc=0
"$BENCH" profile --out="$out" --engine=kvm xen_version >"$CASE_TMP/kvm" 2>&1 || rc=$?
case $rc in
0) pass "under KVM: perf's samples" ;;
6) is "under KVM: says in a line why not" "$(grep -c 'no profile under KVM' "$CASE_TMP/kvm")/$(wc -l <"$CASE_TMP/kvm")" 1/1 ;;
*) fail "under KVM" "status $rc: $(cat "$CASE_TMP/kvm")" ;;
esac
is "nothing is left behind" "$(find "$out" -name '.unfinished*' | wc -l)" 0
