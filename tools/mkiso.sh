#!/bin/sh
# SPDX-License-Identifier: MIT
# A bootable image: GRUB, the hypervisor, a guest and, if given, its initial ramdisk. A CD or a USB stick; it boots by BIOS
# and by UEFI, 64-bit and 32-bit.
# usage: tools/mkiso.sh OUT.iso HYPERVISOR "ITS ARGUMENTS" GUEST "ITS ARGUMENTS" [INITRD ["GRUB'S COMMAND"]]
set -eu

[ $# -ge 5 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
out=$1 hypervisor=$2 hv_args=$3 guest=$4 guest_args=$5 initrd=${6:-} command=${7:-}

for tool in grub-mkrescue grub-file xorriso mformat; do
    command -v $tool >/dev/null || { echo "mkiso: $tool is missing: run make deps" >&2; exit 5; }
done
for platform in i386-pc x86_64-efi i386-efi; do
    [ -d /usr/lib/grub/$platform ] || { echo "mkiso: GRUB for $platform is missing: run make deps" >&2; exit 5; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/iso/boot/grub"
cp "$hypervisor" "$work/iso/boot/hypervisor"
cp "$guest" "$work/iso/boot/guest"
[ -z "$initrd" ] || cp "$initrd" "$work/iso/boot/initrd"
# Only Multiboot 2 tells where ACPI's tables are under UEFI. Old Xens know Multiboot 1 alone.
v=
! grub-file --is-x86-multiboot2 "$hypervisor" || v=2
# GRUB leaves the file out of the command line; the hypervisors skip a first word with a slash, guests any first word.
# With a BIOS there is text: without gfxpayload, GRUB would go to look for the graphics that our image also takes, and on
# Bochs it jumps to address 0 then. The command multiboot2 sets it, too, so it has to be set behind that.
cat >"$work/iso/boot/grub/grub.cfg" <<END
set timeout=0
set default=0
if [ "\$grub_platform" = efi ]; then
    insmod all_video
fi
menuentry "Int82" {
    multiboot$v /boot/hypervisor /boot/hypervisor $hv_args
    module$v /boot/guest guest $guest_args
    ${initrd:+module$v /boot/initrd initrd}
    $command
    if [ "\$grub_platform" = pc ]; then
        set gfxpayload=text
    fi
    boot
}
END
grub-mkrescue --compress=no --fonts= --locales= --themes= -o "$work/out.iso" "$work/iso" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; exit 1; }
mkdir -p "$(dirname "$out")"
mv "$work/out.iso" "$out"
