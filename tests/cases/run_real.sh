#!/bin/sh
# SPDX-License-Identifier: MIT
# Two runs under TCG: the same ticks in every row, all files there, complete metadata, in time.
. tests/lib.sh
need qemu-system-i386 gnuplot

out=$CASE_TMP/results
check "first, in time" limit 90 "$BENCH" run --engine=tcg --out="$out" --label=first
check second "$BENCH" run --engine=tcg --out="$out" --label=second --no-plot
[ -f "$out/second/bench.csv" ] || exit 1
if [ "$(grep _sha256 "$out/first/bench.csv")" != "$(grep _sha256 "$out/second/bench.csv")" ]; then
    fail "one build" "somebody built anew between the two runs"
    exit 1
fi
for r in first second; do
    grep -v '^#' "$out/$r/bench.csv" >"$CASE_TMP/$r.rows"
done
check "identical ticks" diff "$CASE_TMP/first.rows" "$CASE_TMP/second.rows"
check "compare agrees" "$BENCH" gate "$out/first" "$out/second"
for f in bench.json bench.csv console.log calls.png calls.svg mmu.png mmu.svg; do
    [ -s "$out/first/$f" ] && pass "file $f" || fail "file $f" "is not there"
done
for key in date engine engine_version machine_cpu host_cpu hypervisor_revision hypervisor_build suite cc cflags tsc_khz; do
    grep -q "^# $key: ." "$out/first/bench.csv" && pass "metadata $key" || fail "metadata $key" "is not there"
done
# The rows that the issue names, with their batches.
for row in int82_enosys,1 xen_version,1 xen_version_page,1 fpu_taskswitch_clear,1 fpu_taskswitch_set,1 get_debugreg0,1 \
    set_debugreg0,1 stack_switch,1 update_descriptor_data,1 set_trap_table_1,1 console_write_0,1 sched_yield,1 \
    uva_same_none,1 uva_map_none,1 uva_unmap_none,1 uva_same_invlpg,1 uva_map_invlpg,1 uva_unmap_invlpg,1 \
    uva_same_flush,1 uva_map_flush,1 uva_unmap_flush,1 multicall_xen_version,1 multicall_xen_version,8 \
    multicall_xen_version,32 multicall_uva_map,1 multicall_uva_map,8 multicall_uva_map,32 mmuext_flush_local,1 \
    mmuext_invlpg_local,1 mmuext_new_base_same,1 pin_l1_empty,1 unpin_l1_empty,1 page_fault_iret,1 \
    soft_int_0x81_iret,1 evtchn_send_already_pending,1 evtchn_send_with_upcall,1 ptwr_store_nonpresent,1; do
    grep -q "^$row," "$CASE_TMP/first.rows" || missing="$missing $row"
done
for op in same sw_bit_on ro_to_rw rw_to_ro map_rw unmap_rw map_ro unmap_ro; do
    for batch in 1 2 4 8 16 32 64 128 256 512; do
        grep -q "^mmu_$op,$batch," "$CASE_TMP/first.rows" || missing="$missing mmu_$op,$batch"
    done
done
[ -z "$missing" ] && pass "all rows" || fail "all rows" "missing:$missing"
check_status "only some rows" 0 "$BENCH" run --engine=tcg --out="$out" --label=some --rows='xen_version,mmu_*/8' --no-plot
[ "$(grep -vc '^[#n]' "$out/some/bench.csv")" = "$(grep -cE '^(xen_version,|mmu_[a-z_]*,8,)' "$CASE_TMP/first.rows")" ] &&
    pass "only some rows: their number" || fail "only some rows" "$(grep -v '^#' "$out/some/bench.csv")"
check_status "no such row" 3 "$BENCH" run --engine=tcg --out="$out" --label=none --rows=nosuchrow --no-plot --quiet=10
[ ! -e "$out/none" ] && pass "no such row: nothing left" || fail "no such row" "left a result"
# A list is taken whole, or refused whole: none of it is lost behind some length, nor behind a pattern that does fit.
many=$(sed -n 's/,.*//; /^[a-z]/p' "$CASE_TMP/first.rows" | sort -u | grep -v '^name$' | head -n 40 | paste -sd, -)
[ "${#many}" -gt 511 ] || fail "a list of 40 rows" "has only ${#many} characters"
check_status "a list of 40 rows" 0 "$BENCH" run --engine=tcg --out="$out" --label=many --rows="$many" --reps=1 --no-plot
[ "$(sed -n '/^[a-z]/s/,.*//p' "$out/many/bench.csv" | grep -v '^name$' | sort -u | paste -sd, -)" = "$many" ] &&
    pass "a list of 40 rows: all of them" || fail "a list of 40 rows: all of them" "$(grep -vc '^#' "$out/many/bench.csv")"
check_status "one that fits nothing beside one that does" 3 "$BENCH" run --engine=tcg --out="$out" --label=beside \
    --rows=xen_version,nosuchrow --no-plot --quiet=10
check_text "beside: which" "no row is called nosuchrow" "$CASE_TMP/check.out"
[ ! -e "$out/beside" ] && pass "beside: nothing left" || fail "beside: nothing left" "left a result"
