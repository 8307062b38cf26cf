#!/bin/sh
# SPDX-License-Identifier: MIT
# A machine with UEFI and with neither a serial port nor VGA's text: results, and why it does not boot, are read from a
# picture of its screen. A pixel that is wrong makes a character that is none (tests/screen_text.c).
. tests/lib.sh
need qemu-system-x86_64 grub-mkrescue xorriso mformat

check "the reader is built" "${CC:-gcc}" -O2 -Wall -Wextra -Werror -isystem "$B/int82/include" -o "$CASE_TMP/reader" tests/screen_text.c

# shown NAME "LAST TEXT" ISO: boots it, and looks at the screen until the text is there
shown() {
    s_picture=$CASE_TMP/$1.ppm s_text=$CASE_TMP/$1
    : >"$s_text"
    {
        for _ in $(seq 300); do
            sleep 0.5
            echo "screendump $s_picture"
            sleep 0.3
            "$CASE_TMP/reader" <"$s_picture" >"$s_text" 2>/dev/null && grep -qF "$2" "$s_text" && break
        done
        echo quit
    } | limit 60 qemu-system-x86_64 -machine q35 -bios /usr/share/ovmf/OVMF.fd -cdrom "$3" -m 256 -vga none -device secondary-vga \
        -display none -serial none -parallel none -monitor stdio -nic none -no-reboot -no-shutdown -accel tcg >"$CASE_TMP/$1.monitor" 2>&1
    check_text "$1: $2" "$2" "$s_text"
    grep -q '~' "$s_text" && fail "$1: all can be read" "there is something else on the screen" || pass "$1: all can be read"
}

check "make the ISO" make_iso "$CASE_TMP/bench.iso" "loglvl=all" "$B/guest/bench.elf" "rows=xen_version,mmu_same"
shown results "(XEN) Powering off" "$CASE_TMP/bench.iso"
check_text "results: the last row" "@int82 row name=mmu_same batch=512 calls=1 " "$CASE_TMP/results"
check_text "results: the end" "@int82 end rows=11 errors=0" "$CASE_TMP/results"

check "make an ISO without a guest" make_iso "$CASE_TMP/bad.iso" noreboot tests/lib.sh
shown refusal "it is no ELF file" "$CASE_TMP/bad.iso"
check_text "refusal: the first line" "(XEN) Int82 " "$CASE_TMP/refusal"
