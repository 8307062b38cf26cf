#!/bin/sh
# SPDX-License-Identifier: MIT
# A machine with UEFI and with neither a serial port nor VGA's text: results, and why it does not boot, are read from a
# picture of its screen. A pixel that is wrong makes a character that is none (tests/screen_text.c).
. tests/lib.sh
need qemu-system-x86_64 grub-mkrescue xorriso mformat

check "the reader is built" "${CC:-gcc}" -O2 -Wall -Wextra -Werror -isystem "$B/int82/include" -o "$CASE_TMP/reader" tests/screen_text.c

# look_for TEXT: until it is on the screen
look_for() {
    for _ in $(seq 300); do
        sleep 0.5
        echo "screendump $s_picture"
        sleep 0.3
        "$CASE_TMP/reader" <"$s_picture" >"$s_text" 2>/dev/null && grep -qF "$1" "$s_text" && return
    done
}

# shown NAME "LAST TEXT" ISO [TEXT KEY]...: boots it, looks at the screen until each text is there and presses the key,
# and looks for the last text
shown() {
    s_name=$1 s_last=$2 s_iso=$3 s_picture=$CASE_TMP/$1.ppm s_text=$CASE_TMP/$1
    shift 3
    : >"$s_text"
    {
        while [ $# -gt 0 ]; do
            look_for "$1"
            cp "$s_text" "$s_text.$2"
            echo "sendkey $2"
            shift 2
        done
        look_for "$s_last"
        echo quit
    } | limit 60 qemu-system-x86_64 -machine q35 -bios /usr/share/ovmf/OVMF.fd -cdrom "$s_iso" -m 256 -vga none -device secondary-vga \
        -display none -serial none -parallel none -monitor stdio -nic none -no-reboot -no-shutdown -accel tcg >"$CASE_TMP/$s_name.monitor" 2>&1
    check_text "$s_name: $s_last" "$s_last" "$s_text"
    grep -q '~' "$s_text" && fail "$s_name: all can be read" "there is something else on the screen" || pass "$s_name: all can be read"
}

check "make the ISO" make_iso "$CASE_TMP/bench.iso" "loglvl=all" "$B/guest/bench.elf" "rows=xen_version,mmu_same"
shown results "(XEN) Powering off" "$CASE_TMP/bench.iso"
check_text "results: the last row" "@int82 row name=mmu_same batch=512 calls=1 " "$CASE_TMP/results"
check_text "results: the end" "@int82 end rows=11 errors=0" "$CASE_TMP/results"

# The keys work: no page would be left within the time, and the machine would not be switched off.
check "make an ISO with pages" make_iso "$CASE_TMP/pages.iso" "" "$B/guest/bench.elf" "rows=mmu_* pages=3600 lines=20"
shown pages "(XEN) Powering off" "$CASE_TMP/pages.iso" "bench, page 1 of 7 " spc "bench, page 2 of 7 " q
check_text "pages: what was measured" "$(grep -c '^mmu_' results/baseline/bench.csv) rows, 0 errors" "$CASE_TMP/pages.spc"
check_text "pages: the first row" "mmu_same/1 " "$CASE_TMP/pages.q"

check "make an ISO without a guest" make_iso "$CASE_TMP/bad.iso" noreboot tests/lib.sh
shown refusal "it is no ELF file" "$CASE_TMP/bad.iso"
check_text "refusal: the first line" "(XEN) Int82 " "$CASE_TMP/refusal"
