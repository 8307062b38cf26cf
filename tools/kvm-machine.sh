#!/bin/sh
# SPDX-License-Identifier: MIT
# kvm-machine.sh: runs a command in a machine that has a working KVM, on a machine that has none.
set -eu

usage() {
    cat <<'TEXT'
usage: tools/kvm-machine.sh [options] COMMAND...
       tools/kvm-machine.sh --prepare          only fetch the kernel, as tools/deps.sh does

Boots Debian's kernel under QEMU's TCG, which emulates AMD's virtualization, with this machine's own root as its root
(read-only, below an overlay in memory), and runs COMMAND there by `sh -c`, as root, in this directory. Its output
comes out here, and its exit status is this program's. What it writes below OUT stays; all else is forgotten.

The machine's clock counts its instructions (icount): how busy this machine is cannot be seen inside, and a tick of the
TSC is an instruction there, too. Inside, `kvm-npt 0` and `kvm-npt 1` load KVM without and with nested paging. At
first it is 0: with 1, QEMU sets the Accessed bit in entries of PAE's top table, and KVM then refuses to decode an
instruction that it has to emulate ("KVM internal error", at CPUID for instance).

  -o OUT      a directory here that can be written there, under the same path (default: build/kvm-machine)
  -c N        processors (default: 1)
  -m MIB      memory (default: 2048)
  -n 0|1      nested paging at first (default: 0)
  -t SECONDS  at most so long (default: 1800); then the status is 124
  -k TEXT     more for the kernel's command line

environment: KVM_MACHINE_CACHE  where the kernel is kept (default: ~/.cache/int82/kvm-machine)
status: the command's; 2 wrong arguments, 5 something is missing, 6 the machine did not work, 124 time-out
TEXT
}

say() {
    echo "kvm-machine: $*" >&2
}
die() {
    status=$1
    shift
    say "$@"
    exit "$status"
}

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
cache=${KVM_MACHINE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/int82/kvm-machine}
modules="virtio_pci 9pnet_virtio 9p overlay msr kvm kvm-amd"

need() {
    for tool; do
        command -v "$tool" >/dev/null || die 5 "$tool is missing: run \`make deps\`"
    done
}

# ---- the kernel ---------------------------------------------------------------------------------------------------

# Debian's package is unpacked, not installed: its scripts would make an initrd and a boot menu for this machine. Of it
# the kernel is kept, and the modules with a list of them in the order in which they load.
fetch_kernel() { # DIRECTORY
    need apt-cache apt-get dpkg depmod modprobe
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^.*Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || die 5 "apt knows no linux-image-amd64; run \`apt-get update\` (on Debian for amd64)"
    say "fetching $package: 70 MB, once"
    (cd "$1" && apt-get download "$package" >log 2>&1) || {
        tail -n 3 "$1/log" >&2
        die 5 "cannot fetch $package; run \`apt-get update\` if apt's lists are old"
    }
    version=${package#linux-image-}
    dpkg -x "$1"/linux-image-*.deb "$1/deb"
    depmod -b "$1/deb" "$version"
    mkdir -p "$1/kept/modules"
    mv "$1/deb/boot/vmlinuz-$version" "$1/kept/vmlinuz"
    # shellcheck disable=SC2086
    modprobe -d "$1/deb" -S "$version" --show-depends -a $modules >"$1/loads" ||
        die 6 "$package lacks a module that the machine needs"
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' "$1/loads" | while read -r file; do
        cp "$file" "$1/kept/modules/"
        basename "$file" >>"$1/kept/modules/list"
    done
}

# A later run finds it there; of two that run at once, one throws its own copy away.
prepare() {
    [ ! -f "$cache/vmlinuz" ] || return 0
    mkdir -p "$(dirname "$cache")" && [ -w "$(dirname "$cache")" ] ||
        die 5 "cannot write $(dirname "$cache"): set KVM_MACHINE_CACHE to a directory that can be written"
    unfinished=$(mktemp -d "$cache.XXXXXX")
    fetch_kernel "$unfinished"
    mv -T "$unfinished/kept" "$cache" 2>/dev/null || [ -f "$cache/vmlinuz" ] || die 5 "cannot write $cache"
    rm -rf "$unfinished"
}

# ---- the machine --------------------------------------------------------------------------------------------------

make_initrd() { # FILE
    root=$unfinished/root
    for d in bin dev host new over proc sys; do
        mkdir -p "$root/$d"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp -r "$cache/modules" "$root/modules"
    cp "$here/kvm-machine-init.sh" "$root/init"
    chmod 755 "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$1"
}

write_command() { # FILE COMMAND
    {
        echo 'export HOME=/root TERM=dumb LC_ALL=C.UTF-8'
        echo 'export PATH=/run/kvm:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
        echo "cd '$PWD' || exit"
        printf '%s\n' "$2"
    } >"$1"
}

# Standard output is the second serial port, where nothing but the command's output goes.
boot() {
    timeout --foreground -k 5 "$limit" qemu-system-x86_64 -nodefaults -no-reboot -display none -monitor none \
        -serial "file:$out/.console" -serial stdio -accel tcg,tb-size=512 -icount shift=0 -cpu EPYC,+svm,+npt,-la57 \
        -smp "$processors" -m "$memory" -kernel "$cache/vmlinuz" -initrd "$unfinished/initrd" \
        -append "console=ttyS0 quiet mitigations=off tsc=reliable nowatchdog panic=-1 int82_npt=$npt int82_out=$out $append" \
        -fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
        -device virtio-9p-pci,fsdev=root,mount_tag=root \
        -fsdev "local,id=out,path=$out,security_model=none" -device virtio-9p-pci,fsdev=out,mount_tag=out \
        </dev/null 2>"$out/.qemu"
}

run() {
    need qemu-system-x86_64 busybox cpio gzip timeout
    mkdir -p "$out" && out=$(cd "$out" && pwd)
    case $out$PWD in
    *[,\'\ ]*) die 2 "a comma, a quote or a blank in $out or $PWD: the machine cannot be told of it" ;;
    esac
    rm -f "$out/.status"
    : >"$out/.console"
    unfinished=$(mktemp -d)
    make_initrd "$unfinished/initrd"
    write_command "$out/.command" "$*"
    rc=0
    boot || rc=$?
    [ $rc != 124 ] || die 124 "not done after $limit s; the kernel's console is $out/.console"
    [ -s "$out/.status" ] || {
        tail -n 5 "$out/.qemu" "$out/.console" >&2
        die 6 "the machine ended without a status (QEMU's: $rc); the kernel's console is $out/.console"
    }
    exit "$(cat "$out/.status")"
}

number() { # OPTION VALUE
    case $2 in
    '' | *[!0-9]* | 0) die 2 "-$1 $2: it is a number above 0" ;;
    esac
}

out=${B:-build}/kvm-machine processors=1 memory=2048 npt=0 limit=1800 append='' unfinished=''
trap 'rm -rf "$unfinished"' EXIT
trap 'exit 130' INT TERM HUP
case ${1:-} in
--help | -h) usage; exit 0 ;;
--prepare) prepare; exit 0 ;;
esac
while getopts o:c:m:n:t:k: option; do
    case $option in
    o) out=$OPTARG ;;
    c) number c "$OPTARG"; processors=$OPTARG ;;
    m) number m "$OPTARG"; memory=$OPTARG ;;
    n) npt=$OPTARG; case $npt in 0 | 1) ;; *) die 2 "-n $npt: it is 0 or 1" ;; esac ;;
    t) number t "$OPTARG"; limit=$OPTARG ;;
    k) append=$OPTARG ;;
    *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || { usage >&2; exit 2; }
prepare
rm -rf "$unfinished"
run "$@"
