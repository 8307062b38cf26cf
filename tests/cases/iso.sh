#!/bin/sh
# SPDX-License-Identifier: MIT
# The ISO boots by BIOS and by UEFI, 64-bit and 32-bit, from a CD and from a USB stick, and runs the suite there. Its
# captured console becomes a result; under icount its figures are those of `make bench`.
. tests/lib.sh
need qemu-system-i386 qemu-system-x86_64 grub-mkrescue xorriso mformat

check "make the ISO" make_iso "$CASE_TMP/bench.iso" "loglvl=all" "$B/guest/bench.elf" "rows=xen_version,mmu_same"
for machine in "BIOS cdrom" "UEFI64 cdrom" "UEFI32 stick"; do
    CONSOLE=$CASE_TMP/console.${machine%% *}
    # shellcheck disable=SC2086
    check_status "$machine: powers off" 0 run_iso $machine "$CASE_TMP/bench.iso"
    check_text "$machine: all rows" "@int82 end rows=11 errors=0" "$CONSOLE"
    check_text "$machine: ACPI's tables are found" "ACPI: PM1 control at port" "$CONSOLE"
done

CONSOLE=$CASE_TMP/console
check_status "BIOS stick: powers off" 0 run_iso BIOS stick "$CASE_TMP/bench.iso" "-icount shift=0,sleep=off"
check_status import 0 "$BENCH" import --engine=bare-metal --label=iso --out="$CASE_TMP" "$CONSOLE"
check_text "import: rows" "mmu_same,512," "$CASE_TMP/iso/bench.csv"
[ -s "$CASE_TMP/iso/mmu.png" ] && pass "import: plot" || fail "import: plot" "is not there"
check_status "make bench" 0 "$BENCH" run --engine=tcg --rows=xen_version,mmu_same --no-plot --label=kernel --out="$CASE_TMP"
for label in iso kernel; do
    grep -v '^#' "$CASE_TMP/$label/bench.csv" | cut -d, -f1-3 >"$CASE_TMP/$label.rows"
done
check "the same figures as make bench" diff "$CASE_TMP/iso.rows" "$CASE_TMP/kernel.rows"
head -n 5 "$CONSOLE" >"$CASE_TMP/part"
check_status "import of a part" 3 "$BENCH" import --engine=bare-metal --label=part --out="$CASE_TMP" "$CASE_TMP/part"
[ ! -e "$CASE_TMP/part/bench.csv" ] && pass "import of a part: nothing left" || fail "import of a part" "left a result"
