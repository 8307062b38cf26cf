#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make run`, `make debug` and `make iso` do: one guest on the hypervisor, by hand.
# usage: GUEST=file [INITRD="file [its arguments]"] [CMDLINE=text] [HVARGS=text] [HYPERVISOR=file] [MEM=MiB] [ENGINE=tcg|kvm|auto] [CPU=model]
#        [QEMU=program] [QEMUFLAGS=text] [NOICOUNT=1] tools/guest.sh run|debug|iso
set -eu

B=${B:-build}
own=$B/int82.elf
[ "${1:-}" != debug ] || own=$B/int82-counters.elf
hypervisor=${HYPERVISOR:-$own}
mode=${1:-}
CMDLINE=${CMDLINE:-} HVARGS=${HVARGS:-}

usage() {
    cat >&2 <<EOF
make $mode needs GUEST=<ELF file of a Xen PV guest, 32-bit PAE>. Guests of this tree:
$(find "$B/guest" -maxdepth 1 -name '*.elf' 2>/dev/null | sort | sed 's/^/    /')
    make run GUEST=$B/guest/bench.elf CMDLINE='rows=xen_version'
More: INITRD=file, HVARGS='dom0_mem=64M loglvl=all', MEM=512, ENGINE=kvm, HYPERVISOR=/path/to/xen
EOF
    exit 2
}

case $mode in
run | debug) [ -n "${GUEST:-}" ] || usage ;;
iso) GUEST=${GUEST:-$B/guest/bench.elf} ;;
*) sed -n '3,5s/^# //p' "$0" >&2; exit 2 ;;
esac
case ${MEM:-256} in
*[!0-9]* | ? | 1[0-5]) echo "make $mode: MEM=$MEM: a whole number of MiB, 16 at least" >&2; exit 2 ;;
esac
for file in "$hypervisor" "$GUEST" ${INITRD:+"${INITRD%% *}"}; do
    [ -f "$file" ] || { echo "make $mode: there is no file $file" >&2; exit 5; }
done

# A distribution's vmlinuz may be compressed in a way that the hypervisor does not know.
unpacked=$(mktemp)
trap 'rm -f "$unpacked"' EXIT INT TERM
GUEST=$(tools/unpack-kernel.sh "$GUEST" "$unpacked")

if [ "$mode" = iso ]; then
    tools/mkiso.sh "$B/int82-bench.iso" "$hypervisor" "${HVARGS:-}" "$GUEST" "${CMDLINE:-}" "${INITRD:-}"
    cat <<EOF
$B/int82-bench.iso: boots by BIOS and by UEFI (CD, or dd to a USB stick); the console is COM1, 115200 8n1.
Make a result of the captured console with:  $B/int82-bench import --engine=bare-metal CONSOLE
EOF
    exit 0
fi

# ran CONSOLE: whether domain 0 ran, and did not crash; says what happened instead. Xen's messages are other ones than ours.
ran() {
    if [ ! -s "$1" ]; then
        echo "the hypervisor printed nothing"
    elif grep -aqE 'Panic on CPU|(Domain 0|Dom0) (\(vcpu [0-9]+\) )?crashed' "$1"; then
        grep -aE 'Panic on CPU|(Domain 0|Dom0) (\(vcpu [0-9]+\) )?crashed' "$1" | tr -d '\r' | head -n 1
    elif ! grep -aqE 'Domain 0: |Domain 0 KERNEL|Dom0 has maximum|LOADING DOMAIN 0' "$1"; then
        echo "domain 0 was never started"
    else
        return 0
    fi
    return 1
}

for line in "$CMDLINE" "$HVARGS"; do
    [ "$(printf %s "$line" | wc -c)" -le 1023 ] ||
        { echo "make $mode: a command line has at most 1023 bytes: $(printf %.60s "$line")..." >&2; exit 2; }
done

double_commas() {
    printf '%s' "$1" | sed 's/,/,,/g'
}
modules=$(double_commas "$GUEST${CMDLINE:+ $CMDLINE}")${INITRD:+,$(double_commas "$INITRD")}
qemu=${QEMU:-qemu-system-i386}
. tools/engine.sh
set -- -m "${MEM:-256}" -display none -nic none -no-reboot -accel "$engine" -cpu "$cpu" \
    -kernel "$hypervisor" -append "${HVARGS:-}" -initrd "$modules"
[ "$engine" = kvm ] || [ -n "${NOICOUNT:-}" ] || set -- "$@" -icount shift=0,sleep=off

if [ "$mode" = run ]; then
    [ ! -t 0 ] || echo "(C-a x ends QEMU)" >&2
    # Like mon:stdio, but all that is printed also goes to a file.
    console=$B/run-console.log
    rm -f "$console"
    rc=0
    # shellcheck disable=SC2086
    "$qemu" "$@" -chardev "stdio,id=console,mux=on,logfile=$console" -serial chardev:console \
        -mon chardev=console ${QEMUFLAGS:-} || rc=$?
    wrong=$(ran "$console") || { echo "make run: $wrong" >&2; exit 3; }
    [ $rc = 0 ] || { echo "make run: QEMU ended with status $rc" >&2; exit 3; }
    exit 0
fi

# debug: QEMU stopped before the first instruction, gdb in front, the console in a file.
command -v gdb >/dev/null || { echo "make debug: gdb is missing: run make deps" >&2; exit 5; }
console=$B/debug-console.log
port=${GDB_PORT:-12382}
# shellcheck disable=SC2086
"$qemu" "$@" -monitor none -serial "file:$console" -S -gdb "tcp:127.0.0.1:$port" ${QEMUFLAGS:-} &
pid=$!
trap 'kill $pid 2>/dev/null || true; rm -f "$unpacked"' EXIT INT TERM
echo "The console goes to $console. Symbols: the hypervisor's and the guest's. Try: help int82; hypercall console_io; continue"
# shellcheck disable=SC2086
gdb -q -iex "set auto-load local-gdbinit off" -x .gdbinit -ex "set architecture i386" -ex "file $hypervisor" -ex "add-symbol-file $GUEST" \
    -ex "target remote 127.0.0.1:$port" ${GDBFLAGS:-}
