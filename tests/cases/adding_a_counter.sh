#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 400
# Follows docs/adding-a-counter.md to the letter in a copy of the tree. Then that half of it does not build: a line in the
# list that nothing counts, a COUNT() that is not in the list, in both builds; and a place that is not the last.
. tests/lib.sh
. tests/follow.sh
need qemu-system-i386 gnuplot

copy=$CASE_TMP/copy
copy_tree "$copy"
follow_page docs/adding-a-counter.md "$copy" || exit 0

switches=$(sed -n 's/^base_pointers,,//p' "$copy/results/base_pointers/batching/batching.csv")
[ "${switches:-0}" -gt 1 ] && pass "it counts" || fail "it counts" "'$switches' in batching.csv"

def=xen/include/public/int82_counters.def
# refused NAME TARGET TEXT: this does not build, and the compiler or linker says why.
refused() {
    check_status "$1" 2 make -s -C "$copy" CC="${CC:-gcc}" "$2"
    check_text "$1: the reason" "$3" "$CASE_TMP/check.out"
}
sed -i '/COUNT(base_pointers)/d' "$copy/xen/arch/x86/mm/mmuext.c" "$copy/xen/arch/x86/entry/tuned/mmuext_fast.S"
refused "no COUNT()" build/int82-counters.elf "nothing counts base_pointers"
cp xen/arch/x86/mm/mmuext.c "$copy/xen/arch/x86/mm"
sed -i 's/^    if (mfn == old) {/    COUNT(no_such_counter);\n&/' "$copy/xen/arch/x86/mm/mmuext.c"
for build in int82 int82-counters; do
    refused "$build: not in the list" "build/$build/arch/x86/mm/mmuext.o" "no_such_counter"
done
cp xen/arch/x86/mm/mmuext.c "$copy/xen/arch/x86/mm"
{
    sed '/^COUNTER(85/,$d' "$def"
    echo 'COUNTER(85, base_pointers, "among the others")'
    sed -n '/^COUNTER(85/,$p' "$def"
} >"$copy/$def"
refused "among the others" build/int82-counters/arch/x86/mm/mmuext.o "tlb_flush_page: places do not change"
