#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, as root on Debian; otherwise says the one command that does. Quick when nothing is missing.
# usage: tools/deps.sh [build|lint|bench|test|fuzz|all]
set -eu

build="make gcc gcc-multilib libc6-dev libjansson-dev git fonts-spleen"
bench="$build qemu-system-x86 gnuplot-nox"
lint="$build clang-format cppcheck shellcheck"
# For tools/kvm-machine.sh, whose kernel is fetched below.
machine="busybox-static cpio kmod linux-perf"
unpackers="bzip2 lz4 lzop xz-utils zstd"
# chromium shows reports to a test; it is large (350 MB). ccache: many tests build copies of the tree.
test="$bench $lint ccache chromium valgrind patch zlib1g-dev bochs bochsbios vgabios grub-pc-bin grub-efi-amd64-bin grub-efi-ia32-bin grub-xen-bin grub-common ovmf ovmf-ia32 xorriso mtools gdb qemu-user procps $unpackers $machine"

# For the fuzzers on the host: a compiler with libFuzzer and its sanitizers for 32-bit programs, and a disassembler.
fuzz="$build clang-14 llvm-14 libclang-rt-14-dev lib32stdc++-12-dev libcapstone-dev"

case "${1:-all}" in
build) want=$build ;;
lint) want=$lint ;;
bench) want=$bench ;;
test) want=$test ;;
fuzz) want=$fuzz ;;
all) want="$test $fuzz" ;;
*)
    echo "usage: tools/deps.sh [build|lint|bench|test|fuzz|all]" >&2
    exit 2
    ;;
esac

# Some gnuplots other than -nox serve as well; everything else goes by the package's name.
have() {
    [ "$1" = gnuplot-nox ] && command -v gnuplot >/dev/null && return 0
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

# The kernel of the tests' KVM is no installed package, and only those tests do without it.
fetch_kernel() {
    case "${1:-all}" in
    test | all) ;;
    *) return 0 ;;
    esac
    "$(dirname "$0")/kvm-machine.sh" --prepare && return
    if [ "$(id -u)" = 0 ] && apt-get update >/dev/null 2>&1 && "$(dirname "$0")/kvm-machine.sh" --prepare; then
        return
    fi
    echo "going on without it: the tests kvm_* will be skipped" >&2
}

if ! command -v dpkg-query >/dev/null; then
    # Not Debian: only look for the programs, and leave the installing to the user.
    for tool in gcc qemu-system-i386 gnuplot; do
        command -v "$tool" >/dev/null || { echo "missing: $tool (Debian's packages are: $want)" >&2; exit 5; }
    done
    exit 0
fi

# One query for all packages; single queries only if that one fails.
# shellcheck disable=SC2086
want=$(printf '%s\n' $want | sort -u | tr '\n' ' ')
# shellcheck disable=SC2086
if [ "$(dpkg-query -W -f '${db:Status-Abbrev}\n' $want 2>/dev/null | grep -c '^.i')" = "$(echo $want | wc -w)" ]; then
    fetch_kernel "$@"
    exit 0
fi
missing=
for p in $want; do
    have "$p" || missing="$missing $p"
done
[ -n "$missing" ] || { fetch_kernel "$@"; exit 0; }

command="apt-get update && apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ]; then
    printf 'missing:%s\nRun this once:  sudo sh -c "%s"\n' "$missing" "$command" >&2
    exit 5
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'kill "$pid" 2>/dev/null || :; rm -f "$log"' EXIT

# A line every ten seconds, of what apt-get has printed so far: some of this takes minutes.
progress() {
    awk -v seconds="$1" '
        /^Get:/ { got++ } /^Unpacking / { unpacked++ } /^Setting up / { set_up++ }
        / newly installed/ { all = $1 + $3 }
        END {
            if (!all) what = "reading the lists of packages"
            else if (set_up) what = set_up " of " all " packages set up"
            else if (unpacked) what = unpacked " of " all " packages unpacked"
            else what = "downloading " all " packages"
            print "  " seconds " s: " what
        }' "$log"
}

# shellcheck disable=SC2086
{ apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null &
pid=$! seconds=0
while sleep 1 && kill -0 $pid 2>/dev/null; do
    seconds=$((seconds + 1))
    [ $((seconds % ${DEPS_INTERVAL:-10})) != 0 ] || progress $seconds
done
if ! wait $pid; then
    tail -n 20 "$log" >&2
    echo "that failed; by hand it is:  $command" >&2
    exit 5
fi
fetch_kernel "$@"
