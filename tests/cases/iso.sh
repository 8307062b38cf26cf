#!/bin/sh
# SPDX-License-Identifier: MIT
# The ISO boots through GRUB, runs the suite, and its captured console becomes a result.
. tests/lib.sh
need qemu-system-i386 grub-mkrescue xorriso mformat

check "make the ISO" make_iso "$CASE_TMP/bench.iso" "" "$B/guest/bench.elf" "rows=xen_version,mmu_same"
limit 120 qemu-system-i386 -cdrom "$CASE_TMP/bench.iso" -m 128 -display none -monitor none -nic none -no-reboot \
    -accel tcg -serial "file:$CASE_TMP/console" </dev/null
tail -n 3 "$CASE_TMP/console"
check_status import 0 "$BENCH" import --engine=bare-metal --label=iso --out="$CASE_TMP" "$CASE_TMP/console"
check_text "import: rows" "mmu_same,512," "$CASE_TMP/iso/bench.csv"
[ -s "$CASE_TMP/iso/mmu.png" ] && pass "import: plot" || fail "import: plot" "is not there"
head -n 5 "$CASE_TMP/console" >"$CASE_TMP/part"
check_status "import of a part" 3 "$BENCH" import --engine=bare-metal --label=part --out="$CASE_TMP" "$CASE_TMP/part"
[ ! -e "$CASE_TMP/part/bench.csv" ] && pass "import of a part: nothing left" || fail "import of a part" "left a result"
