#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 300
# A gate against a base of another suite: after a row and a hypercall were added, every row that was there before is
# compared as it was; a row whose code was changed is named and left out; and when nothing can be compared, that is said
# before anything is measured.
. tests/lib.sh
need qemu-system-i386

rows='xen_version*,mmu_same/1,mmu_same/8,page_fault_iret,evtchn_send_with_upcall,multicall_uva_map/8'
check_status "the base" 0 "$BENCH" run --engine=tcg --rows="$rows" --label=base --out="$CASE_TMP" --no-plot
[ "$(sed -n '/^[a-z]/p' "$CASE_TMP/base/bench.csv" | grep -c ',[0-9a-f]\{16\}$')" = 8 ] &&
    pass "each row has a code" || fail "each row has a code" "$(cat "$CASE_TMP/base/bench.csv")"

copy=$CASE_TMP/copy
mkdir -p "$copy"
cp -r Makefile xen guest bench tests tools "$copy"
# gate NAME STATUS [OPTION...]: the same hypervisor, by the copy's guest.
gate() {
    gate_name=$1 gate_status=$2
    shift 2
    make -s -C "$copy" CC="${CC:-gcc}" build/guest/bench.elf >"$CASE_TMP/make.out" 2>&1 || { cat "$CASE_TMP/make.out"; fail "$gate_name" "it does not build"; }
    check_status "$gate_name" "$gate_status" "$BENCH" gate --rounds=1 --rows="$rows" --guest="$copy/build/guest/bench.elf" "$@" \
        "$CASE_TMP/base" "$B/int82.elf"
}

# A hypercall and a row; the row is put among the others.
sed -i 's/^#undef HYPERCALL/HYPERCALL(56, row_code_test, 1, FAST, "of a test")\n&/' "$copy/xen/include/xen/hypercalls.def"
cat >>"$copy/guest/bench/rows_calls.c" <<'END'
void version_text(struct bench *b)
{
    static char text[16];

    bench_calls(b, CALLS, __HYPERVISOR_xen_version, XENVER_extraversion, (uint32_t)text, 0, 0, 0);
    while (bench_repeat(b)) {
        bench_run(b);
        bench_expect_results(b, 0);
        bench_expect(b, text[0] != 0, "nothing was written, and this is said at some length");
    }
}
END
echo 'void version_text(struct bench *b);' >>"$copy/guest/bench/rows.h"
sed -i '/^#endif/d' "$copy/guest/bench/rows.h" && echo '#endif' >>"$copy/guest/bench/rows.h"
sed -i '0,/^ROW(xen_version,/s//ROW(xen_version_text, ONE, version_text(b))\n&/' "$copy/guest/bench/rows.def"
gate "a row and a hypercall more" 0
check_text "a row more: all others are compared" "9 rows: 0 slower, 0 faster, 8 the same, 0 only in the base, 1 only in the head" "$CASE_TMP/check.out"

sed -i '/bench_expect(b, text\[0\]/d' "$copy/guest/bench/rows_calls.c"
gate "the new row changed" 0
check_text "the new row changed: no other" "8 the same" "$CASE_TMP/check.out"

# One row's own function: here the one behind page_fault_iret.
sed -i 's/^ROW(page_fault_iret, ONE, \(.*\))$/ROW(page_fault_iret, ONE, { b->turns = 0; __asm__ volatile("nop"); \1; })/' "$copy/guest/bench/rows.def"
gate "one row is measured in another way" 0
check_text "one row: it is left out" "7 the same, 1 that the two suites measure in different ways" "$CASE_TMP/check.out"
check_text "one row: the gate says so" "1 rows cannot be judged" "$CASE_TMP/check.out"

# What measures all of them.
sed -i 's/define BENCH_WARM_UPS  2/define BENCH_WARM_UPS  3/' "$copy/guest/bench/bench.h"
gate "all rows are measured in another way" 4
check_text "all rows: the reason" "no row runs the same code" "$CASE_TMP/check.out"
grep -q "engine:\|round" "$CASE_TMP/check.out" && fail "refused before measuring" "$(cat "$CASE_TMP/check.out")" || pass "refused before measuring"
check_status "the engine is refused before measuring, too" 4 "$BENCH" gate --engine=kvm --rows="$rows" "$CASE_TMP/base" "$B/int82.elf"
grep -q "round" "$CASE_TMP/check.out" && fail "engine: before measuring" "$(cat "$CASE_TMP/check.out")" || pass "engine: before measuring"
gate "forced" 0 --force
