#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/layers.sh checks the tree against tools/layers.txt: each way to break the layers is planted in a copy, and must be
# found and reported; before and after that, the copy must pass.
. tests/lib.sh

copy=$CASE_TMP/copy
mkdir -p "$copy/tools"
cp -r xen guest bench "$copy"
cp tools/layers.* "$copy/tools"
# The objects alone, each at its place.
find "$B/int82-counters" "$B/guest/obj" "$B/bench" -name '*.o' | tar cf - -T - | tar xf - -C "$copy"
layers() {
    B=$B "$copy/tools/layers.sh"
}
check "the tree as it is" layers

# found NAME TEXT: the copy is refused, with this line.
found() {
    if layers >"$CASE_TMP/said" 2>&1; then
        fail "$1" "it passes"
    else
        check_text "$1" "$2" "$CASE_TMP/said"
    fi
}

# include FILE HEADER TEXT: FILE may not include that.
include() {
    cp "$copy/$1" "$CASE_TMP/kept"
    sed -i "1i #include $2" "$copy/$1"
    found "$1 includes $2" "layers: $1:1 includes $2, $3"
    cp "$CASE_TMP/kept" "$copy/$1"
}
include xen/common/memory/memory.c '<xen/log_ring.h>' 'of xen/common/console, which xen/common/memory may not use'
include xen/common/lib/string.c '<asm/descriptors.h>' 'of xen/arch/x86/mm, which xen/common/lib may not use'
include xen/include/xen/schedule.h '<xen/store.h>' 'of xen/common/store, which xen/common/sched may not use'
include xen/arch/x86/entry/plain/dispatch.c '<stdio.h>' 'which no folder has'
include guest/tests/memory.c '"../fuzz/fuzz.h"' 'of guest/fuzz, which guest/tests may not use'
include guest/lib/mm.c '"../tests/test.h"' 'of guest/tests, which guest/lib may not use'
include guest/bench/bench.c '<xen/sched.h>' 'of xen/include, which guest/bench may not use'
include bench/view/table.c '"cmd/deliver.h"' 'of bench/cmd, which bench/view may not use'
include bench/result/result.c '"../../xen/include/xen/lib.h"' 'of xen/include, which bench/result may not use'

# calls SOURCE OBJECT CODE TEXT: SOURCE, which is new, may not say that.
calls() {
    echo "$3" >"$copy/$1"
    ${CC:-gcc} -m32 -ffreestanding -fno-pic -c -o "$copy/$B/$2" "$copy/$1"
    found "$1: $3" "layers: $4"
    rm "$copy/$1"
}
calls xen/common/lib/planted.c int82-counters/common/lib/planted.o 'void vcpu_wake(void); void f(void) { vcpu_wake(); }' \
    'xen/common/lib/planted.c uses vcpu_wake of xen/common/sched, which xen/common/lib may not use'
calls xen/common/events/planted.c int82-counters/common/events/planted.o 'extern int opt_dom0_mem; int f(void) { return opt_dom0_mem; }' \
    'xen/common/events/planted.c uses opt_dom0_mem of xen/common/boot, which xen/common/events may not use'
calls guest/lib/planted.c guest/obj/lib/planted.c.o 'void victim_start(void); void f(void) { victim_start(); }' \
    'guest/lib/planted.c uses victim_start of guest/tests, which guest/lib may not use'
calls bench/lib/planted.c bench/lib/planted.o 'int result_set(int); int f(int n) { return result_set(n); }' \
    'bench/lib/planted.c uses result_set of bench/result, which bench/lib may not use'
calls bench/lib/planted.c bench/lib/planted.o 'int capture(int); void *xrealloc(int n) { return (void *)capture(n); }' \
    'these files of bench/ need each other'
calls xen/common/lib/planted.c int82-counters/common/lib/planted.o 'void f(void) { __asm__ volatile("cli"); }' \
    'that is assembly in xen/common'

echo 'up xen/common/lib xen/common/sched vcpu_wake # no more' >>"$copy/tools/layers.txt"
found "an exception that nothing needs" "nothing needs vcpu_wake any more"
sed -i '$s/ #.*//' "$copy/tools/layers.txt"
found "an exception without a reason" "the reason is missing"
cp tools/layers.txt "$copy/tools"
mkdir "$copy/xen/common/new"
cp xen/common/lib/string.c "$copy/xen/common/new"
mkdir "$copy/$B/int82-counters/common/new"
cp "$copy/$B/int82-counters/common/lib/string.o" "$copy/$B/int82-counters/common/new"
found "a folder that the table does not have" "xen/common/new/string.c is in no folder of tools/layers.txt"
rm -r "$copy/xen/common/new"
check "the tree as it was" layers
