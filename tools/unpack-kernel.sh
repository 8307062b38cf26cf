#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks what the hypervisor cannot: a kernel, or the kernel within Linux's bzImage (vmlinuz), that is compressed by bzip2,
# lz4 (both formats), lzma, lzop, xz or zstd.
# usage: tools/unpack-kernel.sh [-a] FILE OUT   prints which of the two is to be booted: FILE if there was nothing to do
# -a: unpacks also what the hypervisor can: OUT is then the kernel's ELF file, for whoever reads that
set -eu

all=''
[ "${1:-}" != -a ] || { all=1; shift; }
[ $# = 2 ] || { sed -n '5s/^# //p' "$0" >&2; exit 2; }
file=$1 out=$2

die() {
    echo "$file: $*" >&2
    exit 5
}

[ -f "$file" ] || die "there is no such file"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

# bytes FILE OFFSET N: in hexadecimal
bytes() {
    od -An -v -tx1 -j "$2" -N "$3" "$1" 2>/dev/null | tr -d ' \n'
}

# number FILE OFFSET N: little-endian
number() {
    n_value=0
    for n_byte in $(od -An -v -tu1 -j "$2" -N "$3" "$1" | tr '\n' ' ' | awk '{ for (i = NF; i; i--) print $i }'); do
        n_value=$((n_value * 256 + n_byte))
    done
    echo $n_value
}

# Which program unpacks it: nothing if none is known.
packer() {
    case $(bytes "$1" 0 6) in
    1f8b*) echo gzip ;;
    425a68*) echo bzip2 ;;
    fd377a585a00) echo xz ;;
    894c5a4f*) echo lzop ;;
    02214c18* | 04224d18*) echo lz4 ;;
    28b52ffd*) echo zstd ;;
    7f454c46*) ;;
    *) # lzma has no magic number: settings, dictionary, size; and data, which begins with 0
        [ "$(bytes "$1" 13 1)" = 00 ] && command -v xz >/dev/null && xz --format=lzma -dc "$1" 2>/dev/null |
            head -c 4 | grep -q . && echo lzma ;;
    esac
    return 0
}

# unpack PROGRAM FROM TO
unpack() {
    case $1 in
    lzma) set -- xz "$2" "$3" --format=lzma ;;
    *) set -- "$1" "$2" "$3" ;;
    esac
    u_from=$2 u_to=$3
    command -v "$1" >/dev/null || die "it is compressed by $1, and there is no $1 here to unpack it"
    "$1" ${4:+"$4"} -dc <"$u_from" >"$u_to" 2>"$tmp/error"
}

# The kernel within a bzImage. Linux writes its unpacked size behind what anything but gzip has compressed.
payload() {
    p_sectors=$(number "$1" 497 1)
    [ "$p_sectors" != 0 ] || p_sectors=4
    p_start=$(((p_sectors + 1) * 512 + $(number "$1" 584 4)))
    p_size=$(number "$1" 588 4)
    [ "$(number "$1" 518 2)" -ge 520 ] || die "it is a bzImage from before Linux 2.6.26"
    [ $((p_start + p_size)) -le "$(stat -c %s "$1")" ] || die "the kernel in it lies outside the file"
    tail -c +$((p_start + 1)) "$1" | head -c "$p_size" >"$2"
}

# Layer by layer, as there are: vmlinuz.xz has three.
layer=0 at=$file changed=$all
while [ $layer -lt 4 ]; do
    layer=$((layer + 1))
    next=$tmp/$layer
    if [ "$(bytes "$at" 514 4)" = 48647253 ] && [ "$(bytes "$at" 510 2)" = 55aa ]; then
        payload "$at" "$next"
        inner=$(packer "$next")
        if [ -n "$inner" ] && [ "$inner" != gzip ]; then
            head -c -4 "$next" >"$next.data"
            unpack "$inner" "$next.data" "$next.out" || unpack "$inner" "$next" "$next.out" ||
                die "the kernel in it cannot be unpacked: $(cat "$tmp/error")"
            next=$next.out
            changed=1
        fi
    else
        program=$(packer "$at")
        [ -n "$program" ] || break
        status=0
        unpack "$program" "$at" "$next" || status=$?
        # What gzip says of the bytes behind is a warning (2). Its errors are the hypervisor's to tell.
        case $program$all$status in
        *0 | gzip12 | gzip[12]) ;;
        *) die "it cannot be unpacked: $(cat "$tmp/error")" ;;
        esac
        [ "$program" = gzip ] || changed=1
    fi
    at=$next
done
# What gzip alone has compressed is the hypervisor's to unpack.
[ -n "$changed" ] && [ "$at" != "$file" ] || { echo "$file"; exit 0; }
cp "$at" "$out"
echo "$out"
