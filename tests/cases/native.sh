#!/bin/sh
# SPDX-License-Identifier: MIT
# int82-bench native: every call that it would measure has the right result and effect, under qemu-i386 where the kernel
# runs no 32-bit programs; it notices images that are wrong, and says which instruction it does not know; nothing that
# was emulated becomes a native result; and native results are not mixed with others.
# timeout: 300
. tests/lib.sh

out=$CASE_TMP/check.out
here=$CASE_TMP/b # a build directory of its own, for int82-bench to find another int82-native in
mkdir "$here"
cp "$BENCH" "$B/tree" "$here"

# ---- what the calls do

check_status "all rows: results and effects" 0 "$BENCH" native --check
check_text "all of them" "$("$BENCH" native --list 2>/dev/null | wc -l) rows: each call had the right result" "$out"
check_text "refusals" "calls that must be refused were" "$out"
check_text "privileged instructions are named" "write of cr3 at flush_tlb_now" "$out"
check_status "some rows" 0 "$BENCH" native --check --rows='mmu_map_rw/512,pin_*_cold'
check_text "these only" "4 rows: each call" "$out"

# ---- without a processor for it

if tools/run32 -n && tools/run32 "$B/int82-native" --rehearse --rows=xen_version "$B/int82.elf" >"$out" 2>&1 &&
    ! grep -q '@int82 info emulated' "$out"; then
    check_status "measured" 0 "$BENCH" native --rows='xen_version*' --label=real --out="$CASE_TMP" --no-plot
    check_text "its engine" '"engine": "native"' "$CASE_TMP/real/bench.json"
else
    check_status "nothing to measure" 6 "$BENCH" native --label=no --out="$CASE_TMP" --no-plot
    check_text "and why" "there is nothing to measure" "$out"
    check_status "make native passes the code on" 6 make -s native LABEL=no OUT="$CASE_TMP" BENCHFLAGS=--no-plot
    check_status "emulated: nothing to measure" 6 qemu-i386 "$B/int82-native" "$B/int82.elf"
    check_text "the emulator is seen" "TCG emulates the processor" "$out"
fi

# ---- wrong words and wrong images

check_status "no such row" 2 "$BENCH" native --check --rows=mmu_map_rx
check_text "how to find one" "--list" "$out"
check_status "no sample" 2 "$BENCH" native --reps=0
check_status "no call" 2 "$BENCH" native --calls=0
check_status "no such processor" 2 "$BENCH" native --pin=4000
check_status "an argument" 2 "$BENCH" native xen_version
check_status "no image" 5 "$BENCH" native --check --image="$CASE_TMP/none"
check_text "make makes it" 'run `make`' "$out"
check_status "the image of another build" 5 "$BENCH" native --check --image="$B/int82-counters.elf"
check_text "whose program is needed" "the int82-native beside it" "$out"
: >"$CASE_TMP/empty"
check_status "an empty image" 5 "$BENCH" native --check --image="$CASE_TMP/empty"
check_status "no int82-native" 5 "$here/int82-bench" native --check --image="$B/int82.elf"

# An image with other bytes at three places, and the int82-native that belongs to it. patch SYMBOL OFFSET BYTES
cp "$B/int82.elf" "$here"
patch() {
    address=$(nm "$B/int82.elf" | awk -v s="$1" '$3 == s { print $1 }')
    # The segment of the code: offset in the file, and address.
    at=$(readelf -lW "$B/int82.elf" | awk '$1 == "LOAD" && $3 ~ /^0xf/ && !n++ { print $2, $3 }')
    printf '%b' "$3" | dd of="$here/int82.elf" bs=1 conv=notrunc status=none \
        seek=$((0x$address + $2 + ${at% *} - ${at#* }))
}
patch hypercall_stack_switch 0 '\0364'
patch mmuext_flush 0 '\0220\0220\0220\0220\0220\0220\0220'
patch hypercall_enosys 1 '\0000'
check "the program of that image" make -s -f bench/native.mk B="$here" CC="${CC:-gcc}" "$here/int82-native"
check_status "HLT where nobody expects it" 3 "$here/int82-bench" native --check --rows=stack_switch
check_text "which instruction, and where" "hypercall_stack_switch+0x0" "$out"
check_text "its bytes" "code f4" "$out"
check_status "a flush that is none" 3 "$here/int82-bench" native --check --rows='mmuext_*'
check_text "the effect is missed" "mmuext_flush_local/1: the TLB was not flushed once" "$out"
check_status "another result" 3 "$here/int82-bench" native --check
check_text "the result is compared" "enosys/1: the result is" "$out"
check_status "the other rows" 0 "$here/int82-bench" native --check --rows='uva_*'

# ---- nothing emulated is native

console=$CASE_TMP/console
tools/run32 "$B/int82-native" --rehearse --reps=6 --calls=8 --rows='xen_version*,mmu_map_rw*/8' "$B/int82.elf" >"$console" 2>&1
grep -v '@int82 info emulated' "$console" >"$CASE_TMP/forged"
check_status "a rehearsal's console is whole" 0 "$BENCH" import --engine=rehearsal --label=rehearsal --out="$CASE_TMP" \
    --no-plot "$console"
if ! cmp -s "$console" "$CASE_TMP/forged"; then
    check_status "and no native result" 4 "$BENCH" import --engine=native --label=no --out="$CASE_TMP" --no-plot "$console"
fi

# ---- the way of a result, with a program that repeats what was printed

# printing FILE: such an int82-native, in $here.
printing() {
    printf '#!/bin/sh\ncase $* in\n--version) echo int82-native ;;\n*) cat "%s" ;;\nesac\n' "$1" >"$here/int82-native"
    chmod +x "$here/int82-native"
}
printing "$CASE_TMP/forged"
check_status "a result" 0 "$here/int82-bench" native --image="$B/int82.elf" --label=one --out="$CASE_TMP"
check_text "confidence" "95% of median" "$out"
check_text "its picture" "of its body, without the gate" "$CASE_TMP/one/calls.gp"
check_text "its tick" "without the gate, less a bare IRET" "$CASE_TMP/one/bench.json"
check_text "single calls" '"single_calls"' "$CASE_TMP/one/bench.json"
check_status "another one" 0 "$here/int82-bench" native --image="$B/int82.elf" --label=two --out="$CASE_TMP" --no-plot \
    --peer="$CASE_TMP/one"
check_status "two native results are compared" 0 "$BENCH" compare "$CASE_TMP/one" "$CASE_TMP/two"
for command in compare gate; do
    check_status "$command: not with another engine's" 4 "$BENCH" $command "$CASE_TMP/one" results/baseline
    check_status "$command: not the other way round" 4 "$BENCH" $command results/baseline "$CASE_TMP/one"
done
check_status "no peer of another engine" 4 "$here/int82-bench" native --image="$B/int82.elf" --label=no \
    --out="$CASE_TMP" --no-plot --peer=results/baseline

# Half of the samples took three times as long: said in words.
sed 's/^\(@int82 row .* empty=\)[0-9]* samples=.*/\1100 samples=1000,1001,1002,3000,3001,3002/' "$CASE_TMP/forged" \
    >"$CASE_TMP/noisy"
printing "$CASE_TMP/noisy"
check_status "a noisy result" 0 "$here/int82-bench" native --image="$B/int82.elf" --label=noisy --out="$CASE_TMP" --no-plot
check_text "rows are called unsteady" "rows are unsteady" "$out"

if ! cmp -s "$console" "$CASE_TMP/forged"; then
    printing "$console"
    check_status "what says that it was emulated" 4 "$here/int82-bench" native --image="$B/int82.elf" --label=no \
        --out="$CASE_TMP" --no-plot
fi
sed '$d' "$CASE_TMP/forged" >"$CASE_TMP/cut"
printing "$CASE_TMP/cut"
check_status "a console that is cut off" 3 "$here/int82-bench" native --image="$B/int82.elf" --label=no --out="$CASE_TMP" \
    --no-plot
[ -e "$CASE_TMP/no" ] && fail "failures write nothing" "there is $CASE_TMP/no" || pass "failures write nothing"
