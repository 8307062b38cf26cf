#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 200
# The fuzzer that knows the rules (guest/fuzz, docs/fuzzing.md): every result, every entry, every count of references as
# its model says, and the hypervisor's auditor after that; on both builds, and in Bochs, where limits are enforced. Other
# seeds than here are for `make fuzz`. That it finds what is wrong: fuzz_finds.sh.
. tests/lib.sh
need qemu-system-i386

# run SEED OPERATIONS HYPERVISOR
run() {
    CONSOLE=$CASE_TMP/console.$1
    run_qemu -t 90 -m 128 -a dom0_mem=64M -k "$3" "$B/guest/fuzz.elf" "seed=$1 ops=$2" >/dev/null
    tr -d '\r' <"$CONSOLE" >"$CONSOLE.text"
    if grep -q "^fuzz: passed: seed $1," "$CONSOLE.text" && grep -q '^fuzz: on Int82' "$CONSOLE.text"; then
        pass "seed $1: $(grep -o '[0-9]* operations, .*' "$CONSOLE.text" | tail -n 1)"
    else
        tail -n 20 "$CONSOLE.text"
        fail "seed $1" "see above"
    fi
}

run 1 150000 "$OUR_HYPERVISOR"
run 2 100000 "$B/int82-counters.elf"

if command -v bochs >/dev/null && command -v grub-mkrescue >/dev/null; then
    CONSOLE=$CASE_TMP/bochs.console
    check "make the ISO" make_iso "$CASE_TMP/fuzz.iso" "dom0_mem=64M" "$B/guest/fuzz.elf" "seed=3 ops=10000"
    run_bochs -t 90 "$CASE_TMP/fuzz.iso" >/dev/null
    check_text "Bochs, seed 3" "fuzz: passed: seed 3," "$CONSOLE"
else
    echo "@test skip Bochs: bochs or grub-mkrescue is not installed"
fi
