#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 100
# A guest that is not our own: GRUB for Xen (i386-xen), images made of Debian's modules with a script in them. It
# boots as an ordinary domain beside an idle domain 0, looks for a store and for disks, and what the script says comes
# through its console. What is looked for is computed by the script, so that it cannot come from anywhere else.
. tests/lib.sh
need qemu-system-i386 grub-mkimage grub-mkstandalone
[ -d /usr/lib/grub/i386-xen ] || skip_case "grub-xen-bin is not installed"

# The small one: its kernel's own parser, no script engine.
cat >"$CASE_TMP/small.cfg" <<'SCRIPT'
set n=7
echo "This is GRUB, on ${grub_cpu}-${grub_platform}: ${n}${n}"
ls
sleep 1
echo "after a second"
halt
SCRIPT
check "small: make the image" grub-mkimage -O i386-xen -p / -c "$CASE_TMP/small.cfg" -o "$CASE_TMP/small.elf" echo ls halt sleep
CONSOLE=$CASE_TMP/small
check_status "small: boots and ends" 0 run_qemu -t 60 -a 'domain=kernel=1,mem=64M,name=grub' -i "$CASE_TMP/small.elf" "$B/guest/idle.elf" 'seconds=20'
for text in "Welcome to GRUB!" "This is GRUB, on i386-xen: 77" "after a second"; do
    check_text "small: on its console: $text" "(d1) $text" "$CONSOLE"
done
check_text "small: halt" "Domain 1 has powered off" "$CONSOLE"
check_text "small: domain 0 goes on" "Domain 0 halted" "$CONSOLE"

# The whole: normal mode, a script from a disk in memory.
cat >"$CASE_TMP/whole.cfg" <<'SCRIPT'
for i in 1 2 3; do
    if [ "$i" -gt 2 ]; then echo "loop $i$i"; fi
done
function twice { echo "$1-$1"; }
twice word
ls (memdisk)/boot/grub
cat (memdisk)/boot/grub/words
reboot
SCRIPT
echo "words from a file" >"$CASE_TMP/words"
check "whole: make the image" grub-mkstandalone -O i386-xen -o "$CASE_TMP/whole.elf" --fonts= --locales= --themes= \
    --install-modules="echo ls cat reboot test normal memdisk tar" "boot/grub/grub.cfg=$CASE_TMP/whole.cfg" \
    "boot/grub/words=$CASE_TMP/words"
CONSOLE=$CASE_TMP/whole
check_status "whole: domain 0 ends" 0 run_qemu -t 60 -k "$B/int82-counters.elf" -a 'domain=kernel=1,mem=64M' -i "$CASE_TMP/whole.elf" "$B/guest/idle.elf" 'seconds=20'
for text in "loop 33" "word-word" "words from a file"; do
    check_text "whole: on its console: $text" "$text" "$CONSOLE"
done
check_text "whole: reboot" "Domain 1 wants to reboot" "$CONSOLE"
check_text "whole: domain 0 goes on" "Domain 0 halted" "$CONSOLE"
