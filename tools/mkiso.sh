#!/bin/sh
# SPDX-License-Identifier: MIT
# A bootable ISO: GRUB, the hypervisor, a guest and, if given, its initial ramdisk.
# usage: tools/mkiso.sh OUT.iso HYPERVISOR "ITS ARGUMENTS" GUEST "ITS ARGUMENTS" [INITRD]
set -eu

[ $# -ge 5 ] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
out=$1 hypervisor=$2 hv_args=$3 guest=$4 guest_args=$5 initrd=${6:-}

for tool in grub-mkrescue xorriso mformat; do
    command -v $tool >/dev/null || { echo "mkiso: $tool is missing: run make deps" >&2; exit 5; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/iso/boot/grub"
cp "$hypervisor" "$work/iso/boot/hypervisor"
cp "$guest" "$work/iso/boot/guest"
[ -z "$initrd" ] || cp "$initrd" "$work/iso/boot/initrd"
# GRUB leaves the file out of the command line; the hypervisors skip a first word with a slash, guests any first word.
cat >"$work/iso/boot/grub/grub.cfg" <<EOF
set timeout=0
set default=0
menuentry "Int82" {
    multiboot /boot/hypervisor /boot/hypervisor $hv_args
    module /boot/guest guest $guest_args
    ${initrd:+module /boot/initrd initrd}
    boot
}
EOF
# Two modules of GRUB's are enough, and the medium is small.
grub-mkrescue -d /usr/lib/grub/i386-pc --compress=no --fonts= --locales= --themes= \
    -o "$work/out.iso" "$work/iso" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
mv "$work/out.iso" "$out"
